"""Reading safety data, always within what the user may see."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db.models import QuerySet

from apps.safety.models import AdverseEvent
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
