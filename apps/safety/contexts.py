"""What checks and derivations of safety forms are told beside their own values: the one place where they ask the ORM."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from apps.safety.models import AdverseEvent


def safety_review(record: Any) -> Mapping[str, Any]:
    return {"events": AdverseEvent.objects.filter(participant_id=record.participant_id).count()}


def adverse_event(record: Any) -> Mapping[str, Any]:
    return {"enrolled_on": record.participant.enrolled_on}
