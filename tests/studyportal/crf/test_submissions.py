"""What is sent twice is saved once, by pages and by scripts."""

from __future__ import annotations

import datetime as dt
import re
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.utils import timezone

from apps.visits.models import InsulinUse, VitalSigns
from studyportal.crf import submissions
from studyportal.crf.models import Submission
from studyportal.crf.tasks import forget_old_submissions
from tests.world import World

pytestmark = pytest.mark.django_db

API = "/api/v1/forms/vital-signs/"
KEY = "0b0b5a6e-8d0f-4f0e-9d0c-1a2b3c4d5e6f"


@pytest.fixture
def new_url(bare_world: World) -> str:
    return f"/participants/{bare_world.participant.code}/forms/vital-signs/new/?visit={bare_world.visit.pk}"


@pytest.fixture
def insulin_url(bare_world: World) -> str:
    return f"/participants/{bare_world.participant.code}/forms/insulin/new/?visit={bare_world.visit.pk}"


def ticket_on(browser: Client, url: str) -> str:
    found = re.search(r'name="ticket" value="([^"]+)"', browser.get(url).content.decode())
    assert found is not None, "the form carries a ticket"
    return found[1]


# --- The kernel ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "key", ["short", "x" * 201, "schlüssel-schlüssel", "line\nbreak-in-it", "tab\tin-the-key"]
)
def test_what_is_no_key(bare_world: World, key: str) -> None:
    with (
        pytest.raises(submissions.KeyRefused),
        submissions.once(user=bare_world.cast.asha, key=key, content={}, form="f"),
    ):
        pytest.fail("nothing of the body is done")
    assert not Submission.objects.exists()


def test_no_key_is_taken_every_time(bare_world: World) -> None:
    for _ in range(2):
        with submissions.once(user=bare_world.cast.asha, key="", content={}, form="f") as sent:
            assert sent.object_id is None
            sent.made(1)
    assert not Submission.objects.exists()


def test_the_same_again_is_told_what_it_made(bare_world: World) -> None:
    asha, rao = bare_world.cast.asha, bare_world.cast.rao
    with submissions.once(user=asha, key=KEY, content={"a": 1, "b": [2]}, form="f") as sent:
        sent.made(7)
    with submissions.once(user=asha, key=KEY, content={"b": [2], "a": 1}, form="f") as sent:
        assert sent.object_id == 7, "in any order of the names"
    with submissions.once(user=rao, key=KEY, content={"a": 1}, form="f") as sent:
        assert sent.object_id is None, "another person's key is another key"
    for other in ({"content": {"a": 2}, "form": "f"}, {"content": {"a": 1, "b": [2]}, "form": "g"}):
        with pytest.raises(submissions.KeyReused) as refused, submissions.once(user=asha, key=KEY, **other):
            pytest.fail("nothing of the body is done")
        assert (refused.value.form, refused.value.object_id) == ("f", 7)


def test_what_was_refused_leaves_no_trace(bare_world: World) -> None:
    with (
        pytest.raises(RuntimeError),
        submissions.once(user=bare_world.cast.asha, key=KEY, content={"a": 1}, form="f"),
    ):
        raise RuntimeError
    with submissions.once(user=bare_world.cast.asha, key=KEY, content={"a": 2}, form="f") as sent:
        assert sent.object_id is None, "mended, it is sent with the same key"


def test_a_key_that_made_nothing_is_free_again(bare_world: World) -> None:
    with submissions.once(user=bare_world.cast.asha, key=KEY, content={}, form="f"):
        pass
    assert not Submission.objects.exists()


@pytest.mark.parametrize("text", ["\ud800", "\x00", "🫀", "עברית"])
def test_any_text_is_content(text: str) -> None:
    assert len(submissions.sha256_of({"note": text})) == 64


