"""Who may open the pages of oversight, whose records they show, and that each look is logged."""

from __future__ import annotations

import csv
import io
from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction

from studyportal.access.models import Membership, User
from studyportal.audit.looks import log_look
from studyportal.audit.models import Look
from studyportal.jobs.models import Job
from tests.apps.oversight.conftest import Records
from tests.cast import Cast

pytestmark = pytest.mark.django_db

FINDINGS = ("/oversight/", "/oversight/1/", "/oversight/views/", "/oversight/views.csv")
LOG = (
    "/oversight/consent-log/",
    "/oversight/consent-log.csv",
    "/oversight/consent-log.pdf",
    "/oversight/consent-log/print/",
)
# Asks for the file of a long log to be made; nothing else here can be sent.
MAKE = "/oversight/consent-log/pdf/"
TRAIL = ("/oversight/audit-trail/",)
MAY = {
    "farah": {*FINDINGS, *LOG, MAKE, *TRAIL},
    "rao": set(TRAIL),
    "meera": set(TRAIL),
    "asha": set(),
    "sanjay": set(),
    "admin": set(),
    "norole": set(),
}


@pytest.mark.parametrize("name", MAY)
@pytest.mark.parametrize("url", [*FINDINGS, *LOG, MAKE, *TRAIL])
def test_each_page_is_refused_to_whom_it_is_not_for(cast: Cast, page: Any, name: str, url: str) -> None:
    expected = 200 if url in MAY[name] else 403
    assert page(getattr(cast, name)).get(url).status_code == expected


@pytest.mark.parametrize("name", ["asha", "rao", "meera", "sanjay"])
def test_a_consent_story_is_the_auditors(cast: Cast, records: Records, page: Any, name: str) -> None:
    code = records.participant().code
    assert page(getattr(cast, name)).get(f"/oversight/consent/{code}/").status_code == 403


@pytest.mark.parametrize("url", [*FINDINGS, *LOG, *TRAIL])
def test_nothing_can_be_sent(cast: Cast, page: Any, url: str) -> None:
    assert page(cast.farah).post(url).status_code == 405


@pytest.mark.parametrize("name", ["asha", "meera", "norole"])
def test_a_file_is_made_for_auditors_alone(cast: Cast, page: Any, name: str) -> None:
    assert page(getattr(cast, name)).post(MAKE).status_code == 403
    assert not Job.objects.exists()


@pytest.fixture
def pune_auditor(cast: Cast) -> User:
    user = User.objects.create(username="lalita", display_name="Lalita")
    Membership.objects.create(user=user, role="ethics_auditor", site=cast.pune, valid_from="2020-01-01")
    return user


def test_an_auditor_of_one_site_sees_that_site(
    cast: Cast, records: Records, page: Any, pune_auditor: User
) -> None:
    foreign, own = records.participant(), records.participant(site=cast.pune)
    for participant in (foreign, own):
        records.visit(participant)
        records.consent(participant)
    browser = page(pune_auditor)
    assert browser.get(f"/oversight/consent/{foreign.code}/").status_code == 404
    assert browser.get(f"/oversight/consent/{own.code}/").status_code == 200
    for url in ("/oversight/2/", *LOG, *TRAIL):
        answer = browser.get(url)
        text = (answer.getvalue() if answer.streaming else answer.content).decode("utf-8", "replace")
        assert foreign.code not in text, url
        assert own.code in text or url.endswith(".pdf"), url
    assert browser.get(f"{TRAIL[0]}?participant={foreign.code}").context["entries"] == []


def test_an_unknown_question_is_not_found(cast: Cast, page: Any) -> None:
    assert page(cast.farah).get("/oversight/17/").status_code == 404
    assert page(cast.farah).get("/oversight/consent/MUM-9999-X/").status_code == 404


