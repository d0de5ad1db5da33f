"""Under which version of the protocol a participant takes part, and took part on a day."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from apps.enrolment.models import Participant, ProtocolAssignment
from studyportal import protocol


def assignments_of(participant: Participant) -> Sequence[ProtocolAssignment]:
    """Oldest first, with who recorded them. One query."""
    return list(
        ProtocolAssignment.objects.filter(participant=participant)
        .select_related("recorded_by")
        .order_by("id")
    )


def version_on(participant: Participant, day: dt.date | None) -> protocol.Protocol:
    """The version that counted for the participant on a day (None: today); before the first assignment, the one in force.

    A query only for a day on which several versions counted.
    """
    if day is None or protocol.version_takes_over_all(protocol.current(), day):
        return protocol.of(participant, day)
    earlier = (
        ProtocolAssignment.objects.filter(participant=participant, from_on__lte=day)
        .order_by("from_on", "id")
        .values_list("protocol_version", flat=True)
        .last()
    )
    return protocol.at(earlier or "", day)
