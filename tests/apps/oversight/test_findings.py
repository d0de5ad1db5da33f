"""The sixteen questions on pages, in a file and by the API: live counts, narrowed, down to the record."""

from __future__ import annotations

import csv
import io
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from apps.consent.rules.findings import QUESTIONS
from apps.enrolment.actions import screening
from studyportal.access.models import Membership, User
from studyportal.audit.models import Look
from tests.apps.oversight.conftest import Records
from tests.cast import Cast

pytestmark = pytest.mark.django_db

API = "/api/v1/consent-findings/"
PAGES = ("/oversight/", "/oversight/1/", "/oversight/participants/", "/oversight/findings.csv")


@pytest.fixture
def pune_auditor(cast: Cast) -> User:
    user = User.objects.create(username="lalita", display_name="Lalita")
    Membership.objects.create(user=user, role="ethics_auditor", site=cast.pune, valid_from="2020-01-01")
    return user


def text_of(answer: Any) -> str:
    return (answer.getvalue() if answer.streaming else answer.content).decode()


# --- Refusals --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["asha", "rao", "meera", "sanjay", "admin", "norole"])
@pytest.mark.parametrize("url", [*PAGES, "/oversight/participants/MUM-0001-X/"])
def test_the_pages_are_the_auditors(cast: Cast, page: Any, name: str, url: str) -> None:
    assert page(getattr(cast, name)).get(url).status_code == 403


@pytest.mark.parametrize("name", ["asha", "meera", "norole"])
@pytest.mark.parametrize("url", [API, f"{API}counts/", f"{API}amendments/"])
def test_the_api_is_the_auditors(cast: Cast, api: Any, name: str, url: str) -> None:
    assert api(getattr(cast, name)).get(url).status_code == 403


@pytest.mark.parametrize("url", PAGES)
def test_nothing_can_be_sent(cast: Cast, page: Any, url: str) -> None:
    assert page(cast.farah).post(url).status_code == 405


def test_another_sites_participant_is_not_found(
    cast: Cast, records: Records, page: Any, api: Any, pune_auditor: User
) -> None:
    foreign, own = records.participant(), records.participant(site=cast.pune)
    for participant in (foreign, own):
        records.visit(participant)
    assert page(pune_auditor).get(f"/oversight/participants/{foreign.code}/").status_code == 404
    assert page(pune_auditor).get(f"/oversight/participants/{own.code}/").status_code == 200
    for url in PAGES[1:]:
        text = text_of(page(pune_auditor).get(url))
        assert foreign.code not in text and own.code in text, url
    told = api(pune_auditor).get(API).json()["results"]
    assert {one["participant"] for one in told} == {own.code}
    assert api(pune_auditor).get(f"{API}?participant={foreign.code}").json()["results"] == []


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("number=17", "number"),
        ("number=x", "number"),
        ("verdict=pass", "verdict"),
        ("severity=grave", "severity"),
        ("colour=red", "colour"),
        ("limit=0", "limit"),
        ("limit=many", "limit"),
        ("cursor=x", "cursor"),
        ("cursor=cC4xLjI", "cursor"),
        ("site=%C3%9F", "site"),
    ],
)
def test_a_query_that_is_not_understood_is_refused(cast: Cast, api: Any, query: str, field: str) -> None:
    answer = api(cast.farah).get(f"{API}?{query}")
    assert answer.status_code == 400, answer.content
    assert answer.json()["errors"][0]["field"] == field


def test_what_no_page_knows_narrows_nothing(cast: Cast, page: Any) -> None:
    for query in (
        "?site=XXX",
        "?number=99",
        "?verdict=pass",
        "?page=0",
        "?page=99999",
        "?participant=nobody",
    ):
        for url in PAGES:
            assert page(cast.farah).get(url + query).status_code == 200, (url, query)


# --- Counts ----------------------------------------------------------------------------------------------


