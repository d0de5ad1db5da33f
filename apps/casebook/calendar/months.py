"""Months and weeks, and what falls into them. Pure: days in, days out. Weeks begin on Monday, as ISO 8601 counts them."""

from __future__ import annotations

import datetime as dt
import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

WEEK = dt.timedelta(days=7)
_MONTH = re.compile(r"([0-9]{4})-(0[1-9]|1[0-2])", re.ASCII)
# The first and the last year that the calendar opens.
YEARS = range(1990, 2101)


@dataclass(frozen=True)
class Month:
    """first, last: its days. weeks: rows of seven days from the Monday on or before the first day."""

    first: dt.date
    last: dt.date

    @property
    def key(self) -> str:
        return f"{self.first:%Y-%m}"

    @property
    def before(self) -> Month:
        return month_of(self.first - dt.timedelta(days=1))

    @property
    def after(self) -> Month:
        return month_of(self.last + dt.timedelta(days=1))

    @property
    def weeks(self) -> list[list[dt.date]]:
        monday = monday_of(self.first)
        found = []
        while monday <= self.last:
            found.append([monday + dt.timedelta(days=day) for day in range(7)])
            monday += WEEK
        return found


def month_of(day: dt.date) -> Month:
    first = day.replace(day=1)
    return Month(first, (first + dt.timedelta(days=31)).replace(day=1) - dt.timedelta(days=1))


def read_month(text: str, today: dt.date) -> Month:
    """`2026-11` → the month; anything else is the month of today."""
    found = _MONTH.fullmatch(text)
    if found is None or int(found[1]) not in YEARS:
        return month_of(today)
    return month_of(dt.date(int(found[1]), int(found[2]), 1))


def monday_of(day: dt.date) -> dt.date:
    return day - dt.timedelta(days=day.weekday())


@dataclass(frozen=True)
class Week:
    """What one week asks of one site: visits with their target day in it, by state, and those that took place."""

    monday: dt.date
    site: str
    due: int
    held: int

    @property
    def total(self) -> int:
        return self.due + self.held

    @property
    def number(self) -> int:
        return self.monday.isocalendar().week


def load_of(
    first: dt.date,
    weeks: int,
    sites: Iterable[str],
    due: Iterable[tuple[str, dt.date]],
    held: Iterable[tuple[str, dt.date]],
) -> list[Week]:
    """The load of each site in each of so many weeks from that of `first`, also where it is none.

    due, held: (site, day) of each visit that is to be held, by its target day, and of each that took place.
    """
    mondays = [monday_of(first) + n * WEEK for n in range(weeks)]
    to_come = Counter((site, monday_of(day)) for site, day in due)
    done = Counter((site, monday_of(day)) for site, day in held)
    return [
        Week(monday, site, to_come[site, monday], done[site, monday]) for site in sites for monday in mondays
    ]
