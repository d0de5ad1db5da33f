"""What has to be done about consent, of many participants at once."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable

from apps.consent import rules
from apps.consent.rules import Task
from apps.consent.selectors.logs import known_of
from apps.enrolment.models import Participant
from apps.enrolment.rules.participation import FOLLOWED
from studyportal.access.models import User


def tasks(
    participants: Iterable[Participant], today: dt.date | None = None, *, by: User
) -> dict[int, list[Task]]:
    """Participant id → what is to be done, the most urgent first. A fixed number of queries.

    today: None: the day at each site. Nothing is to be done about somebody who is not followed, nor about a record of
    the past. Days that tell a birth date are left out for who may not see the identity.
    """
    people = list(participants)
    followed = [one for one in people if one.status in FOLLOWED and not one.retrospective]
    found: dict[int, list[Task]] = {one.pk: [] for one in people}
    for pk, known in known_of(followed, by=by, on=today, around=True).items():
        state = known.state(today or known.today)
        found[pk] = rules.tasks_of(pk, state.due)
    return found
