"""Reading safety data, always within what the user may see."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping
from typing import Any

from django.db.models import QuerySet

from apps.enrolment.rules import LifeEvent
from apps.safety.models import AdverseEvent, Outcome
from studyportal.access.models import User
from studyportal.access.permissions import Permission


def adverse_events(user: User, permission: Permission = Permission.VIEW_DATA) -> QuerySet[AdverseEvent]:
    return (
        AdverseEvent.objects.visible_to(user, permission)
        .select_related("participant", "visit", "session")
        .order_by("id")
    )


def safety_review_context(record: Any) -> Mapping[str, Any]:
    return {"events": AdverseEvent.objects.filter(participant_id=record.participant_id).count()}


def adverse_event_context(record: Any) -> Mapping[str, Any]:
    return {"enrolled_on": record.participant.enrolled_on}


def lives_of(participant_ids: Collection[int]) -> dict[int, list[LifeEvent]]:
    """Participant id → a death by an adverse event. One query."""
    rows: Any = AdverseEvent.objects.filter(
        participant_id__in=participant_ids, outcome=Outcome.FATAL
    ).values_list("participant_id", "ended_on", "verbatim")
    found: dict[int, list[LifeEvent]] = defaultdict(list)
    for participant_id, ended_on, verbatim in rows:
        found[participant_id].append(LifeEvent("died", ended_on, verbatim or ""))
    return found