def test_old_keys_are_forgotten(bare_world: World) -> None:
    for number in range(2):
        with submissions.once(user=bare_world.cast.asha, key=f"{KEY}{number}", content={}, form="f") as sent:
            sent.made(number)
    old = timezone.now() - submissions.KEPT - dt.timedelta(hours=1)
    Submission.objects.filter(key=f"{KEY}0").update(created_at=old)
    assert forget_old_submissions() == 1
    assert Submission.objects.get().key == f"{KEY}1"


# --- Scripts ---------------------------------------------------------------------------------------------


def body(world: World, **more: Any) -> dict[str, Any]:
    return {"visit": world.visit.pk, "weight": "61.2", "complete": False} | more


def test_a_script_is_told_what_a_key_is(bare_world: World, api: Any) -> None:
    answer = api(bare_world.cast.asha).post(API, body(bare_world), headers={"Idempotency-Key": "x"})
    assert (answer.status_code, answer.json()["code"]) == (400, "idempotency_key_invalid")
    assert not VitalSigns.objects.exists()


def test_a_script_that_sends_again_gets_the_same_answer(bare_world: World, api: Any) -> None:
    client = api(bare_world.cast.asha)
    first = client.post(API, body(bare_world), headers={"Idempotency-Key": KEY})
    again = client.post(API, body(bare_world), headers={"Idempotency-Key": KEY})
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.json() == again.json() and first["ETag"] == again["ETag"]
    assert "Idempotent-Replayed" not in first and again["Idempotent-Replayed"] == "true"
    assert VitalSigns.objects.count() == 1

    other = client.post(API, body(bare_world, weight="62"), headers={"Idempotency-Key": KEY})
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")
    assert other.json()["id"] == first.json()["id"]


def test_a_refused_script_mends_and_sends_with_the_same_key(bare_world: World, api: Any) -> None:
    client = api(bare_world.cast.asha)
    assert client.post(API, body(bare_world, weight="x"), headers={"Idempotency-Key": KEY}).status_code == 400
    assert client.post(API, body(bare_world), headers={"Idempotency-Key": KEY}).status_code == 201


def test_a_script_gives_its_explanation_with_the_save(bare_world: World, api: Any) -> None:
    client = api(bare_world.cast.asha)
    for wrong in ("text", [{"field": "weight"}], [{"field": "weight", "code": "c", "text": "\x00"}], [1]):
        answer = client.post(API, body(bare_world, explanations=wrong))
        assert answer.status_code == 400, wrong
    assert not VitalSigns.objects.exists()


# --- Pages -----------------------------------------------------------------------------------------------


def test_a_double_click_makes_one_record(bare_world: World, page: Any, insulin_url: str) -> None:
    asha = page(bare_world.cast.asha)
    typed = {"role": "basal", "incomplete": "1", "ticket": ticket_on(asha, insulin_url)}
    first, second = asha.post(insulin_url, typed), asha.post(insulin_url, typed)
    assert (first.status_code, second.status_code) == (302, 302)
    assert first["Location"] == second["Location"]
    assert InsulinUse.objects.count() == 1


def test_the_back_button_and_other_values(bare_world: World, page: Any, insulin_url: str) -> None:
    asha = page(bare_world.cast.asha)
    typed = {"role": "basal", "incomplete": "1", "ticket": ticket_on(asha, insulin_url)}
    asha.post(insulin_url, typed)
    made = InsulinUse.objects.get()
    answer = asha.post(insulin_url, typed | {"role": "bolus"})
    assert answer.status_code == 409
    text = answer.content.decode()
    assert "This page was saved already" in text and f'href="{made.get_absolute_url()}"' in text
    assert re.search(r'value="bolus" (selected|checked)', text), "what was typed is still there"
    assert InsulinUse.objects.count() == 1
    fresh = re.search(r'name="ticket" value="([^"]+)"', text)
    assert fresh is not None
    answer = asha.post(insulin_url, typed | {"role": "bolus", "ticket": fresh[1]})
    assert answer.status_code == 302
    assert InsulinUse.objects.count() == 2


