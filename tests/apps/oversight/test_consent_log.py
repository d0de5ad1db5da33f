"""The consent log line by line, narrowed, counted, by pages, as a print and as a file."""

from __future__ import annotations

import csv
import datetime as dt
import io
import json
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from apps.consent.models import ConsentEvent
from studyportal.audit.models import Look
from tests.apps.oversight.conftest import Records
from tests.cast import Cast

pytestmark = pytest.mark.django_db
URL = "/oversight/consent-log/"
TODAY = dt.datetime.now(dt.UTC).astimezone(dt.timezone(dt.timedelta(hours=5, minutes=30))).date()


def marks(page: Any, cast: Cast, query: str, among: str) -> set[str]:
    text = page(cast.farah).get(URL + query).content.decode()
    return {mark for mark in among if f"mark-{mark}" in text}


@pytest.mark.parametrize(
    ("query", "seen"),
    [
        ("", {"a", "b", "c"}),
        ("?site=PUN", {"c"}),
        ("?site=XXX", {"a", "b", "c"}),
        ("?kind=withdrawal", {"b"}),
        ("?since=2000-01-01&until=2001-01-01", set()),
        ("?since=2000-01-01", {"a", "b", "c"}),
        ("?since=not-a-day&until=9999-12-31", {"a", "b", "c"}),
        ("?older=999999999999999999999", {"a", "b", "c"}),
        ("?version=" + "9" * 500, set()),
    ],
)
def test_narrowed(cast: Cast, records: Records, page: Any, query: str, seen: set[str]) -> None:
    here, there = records.participant(), records.participant(site=cast.pune)
    records.consent(here, note="mark-a")
    records.consent(here, "withdrawal", withdrawal_scopes=["visits"], note="mark-b")
    records.consent(there, note="mark-c")
    assert marks(page, cast, query, "abc") == seen


