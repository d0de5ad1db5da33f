"""The calendar: who sees it, which visits stand on which day, and that many cost no more queries."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from apps.casebook.calendar import reading
from apps.visits.selectors import schedules
from tests.apps.casebook.conftest import Cohort
from tests.cast import Cast
from tests.days import today

pytestmark = pytest.mark.django_db
URL = "/calendar/"


@pytest.mark.parametrize("name", ["admin", "norole"])
def test_refused_to_those_who_see_no_participants(cast: Cast, page: Any, name: str) -> None:
    assert page(getattr(cast, name)).get(URL).status_code == 403


def test_a_stranger_is_asked_to_sign_in(client: Any, db: Any) -> None:
    assert client.get(URL).status_code == 302


def test_another_sites_visits_are_not_shown(cast: Cast, cohort: Cohort, page: Any) -> None:
    day_0 = today() - dt.timedelta(days=40)
    other = cohort.case(day_0=day_0, site=cast.pune)
    for query in ("", "?site=PUN", "?show=load", f"?month={day_0:%Y-%m}", "?show=load&site=PUN"):
        answer = page(cast.asha).get(URL + query).content.decode()
        assert other.code not in answer and "Pune" not in answer
    assert other.code in page(cast.vikram).get(URL).content.decode()


@pytest.mark.parametrize("query", ["?month=2026-99", "?show=x", "?month=" + "9" * 500])
def test_what_nobody_can_mean_opens_this_month(cast: Cast, page: Any, query: str) -> None:
    assert page(cast.asha).get(URL + query).status_code == 200


def test_a_visit_stands_on_its_target_day_and_a_held_one_on_its_own(cast: Cast, cohort: Cohort) -> None:
    day_0 = today() - dt.timedelta(days=40)
    case = cohort.case(day_0=day_0)
    cohort.visit(case, "D7", happened_on=str(day_0 + dt.timedelta(days=9)))
    found = reading.entries([cast.mumbai], day_0, day_0 + dt.timedelta(days=100))
    plan = {row.key: row for row in schedules([case])[case.pk]}
    by_label = {one.label: one for one in found}
    assert by_label[plan["D7"].label].day == day_0 + dt.timedelta(days=9)
    assert by_label[plan["D7"].label].state == "done"
    m3 = plan["M3"]
    assert m3.due is not None
    assert (by_label[m3.label].day, by_label[m3.label].window) == (
        m3.due.target,
        (m3.due.earliest, m3.due.latest),
    )
    assert [one.day for one in found] == sorted(one.day for one in found)


def test_windows_that_reach_into_the_month_are_named(cast: Cast, cohort: Cohort, page: Any) -> None:
    day_0 = dt.date(2026, 1, 1)
    case = cohort.case(day_0=day_0)
    # Month 9: day 270 ± 27 is 1 September to 25 October 2026, its target 28 September.
    answer = page(cast.asha).get(URL + "?month=2026-10").content.decode()
    assert "Windows open in this month" in answer and case.code in answer
    september = page(cast.asha).get(URL + "?month=2026-09").content.decode()
    assert 'id="day-2026-09-28"' in september


def test_as_many_queries_for_many(cast: Cast, cohort: Cohort, page: Any) -> None:
    day_0 = today() - dt.timedelta(days=40)
    person = page(cast.asha)
    counts = []
    for more in (1, 6):
        for _n in range(more):
            cohort.visit(cohort.case(day_0=day_0), "D7", happened_on=str(day_0 + dt.timedelta(days=7)))
        for query in ("", "?show=load"):
            person.get(URL + query)
            with CaptureQueriesContext(
                connection,
            ) as seen:
                assert person.get(URL + query).status_code == 200
            counts.append(len(seen))
    assert counts[:2] == counts[2:]


def test_the_load_of_the_weeks(cast: Cast, cohort: Cohort, page: Any) -> None:
    now = today()
    case = cohort.case(day_0=now - dt.timedelta(days=29))  # Month 1 is tomorrow
    answer = page(cast.asha).get(f"{URL}?show=load&month={now:%Y-%m}").content.decode()
    assert "To be held" in answer and "most of these weeks" in answer
    assert case.code not in answer