def test_an_autosave_that_comes_after_the_save_makes_no_draft(
    bare_world: World, page: Any, insulin_url: str
) -> None:
    asha = page(bare_world.cast.asha)
    ticket = ticket_on(asha, insulin_url)
    asha.post(insulin_url, {"role": "basal", "incomplete": "1", "ticket": ticket})
    late = asha.post("/forms/drafts/", {"role": "basal", "ticket": ticket})
    assert late.status_code == 400 and "saved already" in late.content.decode()
    made = InsulinUse.objects.get()
    ticket = ticket_on(asha, made.get_absolute_url())
    asha.post(made.get_absolute_url(), {"role": "bolus", "incomplete": "1", "version": "1", "ticket": ticket})
    assert asha.post("/forms/drafts/", {"role": "bolus", "version": "1", "ticket": ticket}).status_code == 400
    assert "Restored" not in asha.get(insulin_url).content.decode()


def test_two_pages_are_two_records_of_a_form_that_repeats(
    bare_world: World, page: Any, insulin_url: str
) -> None:
    asha = page(bare_world.cast.asha)
    for ticket in (ticket_on(asha, insulin_url), ticket_on(asha, insulin_url)):
        assert (
            asha.post(insulin_url, {"role": "basal", "incomplete": "1", "ticket": ticket}).status_code == 302
        )
    assert InsulinUse.objects.count() == 2


def test_a_page_without_its_ticket_is_saved_as_before(bare_world: World, page: Any, insulin_url: str) -> None:
    asha = page(bare_world.cast.asha)
    for _ in range(2):
        assert asha.post(insulin_url, {"role": "basal", "incomplete": "1"}).status_code == 302
    assert InsulinUse.objects.count() == 2


def test_somebody_elses_ticket_is_no_key(bare_world: World, page: Any, insulin_url: str) -> None:
    ticket = ticket_on(page(bare_world.cast.asha), insulin_url)
    for _ in range(2):
        page(bare_world.cast.rao).post(insulin_url, {"role": "basal", "incomplete": "1", "ticket": ticket})
    assert not Submission.objects.exists()


def test_back_to_a_form_that_is_filled_once(bare_world: World, page: Any, new_url: str) -> None:
    asha = page(bare_world.cast.asha)
    typed = {"weight": "61.2", "incomplete": "1", "ticket": ticket_on(asha, new_url)}
    asha.post(new_url, typed)
    made = VitalSigns.objects.get()
    opened = asha.get(new_url, follow=True)
    assert opened.redirect_chain == [(made.get_absolute_url(), 302)]
    assert "is saved already" in opened.content.decode()
    answer = asha.post(new_url, typed | {"weight": "75"})
    text = answer.content.decode()
    assert answer.status_code == 412
    assert "You saved this form on another page" in text
    assert f'action="{made.get_absolute_url()}"' in text and 'name="version" value="1"' in text
    made.refresh_from_db()
    assert str(made.weight) == "61.20" or str(made.weight).startswith("61.2")


def test_saving_a_change_twice_is_no_conflict(bare_world: World, page: Any) -> None:
    from apps.visits.crfs import VITAL_SIGNS

    record = bare_world.record(VITAL_SIGNS)
    asha = page(bare_world.cast.asha)
    typed = {"weight": "61.2", "incomplete": "1", "version": str(record.version)}
    first, second = (asha.post(record.get_absolute_url(), typed) for _ in range(2))
    assert (first.status_code, second.status_code) == (302, 302)
    record.refresh_from_db()
    assert record.version == 2


@pytest.mark.django_db(transaction=True)
def test_two_requests_at_the_very_same_time_make_one(bare_world: World, page: Any, insulin_url: str) -> None:
    asha = page(bare_world.cast.asha)
    typed = {"role": "basal", "incomplete": "1", "ticket": ticket_on(asha, insulin_url)}

    def send(_: int) -> tuple[int, str]:
        try:
            browser = Client()
            browser.cookies = asha.cookies
            answer = browser.post(insulin_url, typed)
            return answer.status_code, answer["Location"]
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        said = set(pool.map(send, range(4)))
    assert len(said) == 1 and next(iter(said))[0] == 302
    assert InsulinUse.objects.count() == 1