@pytest.fixture
def signatures(cast: Cast, records: Records) -> list[ConsentEvent]:
    """One signature known to the day, one to the month, one without a date, one of today, and a correction."""
    participant = records.participant()
    first = records.consent(
        participant, signed_on="2026-03-15", document_version="1.0", document_language="mr", note="mark-a",
        purposes=["participation"], declined=["images"], signer="participant", obtained_by="Investigator 3",
    )  # fmt: skip
    return [
        first,
        records.consent(participant, "lar_consent", signed_on="2026-04", document_version="2.0", document_language="hi",
                        purposes=["participation", "procedure"], signer="mother", obtained_by="Nurse 1", note="mark-b"),
        records.consent(participant, "oral_assent", signed_on=None, note="mark-c"),
        records.consent(participant, signed_on=TODAY.isoformat(), note="mark-d", obtained_by="Investigator 3"),
        records.consent(participant, "correction", corrects=first, signed_on=None, copy_given=True, note="mark-e"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("query", "seen"),
    [
        ("?purpose=procedure", {"b"}),
        ("?purpose=images", {"a"}),
        ("?purpose=nonsense", {"a", "b", "c", "d", "e"}),
        ("?version=2.0", {"b"}),
        ("?version=9", set()),
        ("?language=mr", {"a"}),
        ("?signer=mother", {"b"}),
        ("?obtainer=investigator", {"a", "d"}),
        ("?obtainer=%25", set()),
        # A month is found by every day that it may mean; what has no day is not found by any.
        ("?signed_since=2026-04-30&signed_until=2026-04-30", {"b"}),
        ("?signed_since=2026-03-15&signed_until=2026-03-15", {"a"}),
        ("?signed_until=2026-03-14", set()),
        ("?signed_since=2026-05-01", {"d"}),
        ("?delay=1", {"a", "b"}),
        ("?delay=31", {"a", "b"}),
        ("?delay=unknown", {"c"}),
        ("?delay=7", {"a", "b", "c", "d", "e"}),
        ("?special=corrections", {"e"}),
        ("?special=corrected", {"a"}),
        ("?special=undated", {"b", "c"}),
        ("?special=as_it_happened", set()),
        ("?obtainer=3&delay=1", {"a"}),
    ],
)
def test_narrowed_by_the_signature(
    cast: Cast, signatures: list[ConsentEvent], page: Any, query: str, seen: set[str]
) -> None:
    assert marks(page, cast, query, "abcde") == seen


def test_counted(cast: Cast, signatures: list[ConsentEvent], records: Records, page: Any) -> None:
    records.consent(records.participant(site=cast.pune))
    shown = page(cast.farah).get(URL).context["counts"]
    assert [number for _words, number, _url in shown] == [6, 2, 3, 1, 1, 0]
    narrowed = page(cast.farah).get(URL + "?site=MUM").context["counts"]
    assert [number for _words, number, _url in narrowed] == [5, 1, 2, 1, 1, 0]
    # A number leads to its entries.
    delayed = page(cast.farah).get(narrowed[2][2])
    assert len(delayed.context["rows"]) == 2


def test_what_narrows_can_be_seen(cast: Cast, signatures: list[ConsentEvent], page: Any) -> None:
    answer = page(cast.farah).get(URL + "?language=mr&delay=8")
    assert answer.context["more_open"] is True
    text = answer.content.decode()
    assert '<option value="mr" selected>Marathi</option>' in text
    assert '<option value="8" selected>' in text
    assert "language=mr&amp;delay=8" in text  # the files have the same narrowing


def test_a_line_can_be_read(cast: Cast, records: Records, page: Any) -> None:
    participant = records.participant()
    records.consent(
        participant,
        "lar_consent",
        signer="mother",
        document_version="2.1",
        document_language="Marathi",
        obtained_by="study physician 2",
        copy_given="true",
        absent={"witness": "not_applicable"},
    )
    text = page(cast.farah).get(URL).content.decode()
    for said in (
        "Consent of a legally acceptable representative",
        "Mother",
        "version 2.1",
        "Marathi",
        "1 Mar 2026",
        "study physician 2",
        "days after",
        participant.code,
    ):
        assert said in text, said


def test_the_delay_of_a_month_is_the_least_that_it_can_be(
    cast: Cast, signatures: list[ConsentEvent], page: Any
) -> None:
    rows = page(cast.farah).get(URL).context["rows"]
    details = {row.cells[-1]: str(row.cells[-2].detail) for row in rows}
    assert f"{(TODAY - dt.date(2026, 3, 15)).days} days after" in details["mark-a"]
    assert f"at least {(TODAY - dt.date(2026, 4, 30)).days} days after" in details["mark-b"]
    assert "after" not in details["mark-c"] and "after" not in details["mark-d"]


def test_pages_by_key(cast: Cast, records: Records, page: Any) -> None:
    participant = records.participant()
    records.consents(participant, (f"entry-{number}." for number in range(60)))
    browser = page(cast.farah)
    with CaptureQueriesContext(connection) as first_queries:
        first = browser.get(URL)
    assert "entry-59." in first.content.decode() and "entry-9." not in first.content.decode()
    with CaptureQueriesContext(connection) as second_queries:
        second = browser.get(URL + first.context["next_url"])
    assert "entry-9." in second.content.decode() and "entry-10." not in second.content.decode()
    back = browser.get(URL + second.context["previous_url"]).content.decode()
    assert "entry-59." in back and "entry-9." not in back
    assert len(first_queries) == len(second_queries)


# --- as a print -----------------------------------------------------------------------------------------


def test_a_print_says_of_what_it_is(cast: Cast, signatures: list[ConsentEvent], page: Any) -> None:
    answer = page(cast.farah).get(URL + "print/?signer=mother")
    said = dict(answer.context["provenance"])
    assert said["Made by"] == "Farah (farah)"
    assert "Signer: Mother" in said["Narrowed to"]
    assert said["Entries in this copy"] == "1"
    assert "Head of the chain" in said
    text = answer.content.decode()
    assert "Nurse 1" in text and "Investigator 3" not in text


def test_a_print_leaves_out_nothing_that_was_stated(cast: Cast, records: Records, page: Any) -> None:
    event = records.consent(records.participant(), note="mark", absent={"witness": "not_applicable"})
    text = page(cast.farah).get(URL + "print/").content.decode()
    for said in ("mark", "1 Mar 2026", "Impartial witness", "Not applicable", event.participant.code):
        assert said in text, said


def test_a_long_print_says_that_it_is_cut(cast: Cast, records: Records, page: Any, monkeypatch: Any) -> None:
    monkeypatch.setattr("apps.oversight.log_page.MOST_PRINTED", 2)
    participant = records.participant()
    records.consents(participant, (f"mark-{number}." for number in range(3)))
    text = page(cast.farah).get(URL + "print/").content.decode()
    assert "3 entries fit; these are the newest 2" in text
    assert "mark-0." not in text and text.index("mark-1.") < text.index("mark-2.")


# --- as a file ------------------------------------------------------------------------------------------


def test_the_file_holds_what_the_page_shows_and_runs_nothing(cast: Cast, records: Records, page: Any) -> None:
    participant = records.participant()
    event = records.consent(
        participant, note="=1+1", document_version="-2", purposes=["participation", "procedure"]
    )
    records.consent(records.participant(site=cast.pune))
    answer = page(cast.farah).get("/oversight/consent-log.csv?site=MUM")
    assert answer["Content-Type"].startswith("text/csv")
    rows = list(csv.DictReader(io.StringIO(answer.getvalue().decode())))
    assert len(rows) == 1
    (row,) = rows
    assert row["participant"] == participant.code
    assert (row["note"], row["document_version"]) == ("'=1+1", "'-2")
    assert row["purposes"] == "participation;procedure"
    assert row["signed_on"] == "2026-03-01"
    assert row["days_after_signature"] == str((TODAY - dt.date(2026, 3, 1)).days)
    assert row["sha256"] == (event.sha256 or "")


def test_the_file_has_the_narrowing_of_the_page(
    cast: Cast, signatures: list[ConsentEvent], page: Any
) -> None:
    answer = page(cast.farah).get("/oversight/consent-log.csv?obtainer=3&delay=1")
    rows = list(csv.DictReader(io.StringIO(answer.getvalue().decode())))
    assert [row["note"] for row in rows] == ["mark-a"]


def test_json_lines_are_those_of_the_chain(cast: Cast, signatures: list[ConsentEvent], page: Any) -> None:
    answer = page(cast.farah).get("/oversight/consent-log.jsonl")
    assert answer["Content-Type"].startswith("application/jsonl")
    lines = [json.loads(line) for line in answer.getvalue().decode().splitlines()]
    assert len(lines) >= len(signatures)
    assert Look.objects.last().detail == "as: jsonl"
