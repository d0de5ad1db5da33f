"""What visits tell of the course of taking part."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from typing import Any

from apps.enrolment.rules import LifeEvent
from apps.visits.models import Visit, VisitStatus
from apps.visits.selectors.anchors import crossings_of, follow_up_visits, session_visits
from studyportal import protocol


def tells_of_life(key: str) -> bool:
    """Whether a visit of this key says how far its participant has come."""
    return key in session_visits() or key in follow_up_visits()


def lives_of(participant_ids: Collection[int]) -> dict[int, list[LifeEvent]]:
    """Participant id → sessions given (to cases) and follow-up visits made. Two queries."""
    sessions = {visit.key: visit.session for visit in protocol.current().visits.values() if visit.session}
    later = follow_up_visits()
    found: dict[int, list[LifeEvent]] = defaultdict(list)
    rows: Any = Visit.objects.filter(
        participant_id__in=participant_ids, status=VisitStatus.DONE, key__in=[*sessions, *later]
    ).values_list("participant_id", "key", "happened_on", "participant__group")
    crossed = crossings_of(participant_ids)
    for participant_id, crossing in crossed.items():
        found[participant_id].append(LifeEvent("treated", crossing.on, "", 1))
    for participant_id, key, happened_on, group in rows:
        if participant_id in crossed and crossed[participant_id].is_before(happened_on):
            if key in later:
                found[participant_id].append(LifeEvent("followed", happened_on, key))
        elif key in later:
            found[participant_id].append(LifeEvent("followed", happened_on, key))
        elif group == "case":
            found[participant_id].append(LifeEvent("treated", happened_on, key, sessions[key]))
    return found
