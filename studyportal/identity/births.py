"""Questions about a birth date that are answered without it, also for people who may not know it.

`ages_of` gives ages for decisions, `turning` the days of birthdays to who may see the identity. Of the questions that
are answered with yes or no, whoever may see the identity is answered by the day. Everybody else is answered by the year, which the age in the
demographics tells them anyway: by asking again and again (one refused save after another) nobody learns more than
that. A process that is closed to identities (IDENTITY=closed) cannot tell, and says so with None: what it saves is
found by `manage.py index_identities --check`, and by the next save where the keys are.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable, Mapping
from typing import Any, NoReturn

from django.conf import settings
from django.db.models import F

from studyportal.access import walls
from studyportal.access.models import User
from studyportal.access.permissions import Permission
from studyportal.identity import rules
from studyportal.identity.errors import CannotBeOpened
from studyportal.identity.models import Identity
from studyportal.identity.selectors import opened


class Ages:
    """The age of one person on any day, for a decision. It shows nothing of itself and cannot be stored.

    By asking day after day one learns the birth date: what is shown to a person who may not see the identity is told
    from `by_year()`.
    """

    __slots__ = ("_first", "_last")

    def __init__(self, first: dt.date, last: dt.date) -> None:
        self._first, self._last = first, last

    def on(self, day: dt.date) -> tuple[int, int]:
        """The lowest and the highest age in completed years that the person can have on the day; equal when the birth
        date is known to the day. A birthday of 29 February is 1 March in other years."""
        return max(rules.years(self._last, day), 0), max(rules.years(self._first, day), 0)

    def by_year(self) -> Ages:
        """What the year of birth alone tells, as the age in the demographics does anyway."""
        return Ages(dt.date(self._first.year, 1, 1), dt.date(self._last.year, 12, 31))

    def __repr__(self) -> str:
        return "<Ages: not shown>"

    __str__ = __repr__

    def __reduce_ex__(self, protocol: Any) -> NoReturn:
        raise TypeError("Ages go into no cache, session or message.")


def ages_of(participant_ids: Collection[int]) -> dict[int, Ages]:
    """Participant → ages, of those whose birth date is recorded and whom the caller reaches. A fixed number of queries.

    Empty in a process that is closed to identities.
    """
    return {pk: Ages(*born) for pk, born in _births_of(participant_ids).items()}


def turning(
    participant_ids: Collection[int], ages: Iterable[int], *, by: User
) -> dict[int, dict[int, tuple[dt.date, dt.date]]]:
    """Participant → age → the first and the last day on which the person may reach it (one day when the birth date is
    known to the day). Only of those whose identity `by` may see at their site; the others are left out."""
    wanted = tuple(ages)
    return {
        pk: {age: (rules.birthday(first, age), rules.birthday(last, age)) for age in wanted}
        for pk, (first, last) in _births_of(participant_ids, by=by).items()
    }


def _births_of(
    participant_ids: Collection[int], *, by: User | None = None
) -> dict[int, tuple[dt.date, dt.date]]:
    """The first and the last day on which each can be born. by: only where this person may see identities."""
    if settings.IDENTITY_CLOSED or not participant_ids:
        return {}
    # Joined with the participants, whom the wall between sites shows or not: the wall of identities is open meanwhile.
    rows = Identity.objects.filter(participant_id__in=participant_ids, participant__site_id=F("site_id"))
    if by is not None:
        rows = rows.visible_to(by, Permission.VIEW_IDENTITY)
    found = {}
    with walls.knowing_identities():
        for row in rows.only("participant_id", "site_id", "sealed", "key_id"):
            try:
                born = rules.births(opened(row).birth_date)
            except CannotBeOpened:
                continue
            if born is not None:
                found[row.participant_id] = born
    return found


def before_birth(participant: Any, date: Any, by: User | None) -> bool | None:
    """Whether a partial date lies before the participant's birth, whatever the missing parts of both are.

    date: anything with `latest`, its last possible day or None. None: cannot be told.
    """
    found = those_before_birth(participant, {"date": date}, by)
    return None if found is None else bool(found)


def those_before_birth(participant: Any, dates: Mapping[str, Any], by: User | None) -> frozenset[str] | None:
    """The names of the dates that lie before the birth; None when it cannot be told. One look for all of them."""
    latest = {
        name: date.latest for name, date in dates.items() if date is not None and date.latest is not None
    }
    if not latest:
        return frozenset()
    born = _birth_date_of(participant)
    if born is None:
        return None
    first = rules.earliest_birth(born)
    if first is None:
        return frozenset()
    if by is None or not by.may(Permission.VIEW_IDENTITY, participant.site_id):
        first = dt.date(first.year, 1, 1)
    return frozenset(name for name, day in latest.items() if day < first)


def age_disagrees(participant: Any, age: int | None, on: Any) -> bool | None:
    """Whether an age in years on a partial date is more than a year from what the birth date says.

    None: cannot be told. To be asked by checks only: the answer is the same for everybody, and no finer than a year.
    """
    if age is None or on is None or on.earliest is None or on.latest is None:
        return False
    born = _birth_date_of(participant)
    if born is None:
        return None
    possible = rules.ages(born, earliest=on.earliest, latest=on.latest)
    return possible is not None and not possible[0] - 1 <= age <= possible[1] + 1


def _birth_date_of(participant: Any) -> str | None:
    """The birth date as it is recorded, "" when none is; None when this process cannot know. Leaves this module only
    as an answer of yes or no."""
    with walls.knowing_identities_at(participant.site_id):
        row = Identity.objects.filter(participant_id=participant.pk).first()
    if row is None:
        return ""
    if settings.IDENTITY_CLOSED:
        return None
    try:
        return opened(row).birth_date
    except CannotBeOpened:
        return None
