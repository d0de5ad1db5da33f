"""Questions about a birth date that are answered with yes or no, also for people who may not know it.

Whoever may see the identity is answered by the day. Everybody else is answered by the year, which the age in the
demographics tells them anyway: by asking again and again (one refused save after another) nobody learns more than
that. A process that is closed to identities (IDENTITY=closed) cannot tell, and says so with None: what it saves is
found by `manage.py index_identities --check`, and by the next save where the keys are.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from django.conf import settings

from studyportal.access import walls
from studyportal.access.models import User
from studyportal.access.permissions import Permission
from studyportal.identity import rules
from studyportal.identity.errors import CannotBeOpened
from studyportal.identity.models import Identity
from studyportal.identity.selectors import opened


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
