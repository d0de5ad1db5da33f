"""The worklist: whom it is for, what is due by the protocol, and that it stays as quick with many people."""

from __future__ import annotations

import datetime as dt
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from apps.casebook import worklist, worklist_page
from apps.consent import actions as consent
from apps.enrolment import actions as enrolment
from apps.visits.selectors import schedules
from studyportal import protocol
from studyportal.queries import actions as query_actions
from tests.apps.casebook.conftest import Cohort
from tests.apps.enrolment.criteria import met
from tests.cast import Cast

pytestmark = pytest.mark.django_db
URL = "/worklist/"


@pytest.mark.parametrize("name", ["sanjay", "farah", "admin", "norole"])
def test_refused_to_those_who_enter_nothing(cast: Cast, page: Any, name: str) -> None:
    assert page(getattr(cast, name)).get(URL).status_code == 403


def test_a_stranger_is_asked_to_sign_in(client: Any, db: Any) -> None:
    assert client.get(URL).status_code == 302


def test_another_sites_work_is_not_shown(cast: Cast, cohort: Cohort, page: Any) -> None:
    other = cohort.case(day_0=timezone.localdate() - dt.timedelta(days=40), site=cast.pune)
    assert other.code not in page(cast.asha).get(URL).content.decode()
    assert other.code in page(cast.vikram).get(URL).content.decode()


def test_nothing_to_do_says_so(cast: Cast, page: Any) -> None:
    answer = page(cast.asha).get(URL).content.decode()
    assert "No visit is overdue" in answer
    assert "No question is open." in answer


def test_due_dates_agree_with_the_schedule_of_visits(cast: Cast, cohort: Cohort) -> None:
    """The SQL of the worklist and the selectors of visits are two readings of one protocol."""
    today = timezone.localdate()
    people = [cohort.case(day_0=today - dt.timedelta(days=days)) for days in (0, 1, 29, 33, 45, 80, 170, 400)]
    people += [cohort.control(index=today - dt.timedelta(days=days)) for days in (0, 30, 60, 364)]
    people += [cohort.case(day_0="2026-01"), cohort.case()]
    cohort.visit(people[3], "D1", str(today - dt.timedelta(days=32)))
    noon = dt.datetime.combine(today, dt.time(12), dt.UTC)  # of the same day at the site
    found = worklist.visits_due([cast.mumbai], limit=1000, now=noon)
    listed = {(row.code, row.key, row.state, row.earliest, row.latest) for row in found.rows}
    expected = set()
    for participant in people:
        for row in schedules([participant])[participant.pk]:
            state = row.state(today)
            if row.due is None or state not in ("due", "overdue", "upcoming"):
                continue
            if state == "upcoming":
                if (row.due.earliest - today).days > worklist.SOON_DAYS:
                    continue
                state = "soon"
            expected.add((participant.code, row.key, state, row.due.earliest, row.due.latest))
    assert listed == expected
    assert found.total == len(expected)
    assert found.counts == {
        name: sum(row[2] == name for row in expected) for name in ("overdue", "due", "soon")
    }


@pytest.mark.parametrize("status", ["withdrawn", "completed"])
def test_nothing_is_due_after_the_end(cast: Cast, cohort: Cohort, status: str) -> None:
    participant = cohort.case(day_0=timezone.localdate() - dt.timedelta(days=40))
    type(participant).objects.filter(pk=participant.pk).update(status=status)
    assert worklist.visits_due([cast.mumbai], limit=10).total == 0


def test_today_is_the_sites_own(cast: Cast, cohort: Cohort) -> None:
    """At 20:00 UTC it is already tomorrow in Mumbai: a window that ended today there is overdue."""
    cohort.case(day_0="2026-01-01")
    noon = dt.datetime(2026, 2, 5, 12, tzinfo=dt.UTC)
    at_noon = {row.key: row.state for row in worklist.visits_due([cast.mumbai], limit=99, now=noon).rows}
    evening = noon + dt.timedelta(hours=8)
    at_night = {row.key: row.state for row in worklist.visits_due([cast.mumbai], limit=99, now=evening).rows}
    assert (at_noon["M1"], at_night["M1"]) == ("due", "overdue")


def test_each_row_leads_to_where_it_is_done(cast: Cast, cohort: Cohort, page: Any) -> None:
    today = timezone.localdate()
    participant = cohort.case(day_0=today - dt.timedelta(days=30))
    visit = cohort.visit(participant, "M1", str(today))
    record = cohort.form("vital-signs", visit=visit, complete=False, weight="61.2")
    query = query_actions.raise_query(participant=participant, message="Which insulin?", by=cast.meera)
    answer = page(cast.asha).get(URL).content.decode()
    assert f"/participants/{participant.code}/visits/new/?key=D1" in answer
    assert record.get_absolute_url() in answer
    assert reverse("casebook:visit", args=[participant.code, visit.pk]) in answer
    assert f"#query-{query.pk}" in answer
    assert "Which insulin?" in answer


def test_a_list_shows_its_beginning_and_all_on_request(cast: Cast, cohort: Cohort, page: Any) -> None:
    participant = cohort.case()
    for number in range(20):
        query_actions.raise_query(participant=participant, message=f"Question {number}.", by=cast.meera)
    short = page(cast.asha).get(URL).content.decode()
    assert "Question 14." in short and "Question 15." not in short and "5 more" in short
    assert "Question 19." in page(cast.asha).get(f"{URL}?show=queries").content.decode()


