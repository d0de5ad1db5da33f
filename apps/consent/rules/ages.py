"""Ages that follow from what is recorded of an age on a day. Pure."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from apps.consent.rules.events import Age, AgeAt, PartialDay

LONGEST = 130  # years


def age_on(day: dt.date, *, known_age: int | None, known_on: PartialDay | None) -> tuple[int, int] | None:
    """Lowest and highest age on a day, from an age that was known on a (partial) date; None when not derivable.

    Without a birth date an age of 17 on some day means: born between 17 and just under 18 years before it.
    """
    if known_age is None or known_on is None or known_on.earliest is None or known_on.latest is None:
        return None
    least = _years_between(known_on.latest, day)
    most = _years_between(known_on.earliest, day)
    # The birthday may have passed in any part year begun since the age was known.
    lowest = known_age + least
    highest = known_age + most + (0 if known_on.earliest == known_on.latest == day else 1)
    return max(lowest, 0), max(highest, 0)


def _years_between(start: dt.date, end: dt.date) -> int:
    """Whole years from start to end, rounded down (negative when end is before start)."""
    return end.year - start.year - ((end.month, end.day) < (start.month, start.day))


@dataclass(frozen=True)
class KnownAges:
    """The age as the sealed birth date tells it (`exact`); without one, as the ages on record bound it.

    recorded: (age, on which day) of the demographics and of each signature. stated: the age that holds when no age has
    a day, as in a published case.
    """

    recorded: Sequence[tuple[int | None, PartialDay | None]] = ()
    exact: AgeAt | None = None
    stated: int | None = None

    def on(self, day: dt.date) -> tuple[int, int] | None:
        if self.exact is not None:
            return self.exact.on(day)
        ranges = [
            found for age, when in self.recorded if (found := age_on(day, known_age=age, known_on=when))
        ]
        if ranges:
            lowest, highest = max(one[0] for one in ranges), min(one[1] for one in ranges)
            return (lowest, highest) if lowest <= highest else ranges[0]
        return None if self.stated is None else (self.stated, self.stated)


@dataclass(frozen=True)
class AgeOnce:
    """An age that is known on one day, and on no other."""

    age: Age
    day: dt.date | None

    def on(self, day: dt.date) -> tuple[int, int] | None:
        if day != self.day or self.age is None:
            return None
        return (self.age, self.age) if isinstance(self.age, int) else self.age


def first_day_at(ages: AgeAt, age: int, near: dt.date, *, highest: bool) -> dt.date | None:
    """The first day on which the person may (highest) or must have reached the age; None when that cannot be told.

    Found by asking day after day from `near`, with halved steps: whoever knows the days may print them, and whoever
    may not must not be given the answer.
    """

    def reached(day: dt.date) -> bool | None:
        found = ages.on(day)
        return None if found is None else (found[1] if highest else found[0]) >= age

    now = reached(near)
    if now is None:
        return None
    step, other = 366, near
    while (then := reached(other)) is now:
        if step > LONGEST * 366:
            return None
        try:
            other += dt.timedelta(days=-step if now else step)
        except OverflowError:
            return None
        step *= 2
    if then is None:
        return None
    before, after = (other, near) if now else (near, other)
    while (after - before).days > 1:
        middle = before + (after - before) // 2
        before, after = (before, middle) if reached(middle) else (middle, after)
    return after
