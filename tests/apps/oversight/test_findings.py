"""The sixteen questions: all of them, honest about what cannot be told, with live counts."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from apps.oversight.items import BY_NUMBER, ITEMS
from tests.apps.oversight.conftest import Records
from tests.cast import Cast

pytestmark = pytest.mark.django_db


def test_there_are_sixteen_in_order() -> None:
    assert [item.number for item in ITEMS] == list(range(1, 17))
    assert all(item.severity in ("critical", "major", "minor") and item.definition for item in ITEMS)
    assert all(item.lacking for item in ITEMS if not item.told)


def test_what_cannot_be_told_is_not_shown_as_passed(cast: Cast, page: Any) -> None:
    text = page(cast.farah).get("/oversight/").content.decode()
    assert text.count("Cannot be told yet") == sum(not item.told for item in ITEMS)
    for number in (10, 12):
        assert "Cannot be told yet" in page(cast.farah).get(f"/oversight/{number}/").content.decode()
        assert str(BY_NUMBER[number].lacking)[:40] in text


def test_a_visit_without_consent_is_counted_and_leads_to_the_participant(
    cast: Cast, records: Records, page: Any
) -> None:
    participant = records.participant()
    records.visit(participant)
    answer = page(cast.farah).get("/oversight/")
    first = answer.context["items"][0]["one"]
    assert (first.item.number, first.failed, first.participants, first.gravest) == (1, 1, 1, "major")
    listed = page(cast.farah).get("/oversight/1/").content.decode()
    assert f"/oversight/consent/{participant.code}/" in listed
    assert "No consent is recorded" in listed


def test_narrowed_by_site_and_verdict(cast: Cast, records: Records, page: Any) -> None:
    mumbai, pune = records.participant(), records.participant(site=cast.pune)
    for participant in (mumbai, pune):
        records.visit(participant)
    listed = page(cast.farah).get("/oversight/1/?site=PUN").content.decode()
    assert pune.code in listed and mumbai.code not in listed
    assert page(cast.farah).get("/oversight/1/?verdict=indeterminate").context["total"] == 0


def test_the_number_of_queries_does_not_grow(cast: Cast, records: Records, page: Any) -> None:
    def queries(count: int) -> int:
        for _number in range(count):
            participant = records.participant()
            records.visit(participant)
            records.consent(participant)
        browser = page(cast.farah)
        with CaptureQueriesContext(connection) as captured:
            assert browser.get("/oversight/").status_code == 200
        return len(captured)

    assert queries(3) == queries(27)


def test_the_story_shows_consent_and_procedures_and_no_clinical_value(
    cast: Cast, records: Records, page: Any
) -> None:
    participant = records.participant()
    visit = records.visit(participant)
    records.weight(visit, "61.2")
    first = records.consent(participant, document_version="2.1", signer="participant", age_at_signature=19)
    records.consent(participant, "correction", corrects=first, document_version="2.0", note="Read wrongly.")
    records.consent(participant, "withdrawal", withdrawal_scopes=["treatment"], signed_on="2026-05-01")
    text = page(cast.farah).get(f"/oversight/consent/{participant.code}/").content.decode()
    for said in ("version 2.1", "Read wrongly.", "Treatment", "19 years old", "Session 1"):
        assert said in text, said
    assert "61.2" not in text and "Weight" not in text