def test_all_sixteen_are_shown_with_what_they_ask(cast: Cast, page: Any) -> None:
    answer = page(cast.farah).get("/oversight/")
    assert [row["question"]["number"] for row in answer.context["items"]] == list(range(1, 17))
    text = text_of(answer)
    for question in QUESTIONS:
        assert page(cast.farah).get(f"/oversight/{question.number}/").status_code == 200
        assert f"/oversight/{question.number}/" in text


def test_a_visit_without_consent_is_counted_and_leads_to_the_record(
    cast: Cast, records: Records, page: Any, api: Any
) -> None:
    participant = records.participant()
    visit = records.visit(participant)
    first = page(cast.farah).get("/oversight/").context["items"][0]["counted"]
    assert (first.number, first.found, first.participants, first.gravest) == (1, 1, 1, "major")
    listed = text_of(page(cast.farah).get("/oversight/1/"))
    assert f"/oversight/participants/{participant.code}/" in listed
    assert "No consent is recorded" in listed
    # The auditor sees no data of a visit, so the record leads to its audit trail.
    assert f"model=visits.visit&amp;record={visit.pk}" in listed
    (told,) = api(cast.farah).get(f"{API}?number=1").json()["results"]
    assert told["about"] == {"model": "visits.visit", "id": str(visit.pk)}


def test_a_finding_about_an_entry_leads_to_the_entry(cast: Cast, records: Records, page: Any) -> None:
    entry = records.consent(records.participant())
    text = text_of(page(cast.farah).get("/oversight/9/"))
    assert f"/oversight/consent-log/{entry.pk}/" in text and f"Entry {entry.pk}" in text


def test_counts_are_of_the_whole_study_and_of_each_site(
    cast: Cast, records: Records, page: Any, api: Any
) -> None:
    for site in (cast.mumbai, cast.pune, cast.pune):
        records.visit(records.participant(site=site))
    row = page(cast.farah).get("/oversight/").context["items"][0]
    assert row["counted"].found == 3
    assert row["sites"] == "MUM 1 · PUN 2"
    narrowed = page(cast.farah).get("/oversight/?site=PUN").context
    assert narrowed["items"][0]["counted"].found == 2
    told = api(cast.farah).get(f"{API}counts/").json()
    assert (told["participants"], told["with_a_finding"]) == (3, 3)
    assert told["questions"][0]["sites"]["PUN"] == {"failed": 2, "undecided": 0}


def test_narrowed_by_site_verdict_and_severity(cast: Cast, records: Records, page: Any) -> None:
    mumbai, pune = records.participant(), records.participant(site=cast.pune)
    for participant in (mumbai, pune):
        records.visit(participant)
    listed = text_of(page(cast.farah).get("/oversight/1/?site=PUN"))
    assert pune.code in listed and mumbai.code not in listed
    assert page(cast.farah).get("/oversight/1/?verdict=indeterminate").context["total"] == 0
    assert page(cast.farah).get("/oversight/1/?severity=major").context["total"] == 2
    assert page(cast.farah).get("/oversight/1/?severity=minor").context["total"] == 0


def test_the_number_of_queries_does_not_grow(cast: Cast, records: Records, page: Any, api: Any) -> None:
    def queries(count: int) -> list[int]:
        for _number in range(count):
            participant = records.participant()
            records.visit(participant)
            records.consent(participant)
            records.consent(participant, "withdrawal", withdrawal_scopes=["visits"])
        counted = []
        for client, url in (
            (page(cast.farah), "/oversight/"),
            (page(cast.farah), "/oversight/11/"),
            (page(cast.farah), "/oversight/participants/"),
            (api(cast.farah), f"{API}counts/"),
        ):
            with CaptureQueriesContext(connection) as captured:
                assert client.get(url).status_code == 200
            counted.append(len(captured))
        return counted

    assert queries(3) == queries(27)


# --- Participants ----------------------------------------------------------------------------------------


def test_the_people_with_findings(cast: Cast, records: Records, page: Any) -> None:
    participant, other = records.participant(), records.participant()
    records.visit(participant)
    context = page(cast.farah).get("/oversight/participants/").context
    assert context["total"] == 2
    only = page(cast.farah).get("/oversight/participants/?number=1&severity=major").context
    assert only["total"] == 2  # enrolled without consent is as grave
    assert other.code in text_of(page(cast.farah).get(f"/oversight/participants/?participant={other.code}"))


