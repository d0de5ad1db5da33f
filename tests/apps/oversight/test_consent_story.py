"""The consent of one participant on one page, on any day."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from apps.consent.models import ConsentEvent
from apps.oversight import story_page
from apps.oversight.log_choice import log
from studyportal.audit.looks import log_look
from studyportal.audit.models import Look
from tests.apps.oversight.conftest import Records
from tests.cast import Cast

pytestmark = pytest.mark.django_db
ADULT = {
    "signer": "participant", "age_at_signature": 30, "purposes": ["participation", "procedure"],
    "document_version": "2.0", "document_language": "mr",
}  # fmt: skip


def url(participant: Any, query: str = "") -> str:
    return f"/oversight/consent/{participant.code}/{query}"


def state(answer: Any, column: int = 1) -> dict[str, str]:
    return {row[0]: row[column] for row in answer.context["state_rows"]}


def test_what_is_in_force_today_and_on_a_day(cast: Cast, records: Records, page: Any) -> None:
    participant = records.participant()
    records.consent(participant, **ADULT)
    records.consent(
        participant,
        "withdrawal",
        signed_on="2026-06-01",
        signer="participant",
        withdrawal_scopes=["treatment"],
    )
    browser = page(cast.farah)
    today = browser.get(url(participant))
    assert state(today)["Taking part: visits and data"] == "in force"
    assert state(today)["Harvest and infusion"] == "not in force"
    assert state(today)["Withdrawn and not given again"] == "Treatment"
    both = browser.get(url(participant, "?on=2026-05-01"))
    assert state(both)["Harvest and infusion"] == "not in force", "today stands beside the day"
    assert state(both, 2)["Harvest and infusion"] == "in force"
    before = browser.get(url(participant, "?on=2026-02-01"))
    assert state(before, 2)["Taking part: visits and data"] == "not in force"
    assert Look.objects.last().detail == "on: 2026-02-01"


@pytest.mark.parametrize("on", ["", "nonsense", "2026-02-30", "%00", "-1", "2026-05"])
def test_what_is_no_day_is_today(cast: Cast, records: Records, page: Any, on: str) -> None:
    participant = records.participant()
    answer = page(cast.farah).get(url(participant, f"?on={on}"))
    assert answer.status_code in (200, 400)
    if answer.status_code == 200:
        assert answer.context["day"] is None


@pytest.mark.parametrize("on", ["0001-01-01", "9999-12-31", "1900-02-28"])
def test_days_at_the_ends_of_the_calendar(cast: Cast, records: Records, page: Any, on: str) -> None:
    participant = records.participant()
    records.consent(participant, **ADULT)
    assert page(cast.farah).get(url(participant, f"?on={on}")).status_code == 200


def signed(answer: Any) -> list[list[str]]:
    def text(cell: Any) -> str:
        return f"{cell.text} {cell.detail}".strip() if hasattr(cell, "detail") else str(cell)

    return [[text(cell) for cell in row] for row in answer.context["signed"]]


def test_who_signed_what_stands_with_its_corrections(cast: Cast, records: Records, page: Any) -> None:
    participant = records.participant()
    event = records.consent(participant, **ADULT, obtained_by="Investigator 3")
    first = records.consent(
        participant, "correction", corrects=event, signed_on="2026-03-02", note="The day was read wrongly"
    )
    records.consent(
        participant, "correction", corrects=first, signed_on=None, witness="Teacher", note="It had a witness"
    )
    answer = page(cast.farah).get(url(participant))
    (row,) = signed(answer)
    assert "corrected by no." in row[0]
    assert row[2] == "2 Mar 2026 time not known"
    assert row[3] == "The participant 30 years old"
    assert row[6] == "witness: Teacher"
    entries = {str(cell.cells[2].text) for cell in answer.context["rows"]}
    assert "1 Mar 2026" in entries, "the entries stay as they were made"
    why = [row[-1] for row in answer.context["corrections"]]
    assert why == ["The day was read wrongly", "It had a witness"]


def test_a_correction_is_saved_nowhere(cast: Cast, records: Records) -> None:
    participant = records.participant()
    event = records.consent(participant, **ADULT)
    records.consent(participant, "correction", corrects=event, copy_given=True, note="Found the receipt")
    (standing,) = story_page.as_corrected(log(cast.farah).filter(participant=participant).order_by("id"))
    assert standing.copy_given is True
    assert ConsentEvent.objects.get(pk=event.pk).copy_given is None
    with pytest.raises(TypeError):
        standing.save()


def test_a_representative_is_named_with_the_proof(cast: Cast, records: Records, page: Any) -> None:
    participant = records.participant()
    records.consent(
        participant,
        "lar_consent",
        signer="mother",
        lar_relationship_proof="birth certificate",
        age_at_signature=10,
    )
    (row,) = signed(page(cast.farah).get(url(participant)))
    assert row[3] == "Mother proof: birth certificate · 10 years old"


# --- signatures beside procedures ------------------------------------------------------------------------


def line(answer: Any) -> dict[str, str]:
    return {str(event.title): str(event.text) for event in answer.context["line"]}


@pytest.mark.parametrize(
    ("signed_on", "said"),
    [
        ("2026-03-01", "consent to it was in force before it"),
        ("2026-03-03", "no consent to it was in force before it"),
        # On the same day, with no time: which came first is not known.
        ("2026-03-02", "the record does not show whether consent came before it"),
        ("2026-03", "the record does not show whether consent came before it"),
        (None, "the record does not show whether consent came before it"),
    ],
)
def test_each_procedure_says_whether_consent_came_before_it(
    cast: Cast, records: Records, page: Any, signed_on: str | None, said: str
) -> None:
    participant = records.participant()
    records.visit(participant, key="BL", happened_on="2026-03-02")
    records.consent(participant, **ADULT | {"signed_on": signed_on})
    found = line(page(cast.farah).get(url(participant)))
    assert said in found.values()


def test_many_procedures_cost_no_more_queries(cast: Cast, records: Records, page: Any) -> None:
    participant = records.participant()
    records.consent(participant, **ADULT)
    records.visit(participant, key="BL", happened_on="2026-03-02")
    browser = page(cast.farah)

    def queries() -> int:
        with CaptureQueriesContext(connection) as asked:
            assert browser.get(url(participant)).status_code == 200
        return len(asked)

    def more(day: int) -> None:
        records.visit(participant, key="UNS", happened_on=f"2026-04-0{day}")
        records.consent(participant, "copy_given", signed_on=f"2026-04-1{day}")

    # What may be judged without the ages is; after a second visit they are asked, once.
    more(1)
    queries()
    before = queries()
    for day in (2, 3, 4, 5):
        more(day)
    assert queries() == before


# --- who looked -----------------------------------------------------------------------------------------


def test_who_looked_at_this_consent(cast: Cast, records: Records, page: Any) -> None:
    participant, other = records.participant(), records.participant()
    for code, what, by in (
        (participant.code, "signed_sheet", cast.asha),
        (participant.code, "identity", cast.asha),
        (other.code, "signed_sheet", cast.rao),
    ):
        log_look(what=what, by=by, site=cast.mumbai, participant_code=code, detail="mark")
    browser = page(cast.farah)
    looks = browser.get(url(participant)).context["looks"]
    assert [str(row[2]) for row in looks] == ["Signed sheet of a participant"]
    again = browser.get(url(participant)).context["looks"]
    assert [str(row[2]) for row in again] == [
        "Consent of one participant",
        "Signed sheet of a participant",
    ]
    listed = browser.get(browser.get(url(participant)).context["looks_url"]).context["rows"]
    assert {str(row[2]) for row in listed} == {"Consent of one participant", "Signed sheet of a participant"}


def test_looks_at_consent_are_found_together(cast: Cast, records: Records, page: Any) -> None:
    browser = page(cast.farah)
    browser.get("/oversight/consent-log/")
    browser.get("/oversight/")
    browser.get("/oversight/audit-trail/")
    rows = browser.get("/oversight/views/?about=consent").context["rows"]
    assert {str(row[2]) for row in rows} == {"Consent log", "Consent findings"}
    assert len(browser.get("/oversight/views/?about=nonsense").context["rows"]) == 4


def test_an_entry_that_was_taken_back_stands_no_longer(cast: Cast, records: Records, page: Any) -> None:
    participant = records.participant()
    event = records.consent(participant, **ADULT)
    taking_back = records.consent(
        participant, "correction", corrects=event, signed_on=None, note="Entered for the wrong participant"
    )
    answer = page(cast.farah).get(url(participant))
    (row,) = signed(answer)
    assert f"taken back by no. {taking_back.sequence or taking_back.pk}" in row[0]
    assert state(answer)["Taking part: visits and data"] != "in force"
    assert "taken back: it stands no longer" in line(answer)["Consent of the participant"]
    entry = page(cast.farah).get(f"/oversight/consent-log/{event.pk}/")
    assert entry.context["taken_back"] is True
    assert list(entry.context["corrections"][0][:3]) == ["The whole entry", "stood", "taken back"]
    lines = page(cast.farah).get("/oversight/consent-log/").content.decode()
    assert lines.count("corrected later") == 1
