"""The audit trail: every model, newest first, before and after with the reason, and no clinical value to an auditor."""

from __future__ import annotations

from typing import Any

import pytest
from django.apps import apps
from django.db import connection
from django.test.utils import CaptureQueriesContext

from apps.oversight import trail
from studyportal.access.models import SiteScoped
from studyportal.queries import actions as queries
from tests.apps.oversight.conftest import Records
from tests.cast import Cast

pytestmark = pytest.mark.django_db
URL = "/oversight/audit-trail/"


def everything(user: Any, size: int, **choice: Any) -> list[trail.Entry]:
    """All pages of a given size, one after the other."""
    found: list[trail.Entry] = []
    older = ""
    while True:
        entries, older, _newer = trail.recent(user, trail.Choice(**choice), older=older, size=size)
        found += entries
        if not older:
            return found


def test_every_tracked_model_of_a_site_is_in_the_trail() -> None:
    tracked = {
        event.pgh_tracked_model._meta.label_lower
        for event in apps.get_models()
        if hasattr(event, "pgh_tracked_model") and issubclass(event.pgh_tracked_model, SiteScoped)
    }
    assert tracked <= set(trail.tables())
    assert "consent.consentevent" in trail.tables()


def test_a_change_shows_before_after_reason_and_person(cast: Cast, records: Records, page: Any) -> None:
    participant = records.participant()
    visit = records.visit(participant)
    record = records.weight(visit, "16.2")
    records.weight(visit, "61.2", record=record, reason="Digits exchanged")
    text = page(cast.rao).get(URL).content.decode()
    for said in ("Digits exchanged", "asha", "Weight", "16.2", "61.2", participant.code, "Vital signs"):
        assert said in text, said
    (change,) = [e for e in everything(cast.rao, 50, model="visits.vitalsigns") if e.label == "update"]
    assert [(f.name, f.before, f.after) for f in change.fields] == [("weight", "16.2", "61.2")]
    assert (change.by, change.source, change.reason) == ("asha", "page", "Digits exchanged")


def test_an_auditor_sees_that_and_why_but_no_clinical_value(cast: Cast, records: Records, page: Any) -> None:
    participant = records.participant()
    visit = records.visit(participant)
    record = records.weight(visit, "16.2")
    records.weight(visit, "61.2", record=record, reason="Digits exchanged")
    records.consent(participant, document_version="2.1")
    text = page(cast.farah).get(URL).content.decode()
    assert "Digits exchanged" in text and "Weight" in text
    assert "16.2" not in text and "61.2" not in text
    assert "2.1" in text
    assert (
        f"/oversight/consent/{participant.code}/" in text and f"/participants/{participant.code}/" not in text
    )


def test_another_sites_changes_are_not_there(cast: Cast, records: Records) -> None:
    own, foreign = records.participant(), records.participant(site=cast.pune)
    codes = {entry.participant_code for entry in everything(cast.rao, 50)} - {""}
    assert codes == {own.code}
    assert {entry.participant_code for entry in everything(cast.meera, 50)} - {""} == {own.code, foreign.code}
    assert everything(cast.rao, 50, participant=foreign.code) == []


def test_a_stranger_sees_nothing(cast: Cast, records: Records) -> None:
    records.participant()
    assert everything(cast.norole, 50) == []


@pytest.mark.parametrize("size", [1, 2, 3, 7])
def test_pages_together_are_the_whole_without_gap_or_repeat(cast: Cast, records: Records, size: int) -> None:
    """All events of one test share one transaction time: the key breaks the tie."""
    for _number in range(3):
        participant = records.participant()
        records.consent(participant)
        records.weight(records.visit(participant), "61.2")
    whole = [entry.cursor for entry in everything(cast.meera, 500)]
    assert len(whole) == len(set(whole)) > 9
    assert [entry.cursor for entry in everything(cast.meera, size)] == whole


def test_back_to_the_newer_page(cast: Cast, records: Records) -> None:
    for _number in range(5):
        records.participant()
    first, older, none = trail.recent(cast.meera, trail.Choice(), size=3)
    assert none == ""
    second, _older, newer = trail.recent(cast.meera, trail.Choice(), older=older, size=3)
    again, _older, newest = trail.recent(cast.meera, trail.Choice(), newer=newer, size=3)
    assert [e.cursor for e in again] == [e.cursor for e in first]
    assert newest == ""
    assert not {e.cursor for e in first} & {e.cursor for e in second}


@pytest.mark.parametrize(
    ("choice", "models"),
    [
        ({"model": "visits.visit"}, {"visits.visit"}),
        ({"username": "asha"}, {"visits.vitalsigns"}),
        ({"username": "nobody"}, set()),
        (
            {"model": "no.such"},
            {
                "enrolment.screeningentry",
                "enrolment.participant",
                "visits.visit",
                "visits.vitalsigns",
                "consent.consentevent",
            },
        ),
    ],
)
def test_narrowed(cast: Cast, records: Records, choice: dict[str, Any], models: set[str]) -> None:
    participant = records.participant()
    records.weight(records.visit(participant), "61.2")
    records.consent(participant)
    found = {
        e.model._meta.label_lower for e in everything(cast.meera, 50, participant=participant.code, **choice)
    }
    assert found - {"queries.query", "deviations.deviation"} == models


def test_what_hangs_below_a_record_belongs_to_its_participant(cast: Cast, records: Records) -> None:
    participant = records.participant()
    query = queries.raise_query(participant=participant, message="Why?", by=cast.meera)
    queries.close(query=query, text="Settled.", by=cast.meera)
    found = everything(cast.meera, 50, participant=participant.code, model="queries.querymessage")
    assert [entry.participant_code for entry in found] == [participant.code]


@pytest.mark.parametrize(
    "query",
    [
        "?older=nonsense",
        "?older=a~b~c",
        "?newer=2026-01-01~visits.visit~1",
        "?model=x&since=99",
        "?since=2026-13-01",
        "?until=9999-12-31",
        "?user=%27%20OR%201=1",
    ],
)
def test_what_is_typed_into_the_address_breaks_nothing(
    cast: Cast, records: Records, page: Any, query: str
) -> None:
    records.participant()
    assert page(cast.meera).get(URL + query).status_code == 200


def test_one_statement_for_all_models(cast: Cast, records: Records, page: Any) -> None:
    def queries_of(count: int) -> int:
        for _number in range(count):
            records.weight(records.visit(records.participant()), "61.2")
        browser = page(cast.meera)
        with CaptureQueriesContext(connection) as captured:
            browser.get(URL)
        return len(captured)

    assert queries_of(1) == queries_of(10) < 15
