"""Ages that follow from what is recorded of an age on a day. Pure."""

from __future__ import annotations

import datetime as dt

from apps.consent.rules.events import PartialDay


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