def test_the_number_of_queries_does_not_grow(cast: Cast, cohort: Cohort, page: Any) -> None:
    today = timezone.localdate()

    def some(count: int) -> int:
        for number in range(count):
            participant = cohort.case(day_0=today - dt.timedelta(days=20 + number))
            visit = cohort.visit(participant, "D7", str(today))
            cohort.form("vital-signs", visit=visit, complete=False, weight="61.2")
            query_actions.raise_query(participant=participant, message="Why?", by=cast.meera)
        browser = page(cast.asha)
        with CaptureQueriesContext(connection) as captured:
            assert browser.get(URL).status_code == 200
        return len(captured)

    assert some(3) == some(27)


def test_approvals_that_lapse_or_have_lapsed_are_on_the_list(cast: Cast, page: Any) -> None:
    from tests.approvals import lapse, none_at

    today = timezone.localdate(timezone=ZoneInfo(cast.mumbai.timezone))
    assert (
        "Every approval holds, and none lapses within 60 days." in page(cast.asha).get(URL).content.decode()
    )
    lapse(cast.mumbai, today + dt.timedelta(days=12))
    lapse(cast.mumbai, today - dt.timedelta(days=1), "regulator")
    none_at(cast.pune)
    said = page(cast.asha).get(URL).content.decode()
    assert "Lapses soon" in said
    assert "in 12 days" in said
    assert "Lapsed" in said
    assert "/sites/MUM/start-up/#ethics_committee" in said
    assert "/sites/PUN/" not in said
    assert "/sites/PUN/start-up/#regulator" in page(cast.meera).get(URL).content.decode()


# --- screening ------------------------------------------------------------------------------------------


def listed(text: str, section: str) -> str:
    """The part of the page from the title of a section to its end."""
    return text.split(f'id="title-{section}"', 1)[1].split("</section>", 1)[0]


def test_screening_that_waits_for_a_decision(cast: Cast, page: Any) -> None:
    today = timezone.localdate()

    def screened(days: int, site: Any = None) -> Any:
        day = today - dt.timedelta(days=days)
        return enrolment.screening.open_entry(site=site or cast.mumbai, by=cast.asha, screened_on=day)

    late, fresh, foreign, done = screened(30), screened(3), screened(30, cast.pune), screened(40)
    enrolment.screening.conclude(entry=done, outcome="declined", by=cast.asha, on=today, reason_code="travel")
    section = listed(page(cast.asha).get(URL).content.decode(), "screening")
    assert late.number in section
    assert not any(entry.number in section for entry in (fresh, foreign, done))


def test_criteria_of_a_participant_that_nobody_answered(cast: Cast, page: Any) -> None:
    control = enrolment.screening.open_entry(
        site=cast.mumbai, by=cast.asha, screened_on="2026-10-01", considered_for="control"
    )
    open_group = enrolment.screening.open_entry(site=cast.mumbai, by=cast.asha, screened_on="2026-10-01")
    unregistered = enrolment.screening.open_entry(site=cast.mumbai, by=cast.asha, screened_on="2026-10-01")
    for entry in (control, open_group):
        enrolment.register_entry(entry=entry, by=cast.asha)
        entry.refresh_from_db()

    def section() -> str:
        return listed(page(cast.asha).get(URL).content.decode(), "criteria")

    assert control.number in section() and open_group.number in section()
    assert unregistered.number not in section()
    of_controls = {
        key: given for key, given in met().items() if not protocol.current().eligibility[key].groups
    }
    for entry in (control, open_group):
        enrolment.eligibility.answer(entry=entry, by=cast.asha, answers=of_controls)
    assert control.number not in section(), "what counts for cases only is not asked of a control"
    assert open_group.number not in section(), "while the group is open, one group is enough"
    enrolment.assign_group(participant=open_group.participant, group="case", by=cast.asha)
    assert open_group.number in section()


# --- consent --------------------------------------------------------------------------------------------


def test_what_of_consent_is_due(cast: Cast, cohort: Cohort, page: Any, monkeypatch: Any) -> None:
    participant = cohort.case()
    entry = consent.record_event(
        participant=participant,
        kind="consent",
        by=cast.asha,
        signer="participant",
        signed_on="2026-01-02",
        copy_given=False,
    )
    foreign = cohort.case(site=cast.pune)
    section = listed(page(cast.asha).get(URL).content.decode(), "consent")
    assert participant.code in section and foreign.code not in section
    assert f"/participants/{participant.code}/consent/entries/{entry.pk}/copy/" in section
    assert "Overdue" in section
    # A large site: the page comes at once, and this part by itself.
    monkeypatch.setattr(worklist_page, "CONSENT_AT_ONCE", 0)
    whole = page(cast.asha).get(URL).content.decode()
    assert participant.code not in listed(whole, "consent")
    assert "/worklist/?part=consent" in whole
    part = page(cast.asha).get(f"{URL}?part=consent").content.decode()
    assert participant.code in listed(part, "consent") and 'id="title-visits"' not in part


def test_the_casebook_says_what_is_due_and_leads_there(cast: Cast, cohort: Cohort, page: Any) -> None:
    participant = cohort.case()
    said = page(cast.asha).get(f"/participants/{participant.code}/").content.decode()
    assert f'href="/participants/{participant.code}/consent/"' in said
    assert "Consent to take part is not in force" in said
