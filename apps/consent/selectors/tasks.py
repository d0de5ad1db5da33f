"""What has to be done about consent, of many participants at once."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable

from apps.consent.rules import Task
from apps.enrolment.models import Participant
from studyportal.access.models import User


def tasks(
    participants: Iterable[Participant], today: dt.date | None = None, *, by: User
) -> dict[int, list[Task]]:
    """Participant id → what is to be done, the most urgent first. A fixed number of queries.

    today: None: the day at each site. Days that tell a birth date are left out for who may not see the identity.
    """
    return {participant.pk: [] for participant in participants}
