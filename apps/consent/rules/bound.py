"""Who is bound to sign on a day: by age and capacity, now and before the last change of them. Pure."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

from apps.consent.rules.ages import first_day_at
from apps.consent.rules.events import (
    LAR_CONSENT,
    OPTIONAL,
    ORAL_ASSENT,
    OWN_CONSENT,
    PARTICIPATION,
    WRITTEN_ASSENT,
    AgeAt,
    Event,
    Moment,
    Verdict,
)
from apps.consent.rules.signed import bounds, day_of, signed_by
from apps.consent.rules.terms import Terms

ASSENTS = (ORAL_ASSENT, WRITTEN_ASSENT)
CANNOT_DECIDE = "cannot_decide"


@dataclass(frozen=True)
class Earlier:
    """Who had to sign before somebody's birthday or a change of capacity, and whether that may still carry.

    grace: whether the days to sign anew have not passed. kind: of the Due that follows. age: the one that was reached.
    """

    kind: str
    needed: tuple[str, ...]
    grace: Verdict
    age: int = 0


class Bound:
    """Who must sign at a moment. log: the entries with their corrections applied."""

    def __init__(self, log: Sequence[Event], terms: Terms, on: Moment, ages: AgeAt | None) -> None:
        self.log, self.terms, self.on, self.ages = log, terms, on, ages
        self.day = day_of(on)
        self._needed: dict[tuple[int, str], tuple[str, ...]] = {}

    @cached_property
    def _capacities(self) -> Sequence[Event]:
        """The entries that say whether the participant can decide, in order of signing."""
        stated = [e for e in self.log if e.capacity is not None and signed_by(e, self.on) != "no"]
        return sorted(stated, key=lambda e: ((bounds(e) or (dt.date.min,))[0], e.id))

    @cached_property
    def can_decide(self) -> bool:
        return not self._capacities or self._capacities[-1].capacity != CANNOT_DECIDE

    @property
    def capacity(self) -> str | None:
        """As it was said last; None when nobody said."""
        return self._capacities[-1].capacity if self._capacities else None

    @cached_property
    def _capacity_changed(self) -> tuple[dt.date, dt.date] | None:
        """When what holds of the capacity was first said after the contrary; None when it never changed."""
        since: Event | None = None
        for event in self._capacities:
            if (event.capacity != CANNOT_DECIDE) == self.can_decide:
                since = since or event
            else:
                since = None
        # Before anything was said the participant could decide.
        changed = since is not None and (not self.can_decide or since is not self._capacities[0])
        return bounds(since) if changed and since is not None else None

    def needed(self, age: int, purpose: str = PARTICIPATION) -> tuple[str, ...]:
        key = (age, purpose)
        if key not in self._needed:
            asked = self.terms.signatures_at(age, can_decide=self.can_decide)
            self._needed[key] = for_purpose(purpose, asked)
        return self._needed[key]

    def consenting(self, ages: Sequence[int]) -> str:
        """Who consents at the youngest of these ages: the participant or a representative."""
        return LAR_CONSENT if LAR_CONSENT in self.needed(ages[0]) else OWN_CONSENT

    def earlier(self, age: int) -> list[Earlier]:
        """What held before the last birthday into this band, and before the last change of capacity."""
        now, found = self.needed(age), []
        begins = max((band.from_age for band in self.terms.bands if band.from_age <= age), default=0)
        if begins > 0 and self.can_decide:
            before = self.terms.signatures_at(begins - 1)
            if set(before) != set(now):
                goes_on = self.terms.after_birthday == "goes_on"
                grace = "yes" if goes_on else self._birthday_grace(begins)
                found.append(Earlier("birthday", before, grace, begins))
        if self._capacity_changed is not None:
            before = self.terms.signatures_at(age, can_decide=not self.can_decide)
            if set(before) != set(now):
                found.append(Earlier("capacity", before, self._grace(self._capacity_changed)))
        return found

    def changed(self, before: Earlier) -> tuple[dt.date, dt.date] | None:
        """The first and the last day on which the change can have come."""
        return self._birthday(before.age) if before.kind == "birthday" else self._capacity_changed

    def _birthday(self, age: int) -> tuple[dt.date, dt.date] | None:
        if self.ages is None or self.day is None:
            return None
        first = first_day_at(self.ages, age, self.day, highest=True)
        last = first_day_at(self.ages, age, self.day, highest=False)
        return None if first is None or last is None else (first, last)

    def _birthday_grace(self, age: int) -> Verdict:
        if self.ages is None or self.day is None:
            return "no"
        then = self.ages.on(self.day - dt.timedelta(days=self.terms.resign_within_days + 1))
        if then is None or then[0] >= age:
            return "no"
        return "yes" if then[1] < age else "indeterminate"

    def _grace(self, changed: tuple[dt.date, dt.date]) -> Verdict:
        if self.day is None:
            return "indeterminate"
        days = dt.timedelta(days=self.terms.resign_within_days)
        if self.day <= changed[0] + days:
            return "yes"
        return "no" if self.day > changed[1] + days else "indeterminate"


def for_purpose(purpose: str, signatures: Iterable[str]) -> tuple[str, ...]:
    """The signatures that a purpose asks for: an optional item is agreed to by who consents, without assent."""
    if purpose not in OPTIONAL:
        return tuple(signatures)
    return tuple(signature for signature in signatures if signature not in ASSENTS)
