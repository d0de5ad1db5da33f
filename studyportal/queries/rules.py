"""How old a question is. Pure: days come in, days go out.

The age of a query is the number of days since it was last asked, by the calendar of its site: asked today it is 0 days
old, whatever the hour.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from enum import StrEnum


class Age(StrEnum):
    """The columns of the board: how long a query has waited."""

    WEEK = "week"
    FORTNIGHT = "fortnight"
    MONTH = "month"
    OLDER = "older"


@dataclass(frozen=True)
class Band:
    """first and last: days, both included; last None: without end."""

    age: Age
    first: int
    last: int | None


BANDS = (
    Band(Age.WEEK, 0, 7),
    Band(Age.FORTNIGHT, 8, 14),
    Band(Age.MONTH, 15, 30),
    Band(Age.OLDER, 31, None),
)


def age_in_days(asked_on: dt.date, today: dt.date) -> int:
    """Never negative: a clock that goes back makes no question younger than new."""
    return max(0, (today - asked_on).days)


def band_of(days: int) -> Age:
    return next(band.age for band in BANDS if band.last is None or days <= band.last)


def band(age: Age) -> Band:
    return next(one for one in BANDS if one.age == age)
