"""What visits tell of the course of taking part."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from typing import Any

from apps.enrolment.rules import LifeEvent
from apps.visits.models import Visit, VisitStatus
from apps.visits.selectors.anchors import crossings_of, follow_up_visits, session_visits
from studyportal import protocol


def tells_of_life(visit: Visit) -> bool:
    """Whether a visit says how far its participant has come."""
    plan = protocol.of(visit.participant)
    return visit.key in session_visits(plan) or visit.key in follow_up_visits(plan)


def lives_of(participant_ids: Collection[int]) -> dict[int, list[LifeEvent]]:
    """Participant id → sessions given (to cases) and follow-up visits made, by his or her version of the protocol.
    Two queries."""
    found: dict[int, list[LifeEvent]] = defaultdict(list)
    rows: Any = Visit.objects.filter(participant_id__in=participant_ids, status=VisitStatus.DONE).values_list(
        "participant_id", "key", "happened_on", "participant__group", "participant__protocol_version"
    )
    crossed = crossings_of(participant_ids)
    for participant_id, crossing in crossed.items():
        found[participant_id].append(LifeEvent("treated", crossing.on, "", 1))
    tells: dict[str, tuple[dict[str, int], frozenset[str]]] = {}
    for participant_id, key, happened_on, group, assigned in rows:
        if assigned not in tells:
            plan = protocol.at(assigned)
            numbers = {visit.key: visit.session for visit in plan.visits.values() if visit.session}
            tells[assigned] = (numbers, follow_up_visits(plan))
        sessions, later = tells[assigned]
        if key not in sessions and key not in later:
            continue
        if participant_id in crossed and crossed[participant_id].is_before(happened_on):
            if key in later:
                found[participant_id].append(LifeEvent("followed", happened_on, key))
        elif key in later:
            found[participant_id].append(LifeEvent("followed", happened_on, key))
        elif group == "case":
            found[participant_id].append(LifeEvent("treated", happened_on, key, sessions[key]))
    return found
