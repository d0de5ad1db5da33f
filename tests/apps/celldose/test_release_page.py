"""The release on a page and by the API: who may, what is refused, what is kept of what was typed, what is shown."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from apps.celldose.models import Release
from apps.celldose.product_file import product_file
from apps.celldose.selectors import waiting
from studyportal.access.models import Membership, User
from studyportal.crf.models import Draft
from studyportal.signatures.models import Signature
from tests.apps.celldose.conftest import PASSWORD, Journey, at
from tests.cast import Cast

SEES = ("asha", "rao", "meera")
KEEP = "/forms/drafts/"
FAILING = {"viability": {"viability_percent": "69.9"}}


def address(journey: Journey) -> str:
    return f"/products/{journey.product.pk}/release/"


def endpoint(journey: Journey) -> str:
    return f"/api/v1/products/{journey.product.pk}/release/"


def with_password(user: User) -> User:
    user.set_password(PASSWORD)
    user.save()
    return user


def posted(**more: Any) -> dict[str, Any]:
    return {
        "decision": "conditional",
        "released_at": "2025-03-10T14:00",
        "conditions": "Cultures at day 14",
        "password": PASSWORD,
    } | more


def sent(**more: Any) -> dict[str, Any]:
    return posted(released_at=at(14)) | more


def ticket_on(client: Client, journey: Journey) -> str:
    found = re.search(r'name="ticket" value="([^"]+)"', client.get(address(journey)).content.decode())
    assert found is not None
    return found.group(1)


@pytest.fixture
def ready(journey: Journey) -> Journey:
    with_password(journey.rao)
    journey.upto("microbiology")
    return journey


# --- refusals --------------------------------------------------------------------------------------------


def test_a_stranger_is_asked_to_sign_in(ready: Journey, page: Any, api: Any) -> None:
    assert page(None).get(address(ready))["Location"].startswith("/sign-in/")
    assert page(None).post(address(ready), posted())["Location"].startswith("/sign-in/")
    assert api(None).get(endpoint(ready)).status_code == 401
    assert api(None).post(endpoint(ready), sent(), format="json").status_code == 401
    assert not Release.objects.exists()


@pytest.mark.parametrize("name", ["asha", "rao", "meera", "sanjay", "farah", "admin", "norole"])
def test_who_reads_and_who_decides(ready: Journey, cast: Cast, page: Any, api: Any, name: str) -> None:
    person = with_password(getattr(cast, name))
    sees = 200 if name in SEES else 403
    shown = page(person).get(address(ready))
    assert shown.status_code == api(person).get(endpoint(ready)).status_code == sees
    assert ("Decide and sign" in shown.content.decode()) is (name == "rao")
    if name != "rao":
        assert page(person).post(address(ready), posted()).status_code == 403
        assert api(person).post(endpoint(ready), sent(), format="json").status_code == 403
        assert not Release.objects.exists()


def test_another_sites_product_is_not_found(ready: Journey, cast: Cast, page: Any, api: Any) -> None:
    person = with_password(cast.vikram)
    Membership.objects.create(user=person, role="investigator", site=cast.pune, valid_from="2020-01-01")
    assert page(person).get(address(ready)).status_code == 404
    assert page(person).post(address(ready), posted()).status_code == 404
    assert api(person).get(endpoint(ready)).status_code == 404
    assert api(person).post(endpoint(ready), sent(), format="json").status_code == 404
    assert page(person).get("/products/999999/release/").status_code == 404
    assert not Release.objects.exists()


def test_after_a_wrong_password_all_that_was_typed_is_still_there(ready: Journey, page: Any) -> None:
    client = page(ready.rao)
    typed = posted(
        conditions="Telephone the ward", password="wrong", ticket=ticket_on(client, ready), code=""
    )
    client.post(KEEP, typed)
    kept = Draft.objects.count()
    answer = client.post(address(ready), typed)
    text = answer.content.decode()
    assert answer.status_code == 403
    assert "Telephone the ward" in text and "2025-03-10T14:00" in text and 'id="error-password"' in text
    assert "wrong" not in re.findall(r'<input[^>]*name="password"[^>]*>', text)[0]
    assert not Release.objects.exists() and not Signature.objects.exists()
    assert Draft.objects.count() == kept
    assert all(
        "password" not in draft.data and "wrong" not in str(draft.data) for draft in Draft.objects.all()
    )


def test_after_a_refusal_too(ready: Journey, page: Any) -> None:
    answer = page(ready.rao).post(address(ready), posted(decision="released", conditions=""))
    text = answer.content.decode()
    assert answer.status_code == 409
    assert "Still pending: Sterility culture" in text
    assert re.search(r'value="released"[^>]*(checked|selected)', text)


def test_the_end_of_a_session_leaves_a_draft(ready: Journey, page: Any) -> None:
    client = page(ready.rao)
    typed = posted(conditions="Telephone the ward", ticket=ticket_on(client, ready))
    client.logout()
    assert client.post(address(ready), typed)["Location"].startswith("/sign-in/")
    (draft,) = Draft.objects.all()
    assert "password" not in draft.data
    assert "Telephone the ward" in page(ready.rao).get(address(ready)).content.decode()


def test_the_second_of_two_is_told_what_was_decided(ready: Journey, page: Any) -> None:
    client = page(ready.rao)
    assert client.post(address(ready), posted()).status_code == 302
    answer = client.post(address(ready), posted(decision="rejected", reason_rejected="Clot", conditions=""))
    assert answer.status_code == 409
    assert "Rao decided meanwhile: Released conditionally" in answer.content.decode()
    stale = posted(version="7", conditions="Else", reason="clearer")
    answer = client.post(address(ready), stale)
    assert answer.status_code == 412 and "Else" in answer.content.decode()
    assert Release.objects.get().conditions == "Cultures at day 14"


def test_the_api_says_what_is_wrong(ready: Journey, api: Any) -> None:
    client = api(ready.rao)

    def refused(**more: Any) -> tuple[int, str]:
        answer = client.post(endpoint(ready), sent(**more), format="json")
        body = answer.json()
        return answer.status_code, body["errors"][0]["code"] if body.get("errors") else body["code"]

    assert refused(password="wrong") == (403, "not_confirmed")
    assert refused(decision="released", conditions=None) == (409, "criteria_pending")
    assert refused(decision="perhaps") == (400, "unknown_code")
    assert refused(released_at="yesterday") == (400, "invalid_datetime")
    assert refused(released=True) == (400, "unknown_field")
    assert client.post(endpoint(ready), [1], format="json").status_code == 400
    assert client.post(endpoint(ready), {"decision": "rejected"}, format="json").status_code == 400
    assert not Release.objects.exists()


# --- deciding --------------------------------------------------------------------------------------------


def test_a_decision_on_the_page(ready: Journey, page: Any) -> None:
    client = page(ready.rao)
    before = client.get(address(ready)).content.decode()
    assert "What can be decided now" in before and "Still pending: Sterility culture" in before
    assert "is within its specification and its expiry" in before
    client.post(KEEP, posted(ticket=(ticket := ticket_on(client, ready))))
    answer = client.post(address(ready), posted(ticket=ticket), follow=True)
    text = answer.content.decode()
    assert "The decision is signed." in text and "Released conditionally" in text
    assert Signature.objects.get().content_sha256[:16] in text
    assert product_file(ready.product.pk).is_signed
    assert not Draft.objects.exists()


def test_a_decision_by_the_api_and_its_change(ready: Journey, api: Any) -> None:
    client = api(ready.rao)
    before = client.get(endpoint(ready)).json()
    assert (before["state"], before["decision"], before["signed"]) == ("processed", None, False)
    bars = {one["decision"]: [bar["code"] for bar in one["bars"]] for one in before["possible"]}
    assert bars == {
        "released": ["criteria_pending"],
        "conditional": [],
        "exceptional": ["nothing_exceptional"],
        "rejected": [],
    }
    made = client.post(endpoint(ready), sent(), format="json")
    assert made.status_code == 201, made.json()
    body = made.json()
    assert (body["state"], body["signed"], body["decision"]["decision"]) == ("released", True, "conditional")
    changed = sent(conditions="Telephone", reason="clearer")
    assert (
        client.post(endpoint(ready), changed, format="json").json()["errors"][0]["code"] == "already_decided"
    )
    again = client.post(endpoint(ready), changed, format="json", headers={"If-Match": made["ETag"]})
    assert again.status_code == 201, again.json()
    assert again.json()["signed"] and Signature.objects.count() == 2
    assert client.post(endpoint(ready), changed | {"version": 1}, format="json").status_code == 412


def test_the_page_says_why_a_product_stands_apart(journey: Journey, page: Any) -> None:
    journey.upto("microbiology", **FAILING)
    text = page(journey.asha).get(address(journey)).content.decode()
    assert "In quarantine" in text and "Out of specification: Viability." in text
    journey.upto("evaluation")
    journey.made["release"] = journey.make_release(
        signed=False, decision="rejected", reason_rejected="Viability 69.9 %"
    )
    text = page(journey.asha).get(address(journey)).content.decode()
    assert "The decision does not count yet" in text and "Viability 69.9 %" in text


def test_the_page_takes_a_fixed_number_of_queries(ready: Journey, page: Any) -> None:
    ready.upto("infusion")
    client = page(ready.rao)
    client.get(address(ready))
    with CaptureQueriesContext(connection) as captured:
        assert client.get(address(ready)).status_code == 200
    assert len(captured) <= 45


# --- what waits ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["vikram", "sanjay", "farah", "admin", "norole"])
def test_what_waits_at_a_site_is_for_those_who_handle_its_products(
    ready: Journey, cast: Cast, page: Any, name: str
) -> None:
    person = getattr(cast, name)
    assert waiting.waiting(person) == [] and waiting.cultures_to_read(person) == []
    answer = page(person).get("/products/waiting/")
    assert answer.status_code == (200 if name == "vikram" else 403)
    assert ready.participant.code not in answer.content.decode()


@pytest.mark.parametrize(
    ("last", "changed", "tasks"),
    [
        ("receipt", {}, ()),
        ("microbiology", {}, ("release decision",)),
        ("evaluation", {}, ("release decision",)),
        ("release", {"release": {"signed": False}}, ("signature on the decision",)),
        ("release", {}, ()),
        (
            "release",
            FAILING | {"release": {"decision": "rejected", "reason_rejected": "x"}},
            ("rejected, to be discarded",),
        ),
        (
            "microbiology",
            FAILING,
            ("in quarantine, to be discarded or decided on: Out of specification: Viability.",),
        ),
        ("infusion", {}, ()),
    ],
)
def test_what_a_product_waits_for(journey: Journey, last: str, changed: Any, tasks: tuple[str, ...]) -> None:
    journey.upto(last, **changed)
    assert [one.tasks for one in waiting.waiting(journey.asha)] == ([tasks] if tasks else [])


def test_cultures_to_read(journey: Journey, monkeypatch: pytest.MonkeyPatch) -> None:
    import datetime as dt

    from django.utils import timezone

    from apps.celldose import crfs
    from tests.apps.celldose.conftest import save

    journey.upto("infusion")
    for days, state in ((0, "scheduled"), (13, "scheduled"), (14, "due"), (15, "overdue")):
        moment = dt.datetime.fromisoformat(at(9, days=days))
        monkeypatch.setattr(waiting.timezone, "now", lambda moment=moment: moment)
        (one,) = waiting.cultures_to_read(journey.rao)
        assert (one.due_on, one.state) == (dt.date(2025, 3, 24), state)
    monkeypatch.undo()
    assert timezone.now().year > 2025
    micro = journey.made["microbiology"]
    save(crfs.MICROBIOLOGY, journey.asha, record=micro, aerobic="no_growth", reason="read")
    assert len(waiting.cultures_to_read(journey.rao)) == 1  # two are still pending
    read: dict[str, Any] = {"anaerobic": "no_growth", "fungal": "no_growth", "read_on": "2025-03-24"}
    save(crfs.MICROBIOLOGY, journey.asha, record=micro, reason="read", **read)
    assert waiting.cultures_to_read(journey.rao) == []


def test_what_waits_takes_a_fixed_number_of_queries(journey: Journey, cast: Cast) -> None:
    def counted() -> int:
        with CaptureQueriesContext(connection) as captured:
            assert waiting.waiting(cast.asha) and waiting.cultures_to_read(cast.asha)
        return len(captured)

    journey.upto("microbiology")
    waiting.waiting(cast.asha)
    one = counted()
    journey.open(performed_on="2025-04-24")
    journey.made = {}
    second = {
        "harvest": {"started_at": at(9, days=45), "ended_at": at(10, days=45)},
        "product": {"product_identifier": "D-010"},
        "collection": {"checked_at": at(10, days=45)},
        "hand_over": {"received_at": at(10, 30, days=45)},
        "receipt": {"checked_at": at(10, 30, days=45)},
        "processing": {"started_at": at(11, days=45), "ended_at": at(13, days=45)},
        "microbiology": {"sampled_on": "2025-04-24"},
    }
    journey.upto("microbiology", **second)
    assert len(waiting.waiting(cast.asha)) == 2
    assert counted() == one
