"""Ages that follow from what is recorded of an age on a day. Pure."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from apps.consent.rules.events import Age, AgeAt, Event, PartialDay

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
    a day, as in a published case. coarse: `exact` is told by the year alone, so what is on record narrows it.
    """

    recorded: Sequence[tuple[int, PartialDay]] = ()
    exact: AgeAt | None = None
    stated: int | None = None
    coarse: bool = False

    def on(self, day: dt.date) -> tuple[int, int] | None:
        born = None if self.exact is None else self.exact.on(day)
        if born is not None and not self.coarse:
            return born
        ranges = [
            found for age, when in self.recorded if (found := age_on(day, known_age=age, known_on=when))
        ]
        if born is not None:
            ranges.insert(0, born)
        if ranges:
            lowest, highest = max(one[0] for one in ranges), min(one[1] for one in ranges)
            return (lowest, highest) if lowest <= highest else ranges[0]
        return None if self.stated is None else (self.stated, self.stated)


def known_ages(
    events: Iterable[Event],
    *,
    known_age: int | None = None,
    known_on: PartialDay | None = None,
    exact: AgeAt | None = None,
    coarse: bool = False,
    past: bool = False,
) -> KnownAges:
    """What the log, the demographics (known_age on the day known_on) and the birth date tell of the age. past: the
    record is transcribed, so an age without a day is the age that its source states."""
    events = list(events)
    stated = [e.age_at_signature for e in events if e.age_at_signature is not None]
    pairs = [(known_age, known_on), *((e.age_at_signature, e.signed_on) for e in events)]
    return KnownAges(
        recorded=tuple((age, on) for age, on in pairs if age is not None and on is not None),
        exact=exact,
        stated=stated[-1] if stated else known_age if past else None,
        coarse=coarse,
    )


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
