"""The SQL of due lines and the Python of schedules are two readings of one protocol: they are held together here."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from apps.enrolment import actions as enrolment
from apps.enrolment.models import Participant
from apps.visits import actions, selectors
from studyportal.access.clock import day_at
from studyportal.access.models import Site
from tests.apps.enrolment.factories import a_case, a_control
from tests.apps.visits.amended import running, text_of
from tests.apps.visits.factories import a_visit
from tests.counting import questions

pytestmark = pytest.mark.django_db


def by_python(now: dt.datetime) -> set[tuple[Any, ...]]:
    people = list(Participant.objects.select_related("site"))
    schedules = selectors.schedules(people)
    return {
        (
            person.code,
            person.site.code,
            row.key,
            row.label,
            row.due.earliest,
            row.due.target,
            row.due.latest,
            state,
        )
        for person in people
        for row in schedules[person.pk]
        if row.left is None and row.due is not None
        for state in [row.state(day_at(person.site, now))]
        if state in ("upcoming", "due", "overdue")
    }


def by_sql(now: dt.datetime) -> set[tuple[Any, ...]]:
    found = selectors.due_lines(list(Site.objects.all()), now=now)
    assert found.total == len(found.lines) == sum(found.counts.values())
    return {
        (one.code, one.site, one.key, one.label, one.earliest, one.target, one.latest, one.state)
        for one in found.lines
    }


def moved(person: Any, **values: Any) -> Any:
    """Facts that only a long way through the study makes."""
    Participant.objects.filter(pk=person.pk).update(**values)
    return Participant.objects.select_related("site").get(pk=person.pk)


def everybody(cast: Any) -> list[Any]:
    """People in every position that decides what is due."""
    people = []
    for n, day0 in enumerate(("2026-01-01", "2026-02-27", "2026-02-28", "2026-03-01", "2024-02-29")):
        case = a_case(cast, by=cast.meera, site=cast.pune if n % 2 else cast.mumbai)
        a_visit(case, "S1", day0, cast.meera)
        people.append(case)
    people += [a_control(cast, index_date=dt.date(2026, 1, n)) for n in (1, 15, 31)]
    people.append(a_case(cast))  # no anchor at all
    by_month = a_case(cast)
    a_visit(by_month, "S1", "2026-01", cast.asha)
    enrolled = moved(a_case(cast), enrolled_on="2026-01-10")
    a_visit(enrolled, "S1", "2026-01-20", cast.asha)
    moved(a_case(cast), enrolled_on="2026-02")
    # Month 1 was held (late), missed, planned only, and held on a day that nobody knows.
    for status, on in (
        ("done", "2026-03-09"),
        ("missed", None),
        ("planned", None),
        ("done", None),
        ("done", "2026-03"),
    ):
        case = a_case(cast)
        a_visit(case, "S1", "2026-01-25", cast.asha)
        more = {"missed_code": "travel"} if status == "missed" else {}
        a_visit(case, "M1", on, cast.asha, status=status, **more)
        people.append(case)
    second = a_case(cast)
    a_visit(second, "S1", "2026-01-02", cast.asha)
    a_visit(second, "S2", "2026-02-20", cast.asha)
    a_visit(second, "UNS", "2026-02-21", cast.asha)
    # A control who was treated: visits of the time before are not those of the case.
    for held in (False, True):
        control = a_control(cast, index_date=dt.date(2025, 11, 1))
        a_visit(control, "S1", "2025-11-01", cast.asha)
        a_visit(control, "M1", "2025-12-01", cast.asha)
        crossed = enrolment.cross_over(
            participant=control, treated_on=dt.date(2026, 1, 15), by=cast.asha, reason="Treated elsewhere"
        )
        if held:
            a_visit(crossed, "S1", "2026-01-16", cast.asha)
            a_visit(crossed, "M1", "2026-02-15", cast.asha)
    published = a_case(cast, by=cast.meera, retrospective=True)
    a_visit(published, "S1", "2016-11-01", cast.meera)
    left = a_case(cast)
    a_visit(left, "S1", "2026-01-01", cast.asha)
    moved(left, status="withdrawn", status_since="2026-02-01")
    return people


# Both sides of midnight in India, in UTC, and at the edges of windows.
MOMENTS = ("2026-02-27T18:29:59+00:00", "2026-02-27T18:30:01+00:00", "2026-02-28T23:59:59+00:00",
           "2026-03-01T00:00:01+00:00", "2026-03-31T12:00:00+00:00", "2026-12-31T20:00:00+00:00")  # fmt: skip


@pytest.mark.parametrize("calls", [False, True], ids=["the study's protocol", "every anchor"])
def test_sql_and_python_agree(cast: Any, calls: bool) -> None:
    Site.objects.filter(pk=cast.pune.pk).update(timezone="America/New_York")
    with running(text_of("9.0", calls=calls)):
        everybody(cast)
        for moment in MOMENTS:
            now = dt.datetime.fromisoformat(moment)
            expected = by_python(now)
            assert len({row[-1] for row in expected}) == 3, "every state is there"
            assert by_sql(now) == expected, moment


@pytest.mark.parametrize("in_force_on", ["", "2026-03-01", "2026-06-01"])
@pytest.mark.parametrize("applies_to", ["everyone", "new_participants"])
def test_sql_and_python_agree_on_amendments(cast: Any, applies_to: str, in_force_on: str) -> None:
    old = text_of("8.0", windows={"M1": 1, "M3": 40})
    middle = text_of("8.1", without="M6", in_force_on="2026-01-20")
    new = text_of("9.0", calls=True, without="M9", applies_to=applies_to, in_force_on=in_force_on)
    with running(old, middle, new):
        people = everybody(cast)
        for person, version in zip(
            people, ["8.0", "8.1", "9.0", "7.7", "8.0", "8.1", "9.0", ""], strict=False
        ):
            moved(person, protocol_version=version)
        for moment in MOMENTS:
            now = dt.datetime.fromisoformat(moment)
            with_clock = by_python_on(now)
            assert by_sql(now) == with_clock, moment


def by_python_on(now: dt.datetime) -> set[tuple[Any, ...]]:
    """by_python, when today in the study is the day of that moment."""
    from unittest.mock import patch

    from django.utils import timezone

    with patch("studyportal.protocol.versions._today", lambda: timezone.localdate(now)):
        return by_python(now)


def test_windows_that_touch_the_days_asked_for(cast: Any) -> None:
    case = a_case(cast)
    a_visit(case, "S1", "2026-01-01", cast.asha)  # M1: 26 Jan to 5 Feb; D7: 6 to 10 Jan
    now = dt.datetime(2026, 1, 5, 12, tzinfo=dt.UTC)

    def keys(first: str, last: str, who: Any = None) -> list[str]:
        days = dt.date.fromisoformat(first), dt.date.fromisoformat(last)
        return [line.key for line in selectors.due_between(who or cast.asha, *days, now=now)]

    assert keys("2026-01-26", "2026-01-26") == ["M1"]
    assert keys("2026-01-25", "2026-01-25") == []
    assert keys("2026-02-05", "2026-02-05") == ["M1"]
    assert keys("2026-02-06", "2026-02-06") == []
    assert keys("2026-01-10", "2026-01-26") == ["D7", "M1"]
    assert keys("2026-01-10", "2026-01-26", cast.vikram) == [], "another site's"
    a_visit(case, "D7", None, cast.asha, status="planned")
    line = selectors.due_between(cast.asha, dt.date(2026, 1, 6), dt.date(2026, 1, 6), now=now)[0]
    assert (line.state, line.days, line.visit_id) == ("upcoming", 3, case.visits.get(key="D7").pk)


def test_one_query_whatever_the_number(cast: Any) -> None:
    for n in range(1, 6):
        a_visit(a_case(cast), "S1", f"2026-01-0{n}", cast.asha)
    sites = [cast.mumbai, cast.pune]
    with questions() as asked:
        assert selectors.due_lines(sites, limit=2).total > 2
    assert len(asked) == 1
    with CaptureQueriesContext(connection) as captured:
        assert selectors.due_lines([]).total == 0
    assert not captured


def test_a_visit_counted_from_another_moves_with_it(cast: Any) -> None:
    with running(text_of("9.0", calls=True)):
        case = a_case(cast)
        a_visit(case, "S1", "2026-01-01", cast.asha)
        call = a_visit(case, "CALL1", "2026-02-14", cast.asha)
        assert (call.anchor, call.day_number, call.window_state) == ("previous_visit", 14, "in_window")
        month_1 = a_visit(case, "M1", "2026-02-04", cast.asha)
        call.refresh_from_db()
        assert (call.day_number, call.window_state) == (10, "early")
        assert case.deviations.get(code="visit_early").state == "open"
        rows = {row.key: row for row in selectors.schedule(case)}
        assert rows["CALL2"].due.target == dt.date(2026, 2, 28), "from the day on which the call was made"
        actions.change(visit=month_1, by=cast.asha, happened_on="2026-01-31", reason="Misread")
        call.refresh_from_db()
        assert (call.day_number, call.window_state) == (14, "in_window")
        assert case.deviations.get(code="visit_early").state == "withdrawn"