def test_a_participant_has_sixteen_answers(cast: Cast, records: Records, page: Any) -> None:
    participant = records.participant()
    records.consent(participant, purposes=["participation"], document_version="2.0")
    answer = page(cast.farah).get(f"/oversight/participants/{participant.code}/")
    items = {row["question"]["number"]: row for row in answer.context["items"]}
    assert len(items) == 16
    assert items[16]["answer"] == "Nothing found"
    assert items[9]["answer"] == "Undecided by the record"
    assert f"/oversight/consent/{participant.code}/" in text_of(answer)


def test_every_look_is_kept(cast: Cast, records: Records, page: Any, api: Any) -> None:
    participant = records.participant()
    browser = page(cast.farah)
    for url in (*PAGES, f"/oversight/participants/{participant.code}/"):
        text_of(browser.get(url))
    api(cast.farah).get(f"{API}?participant={participant.code}")
    looks = [(one.what, one.participant_code) for one in Look.objects.order_by("id")]
    assert looks == [
        ("findings", ""),
        ("finding", ""),
        ("findings", ""),
        ("findings_file", ""),
        ("participant_findings", participant.code),
        ("consent_findings_api", participant.code),
    ]


# --- The screening log -----------------------------------------------------------------------------------


def test_people_of_the_screening_log_are_told_without_a_participant(cast: Cast, page: Any, api: Any) -> None:
    entry = screening.open_entry(
        site=cast.mumbai, by=cast.asha, screened_on="2026-02-01", age="30", sex="female"
    )
    context = page(cast.farah).get("/oversight/14/").context
    assert context["total"] == 1 and context["outcomes"] == [("Being screened", 1)]
    (told,) = api(cast.farah).get(f"{API}?number=14").json()["results"]
    assert (told["participant"], told["code"], told["verdict"]) == (None, "screened_open", "indeterminate")
    assert told["about"]["id"] == entry.number
    assert api(cast.farah).get(f"{API}?number=13").json()["results"] == []


# --- A file, and pages of the API ------------------------------------------------------------------------


def test_the_file_has_the_filters_of_the_page(cast: Cast, records: Records, page: Any) -> None:
    mumbai, pune = records.participant(), records.participant(site=cast.pune)
    for participant in (mumbai, pune):
        records.visit(participant)
    rows = list(
        csv.DictReader(io.StringIO(text_of(page(cast.farah).get("/oversight/findings.csv?number=1"))))
    )
    assert {(row["participant"], row["number"], row["verdict"]) for row in rows} == {
        (mumbai.code, "1", "fail"),
        (pune.code, "1", "fail"),
    }
    narrowed = text_of(page(cast.farah).get("/oversight/findings.csv?site=PUN"))
    assert pune.code in narrowed and mumbai.code not in narrowed


@pytest.mark.parametrize("limit", [1, 3, 500])
def test_the_pages_of_the_api_join_without_gap_or_repeat(
    cast: Cast, records: Records, api: Any, monkeypatch: Any, limit: int
) -> None:
    from apps.consent.selectors import findings

    monkeypatch.setattr(findings, "WINDOW", 2)
    for _number in range(5):
        records.consent(records.participant())
    for _number in range(3):
        screening.open_entry(site=cast.mumbai, by=cast.asha, screened_on="2026-02-01", age="30", sex="male")
    whole = [
        (one.participant.code, one.finding.code, str(one.finding.about)) for one in findings.findings_for(cast.farah)
    ]  # fmt: skip
    assert len(whole) > 20
    url, told = f"{API}?limit={limit}", []
    while url:
        answer = api(cast.farah).get(url).json()
        assert len(answer["results"]) <= limit
        told += answer["results"]
        url = answer["next"]
    assert [(one["participant"] or one["about"]["id"], one["code"]) for one in told] == [
        (code, finding) for code, finding, _about in whole
    ]


# --- The story -------------------------------------------------------------------------------------------


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
