"""Partial dates against each other: what can be said whatever their missing parts are."""

from __future__ import annotations

import datetime as dt
from typing import Any

DAYS_OF_A_YEAR = 365


def certainly_before(first: Any, second: Any) -> bool:
    """Whether the first lies before the second whatever their missing parts are; two ages compare by years.

    False when it cannot be told: a date and an age need the birth date.
    """
    if first is None or second is None:
        return False
    if first.age is not None and second.age is not None:
        return bool(first.age < second.age)
    if first.latest is None or second.earliest is None:
        return False
    return bool(first.latest < second.earliest)


def definitely_after(first: Any, second: Any) -> bool:
    """Whether one partial date lies after another whatever their missing parts are; False when it cannot be told."""
    return certainly_before(second, first)


def least_days_between(first: Any, second: Any) -> int | None:
    """The least number of days from the first to the second; None when it cannot be told."""
    if first is None or second is None:
        return None
    if first.age is not None and second.age is not None:
        # Age 12 and age 13 may be two days in a row; age 12 and age 14 are a year apart at least.
        return int(second.age - first.age - 1) * DAYS_OF_A_YEAR
    if first.latest is None or second.earliest is None:
        return None
    return int((second.earliest - first.latest).days)


def completed_years(birth: dt.date, day: dt.date) -> int:
    """Age in completed years, negative before birth. Who is born on 29 February is a year older on 1 March."""
    return day.year - birth.year - ((day.month, day.day) < (birth.month, birth.day))


def years_before(day: dt.date, years: int) -> dt.date:
    """The same day so many years before; 29 February becomes 28 February where there is none."""
    try:
        return day.replace(year=day.year - years)
    except ValueError:
        return day.replace(year=day.year - years, day=28)


def age_bounds(*, age: int, on: Any, at: Any) -> tuple[int, int] | None:
    """The least and greatest age in completed years `at` a partial date, of whom was `age` years old `on` another.

    None when one of the two is no calendar date.
    """
    if on is None or at is None or None in (on.earliest, on.latest, at.earliest, at.latest):
        return None
    youngest = years_before(on.latest, age)
    oldest = years_before(on.earliest, age + 1) + dt.timedelta(days=1)
    return completed_years(youngest, at.earliest), completed_years(oldest, at.latest)
