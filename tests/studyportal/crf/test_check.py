"""The judgement while typing: as a save would judge, and nothing is written."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import urlencode

import pytest
from django.core import signing
from django.db import DatabaseError, connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from apps.visits.crfs import VITAL_SIGNS
from apps.visits.models import VitalSigns
from studyportal.crf import checking, drafts, forms
from studyportal.crf.models import Draft
from studyportal.crf.outcomes import Finding
from studyportal.queries import actions as queries
from studyportal.queries.models import Query
from tests.world import World

pytestmark = pytest.mark.django_db

CHECK = "/forms/vital-signs/check/"


@pytest.fixture
def new_url(bare_world: World) -> str:
    return f"/participants/{bare_world.participant.code}/forms/vital-signs/new/?visit={bare_world.visit.pk}"


@pytest.fixture
def asha(bare_world: World, page: Any) -> Client:
    return page(bare_world.cast.asha)


@pytest.fixture
def record(bare_world: World) -> VitalSigns:
    return bare_world.record(VITAL_SIGNS)


@pytest.fixture
def asked(monkeypatch: Any) -> None:
    """A check that always has something to ask about the weight."""

    def heavy(values: Any, context: Any) -> Any:
        if values["weight"] is not None and values["weight"] > 90:
            yield Finding("weight", "heavy", "This is much.")

    object.__setattr__(VITAL_SIGNS, "checks", (heavy,))


@pytest.fixture(autouse=True)
def _checks_as_declared() -> Any:
    declared = VITAL_SIGNS.checks
    yield
    object.__setattr__(VITAL_SIGNS, "checks", declared)


def ticket_on(browser: Client, url: str) -> str:
    found = re.search(r'name="ticket" value="([^"]+)"', browser.get(url).content.decode())
    assert found is not None
    return found[1]


def said(text: str, name: str) -> str:
    found = re.search(rf'<div id="said-{name}"(.*?)hx-swap-oob="innerHTML:#said-{name}">(.*?)\n(?:<div id="said|<span|\Z)', text, re.S)  # fmt: skip
    return found[2] if found else ""


# --- Refusals --------------------------------------------------------------------------------------------


def test_a_stranger_is_asked_to_sign_in(page: Any) -> None:
    answer = page(None).post(CHECK, {"weight": "61"})
    assert answer.status_code == 302 and answer["Location"].startswith("/sign-in/")


def test_only_posting_and_only_known_forms(asha: Client) -> None:
    assert asha.get(CHECK).status_code == 405
    assert asha.post("/forms/no-such-form/check/").status_code == 404


def test_without_the_ticket_of_the_page_nothing_is_said(
    asha: Client, bare_world: World, new_url: str
) -> None:
    mine = signing.loads(ticket_on(asha, new_url), salt=drafts.SALT)
    others = signing.dumps(mine | {"user": bare_world.cast.rao.pk}, salt=drafts.SALT)
    other_form = signing.dumps(mine | {"form": "symptoms"}, salt=drafts.SALT)
    for ticket in ("", "forged", others, other_form):
        assert asha.post(CHECK, {"weight": "999", "ticket": ticket}).status_code == 400


def test_another_site_is_not_there(asha: Client, page: Any, bare_world: World, new_url: str) -> None:
    mine = signing.loads(ticket_on(asha, new_url), salt=drafts.SALT)
    vikram = bare_world.cast.vikram
    ticket = signing.dumps(mine | {"user": vikram.pk}, salt=drafts.SALT)
    assert page(vikram).post(CHECK, {"weight": "61", "ticket": ticket}).status_code == 404


def test_who_may_not_enter_is_refused(page: Any, bare_world: World, record: VitalSigns, asha: Client) -> None:
    mine = signing.loads(ticket_on(asha, record.get_absolute_url()), salt=drafts.SALT)
    farah = bare_world.cast.farah
    ticket = signing.dumps(mine | {"user": farah.pk}, salt=drafts.SALT)
    assert page(farah).post(CHECK, {"weight": "61", "ticket": ticket}).status_code == 403


def test_the_judgement_cannot_write(bare_world: World, record: VitalSigns) -> None:
    def writes(values: Any, context: Any) -> Any:
        Query.objects.update(code="changed by a check")
        return ()

    object.__setattr__(VITAL_SIGNS, "checks", (writes,))
    with pytest.raises(DatabaseError, match="read-only"):
        checking.judge(VITAL_SIGNS, raw={}, record=record, new=False)


# --- What it says ----------------------------------------------------------------------------------------


def test_a_hard_error_stands_at_its_field_and_nothing_is_kept(asha: Client, new_url: str) -> None:
    ticket = ticket_on(asha, new_url)
    answer = asha.post(CHECK, {"weight": "999", "height": "150", "ticket": ticket, "touched": "weight"})
    assert answer.status_code == 200
    text = answer.content.decode()
    assert 'id="error-weight"' in said(text, "weight") and "300" in said(text, "weight")
    assert not said(text, "height"), "what nobody touched and what is right says nothing"
    assert not VitalSigns.objects.exists() and not Query.objects.exists() and not Draft.objects.exists()


def test_what_is_right_again_is_taken_back(asha: Client, new_url: str) -> None:
    ticket = ticket_on(asha, new_url)
    text = asha.post(CHECK, {"weight": "61.2", "ticket": ticket, "said": "weight"}).content.decode()
    assert '<div id="said-weight" data-digest="nothing"' in text


def test_what_is_not_filled_in_yet_is_not_missed(asha: Client, new_url: str) -> None:
    text = asha.post(CHECK, {"ticket": ticket_on(asha, new_url), "touched": "weight"}).content.decode()
    assert "field-errors" not in text


def test_a_rule_speaks_when_its_field_was_reached(asha: Client, new_url: str) -> None:
    typed = {"systolic": "70", "diastolic": "90", "ticket": ticket_on(asha, new_url)}
    assert "field-errors" not in asha.post(CHECK, typed | {"touched": "weight"}).content.decode()
    assert "field-errors" in asha.post(CHECK, typed | {"touched": "systolic,diastolic"}).content.decode()


def test_derived_values_follow(asha: Client, new_url: str) -> None:
    typed = {"weight": "60", "height": "150", "ticket": ticket_on(asha, new_url), "touched": "height"}
    text = asha.post(CHECK, typed).content.decode()
    assert re.search(r'#derived-bmi">26\.7 <span class="unit">kg/m²', text)


def test_a_finding_is_explained_on_the_spot(asha: Client, new_url: str, asked: None) -> None:
    typed = {"weight": "95", "ticket": ticket_on(asha, new_url), "touched": "weight"}
    text = said(asha.post(CHECK, typed).content.decode(), "weight")
    assert "This is much." in text and 'name="explain-weight-heavy"' in text
    again = said(
        asha.post(CHECK, typed | {"explain-weight-heavy": "Scale checked"}).content.decode(), "weight"
    )
    assert ">Scale checked</textarea>" in again
    assert not Query.objects.exists()


def test_an_explanation_travels_with_the_payload() -> None:
    from django.http import QueryDict

    posted = QueryDict("explain-weight-heavy=Scale+checked&explain--whole=As+told&explain-x-y=+&other=1")
    assert forms.explanations_of(posted) == {
        ("weight", "heavy"): "Scale checked",
        ("", "whole"): "As told",
    }
    assert forms.explain_name(None, "whole") == "explain--whole"


def test_a_form_that_is_refused_keeps_the_explanation(asha: Client, new_url: str, asked: None) -> None:
    typed = {"weight": "95", "height": "9999", "ticket": ticket_on(asha, new_url)}
    answer = asha.post(new_url, typed | {"explain-weight-heavy": "Scale checked", "incomplete": "1"})
    assert answer.status_code == 400
    assert 'name="explain-weight-heavy" data-kept-explanation hidden>Scale checked' in answer.content.decode()


def test_an_explained_value_stays_explained(
    asha: Client, record: VitalSigns, bare_world: World, asked: None
) -> None:
    ticket = ticket_on(asha, record.get_absolute_url())
    query = Query.objects.create(
        site=record.site, participant=record.participant, form="vital-signs", object_id=record.pk,
        field="weight", code="heavy", message="This is much.",
    )  # fmt: skip
    queries.answer(query=query, text="Scale checked", value="95.0", by=bare_world.cast.asha)
    text = said(asha.post(CHECK, {"weight": "95.0", "ticket": ticket}).content.decode(), "weight")
    assert "finding-answered" in text and "explain-weight-heavy" not in text
    text = said(asha.post(CHECK, {"weight": "96", "ticket": ticket}).content.decode(), "weight")
    assert "explain-weight-heavy" in text, "another value asks again"


def test_a_change_of_a_saved_form_is_judged_and_not_saved(asha: Client, record: VitalSigns) -> None:
    before = VitalSigns.objects.filter(pk=record.pk).values().get()
    ticket = ticket_on(asha, record.get_absolute_url())
    assert "field-errors" in asha.post(CHECK, {"weight": "0", "ticket": ticket}).content.decode()
    assert VitalSigns.objects.filter(pk=record.pk).values().get() == before


def test_hostile_text_is_answered(asha: Client, new_url: str) -> None:
    ticket = ticket_on(asha, new_url)
    shown = {"ticket": ticket, "touched": "weight," * 1500}
    for text in (
        b"\x00",
        b"\xed\xa0\x80",
        b"x" * 100_000,
        "\u202e61".encode(),
        b"<script>alert(1)</script>",
        "😀".encode(),
        b"1,234\t" * 5000,
    ):
        body = urlencode(shown | {"weight": text})
        answer = asha.post(CHECK, body, content_type="application/x-www-form-urlencoded")
        assert answer.status_code == 200 and "field-errors" in answer.content.decode(), repr(text[:20])
        assert b"<script>alert" not in answer.content


def test_a_fixed_number_of_queries(asha: Client, bare_world: World, new_url: str) -> None:
    new = ticket_on(asha, new_url)  # a form that stands is opened where it stands
    saved = ticket_on(asha, bare_world.record(VITAL_SIGNS).get_absolute_url())
    for ticket, most in ((new, 30), (saved, 30)):
        counts = []
        for typed in (
            {"weight": "60"},
            {"weight": "60", "height": "150", "systolic": "120", "diastolic": "80"},
        ):
            with CaptureQueriesContext(
                connection,
            ) as seen:
                asha.post(CHECK, typed | {"ticket": ticket, "touched": ",".join(typed)})
            counts.append(len(seen))
        assert counts[0] == counts[1] <= most, counts


# --- The page ----------------------------------------------------------------------------------------------


def test_the_page_names_where_it_is_judged(asha: Client, new_url: str) -> None:
    text = asha.get(new_url).content.decode()
    assert f'hx-post="{CHECK}"' in text and "data-entry" in text and 'id="said-weight"' in text


def test_a_page_reads_what_a_person_types() -> None:
    from django.http import QueryDict

    typed = forms.raw_of(VITAL_SIGNS, QueryDict("weight=%E0%A5%AC%E0%A5%A7.2&height=1+50"))
    assert typed["weight"] == "61.2", "digits of the reader's script"
    assert typed["height"] == "1 50", "what can be read in two ways stays, to be refused"
