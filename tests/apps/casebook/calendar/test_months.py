"""Months and weeks: the edges of years, leap days, and months that begin or end on any day."""

from __future__ import annotations

import datetime as dt

import pytest

from apps.casebook.calendar import months

TODAY = dt.date(2026, 11, 30)


@pytest.mark.parametrize(
    "text", ["", "2026", "2026-13", "2026-00", "1789-07", "2101-01", "२०२६-०१", "2026-1", "x" * 90]
)
def test_what_is_no_month_opens_this_one(text: str) -> None:
    assert months.read_month(text, TODAY).key == "2026-11"


@pytest.mark.parametrize(
    ("key", "last", "weeks", "first_monday"),
    [
        ("2026-02", dt.date(2026, 2, 28), 5, dt.date(2026, 1, 26)),
        ("2024-02", dt.date(2024, 2, 29), 5, dt.date(2024, 1, 29)),
        ("2021-02", dt.date(2021, 2, 28), 4, dt.date(2021, 2, 1)),  # begins on a Monday, ends on a Sunday
        ("2026-08", dt.date(2026, 8, 31), 6, dt.date(2026, 7, 27)),
    ],
)
def test_a_month_is_whole_weeks(key: str, last: dt.date, weeks: int, first_monday: dt.date) -> None:
    month = months.read_month(key, TODAY)
    assert (month.last, len(month.weeks), month.weeks[0][0]) == (last, weeks, first_monday)
    days = [day for week in month.weeks for day in week]
    assert days == [first_monday + dt.timedelta(days=n) for n in range(7 * weeks)]
    assert month.first in month.weeks[0] and month.last in month.weeks[-1]


def test_the_neighbours_over_the_turn_of_the_year() -> None:
    december = months.read_month("2025-12", TODAY)
    assert (december.before.key, december.after.key) == ("2025-11", "2026-01")


def test_the_load_counts_by_site_and_week_of_the_day() -> None:
    monday = dt.date(2026, 12, 28)
    load = months.load_of(
        dt.date(2026, 12, 30),
        2,
        ["MUM", "PUN"],
        due=[("MUM", monday), ("MUM", dt.date(2027, 1, 3)), ("MUM", dt.date(2027, 1, 4)), ("PUN", monday)],
        held=[("MUM", dt.date(2026, 12, 31)), ("MUM", dt.date(2026, 12, 27))],
    )
    assert [(one.site, one.number, one.due, one.held, one.total) for one in load] == [
        ("MUM", 53, 2, 1, 3),
        ("MUM", 1, 1, 0, 1),
        ("PUN", 53, 1, 0, 1),
        ("PUN", 1, 0, 0, 0),
    ]
