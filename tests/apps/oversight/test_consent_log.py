"""The consent log line by line, narrowed, by pages, and as a file."""

from __future__ import annotations

import csv
import io
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests.apps.oversight.conftest import Records
from tests.cast import Cast

pytestmark = pytest.mark.django_db
URL = "/oversight/consent-log/"


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
    ],
)
def test_narrowed(cast: Cast, records: Records, page: Any, query: str, seen: set[str]) -> None:
    here, there = records.participant(), records.participant(site=cast.pune)
    records.consent(here, note="mark-a")
    records.consent(here, "withdrawal", withdrawal_scopes=["visits"], note="mark-b")
    records.consent(there, note="mark-c")
    text = page(cast.farah).get(URL + query).content.decode()
    assert {mark for mark in "abc" if f"mark-{mark}" in text} == seen


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


def test_pages_by_key(cast: Cast, records: Records, page: Any) -> None:
    participant = records.participant()
    for number in range(60):
        records.consent(participant, note=f"entry-{number}.")
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


def test_the_file_holds_what_the_page_shows_and_runs_nothing(cast: Cast, records: Records, page: Any) -> None:
    participant = records.participant()
    records.consent(participant, note="=1+1", document_version="-2", purposes=["participation", "procedure"])
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