def test_each_look_is_logged(cast: Cast, records: Records, page: Any) -> None:
    participant = records.participant()
    browser = page(cast.farah)
    browser.get("/oversight/?site=MUM")
    browser.get("/oversight/4/")
    browser.get(f"/oversight/consent/{participant.code}/")
    b"".join(browser.get("/oversight/consent-log.csv?kind=withdrawal").streaming_content)
    browser.get("/oversight/audit-trail/")
    looks = list(Look.objects.order_by("id").values_list("what", "participant_code", "detail"))
    assert looks == [
        ("findings", "", "site: MUM"),
        ("finding", "", "number: 4"),
        ("consent_story", participant.code, ""),
        ("consent_log_file", "", "as: csv; kind: withdrawal"),
        ("audit_trail", "", ""),
    ]
    assert set(Look.objects.values_list("user__username", flat=True)) == {"farah"}
    shown = browser.get("/oversight/views/").content.decode()
    assert participant.code in shown and "number: 4" in shown
    assert Look.objects.last().what == "looks"


def test_a_refused_look_leaves_no_entry(cast: Cast, page: Any) -> None:
    page(cast.asha).get("/oversight/")
    page(cast.farah).get("/oversight/consent/MUM-9999-X/")
    assert not Look.objects.exists()


@pytest.mark.parametrize("statement", ["UPDATE {} SET detail = 'other'", "DELETE FROM {}", "TRUNCATE {}"])
def test_the_log_of_looks_is_never_changed(cast: Cast, page: Any, statement: str) -> None:
    page(cast.farah).get("/oversight/")
    with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement.format(Look._meta.db_table))
    entry = Look.objects.get()
    with pytest.raises(TypeError):
        entry.save()
    with pytest.raises(TypeError):
        entry.delete()


def test_the_pages_of_looks_are_read_by_key(cast: Cast, page: Any) -> None:
    Look.objects.bulk_create(
        Look(user=cast.farah, what="findings", detail=f"look {number}.") for number in range(120)
    )
    browser = page(cast.farah)
    first = browser.get("/oversight/views/?user=farah")
    assert "look 119." in first.content.decode() and "look 69." not in first.content.decode()
    second = browser.get("/oversight/views/" + first.context["next_url"]).content.decode()
    assert "look 69." in second and "look 119." not in second


# --- the log of looks: who, what, when -------------------------------------------------------------------


def shown(browser: Any, query: str) -> list[str]:
    return [row[5] for row in browser.get("/oversight/views/" + query).context["rows"]]


@pytest.mark.parametrize(
    ("query", "seen"),
    [
        ("?user=farah", {"one"}),
        ("?user=far", set()),
        ("?what=identity", {"two"}),
        ("?what=nonsense", {"one", "two", "three"}),
        ("?participant=mum-0001", {"two"}),
        ("?participant=0001", set()),
        ("?since=2000-01-01&until=2001-01-01", set()),
        ("?since=2000-01-01", {"one", "two", "three"}),
        ("?until=9999-12-31", {"one", "two", "three"}),
    ],
)
def test_looks_narrowed(cast: Cast, page: Any, query: str, seen: set[str]) -> None:
    log_look(what="findings", by=cast.farah, detail="one")
    log_look(what="identity", by=cast.asha, site=cast.mumbai, participant_code="MUM-0001-K", detail="two")
    log_look(what="export", by=cast.sanjay, detail="three")
    assert set(shown(page(cast.farah), query)) - {""} == seen


def test_looks_at_another_site_are_not_shown(cast: Cast, page: Any, pune_auditor: User) -> None:
    log_look(what="identity", by=cast.asha, site=cast.mumbai, participant_code="MUM-0001-K", detail="foreign")
    log_look(what="identity", by=cast.vikram, site=cast.pune, participant_code="PUN-0001-K", detail="own")
    browser = page(pune_auditor)
    assert "own" in shown(browser, "") and "foreign" not in shown(browser, "")
    text = b"".join(browser.get("/oversight/views.csv").streaming_content).decode()
    assert "PUN-0001-K" in text and "MUM-0001-K" not in text


def test_the_file_of_looks_is_whole_and_safe(cast: Cast, page: Any) -> None:
    for number in range(120):
        log_look(what="export", by=cast.sanjay, detail=f"=look {number}")
    lines = b"".join(page(cast.farah).get("/oversight/views.csv?user=sanjay").streaming_content).decode()
    rows = list(csv.DictReader(io.StringIO(lines)))
    assert [row["detail"] for row in rows] == [f"'=look {number}" for number in range(120)]
    assert Look.objects.last().what == "looks_file"
