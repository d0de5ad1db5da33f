"""Body size at a visit and before."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from apps.visits.models import VitalSigns


def weight_at(visit_id: int | None) -> Decimal | None:
    """kg at a visit, None when not recorded."""
    if visit_id is None:
        return None
    return VitalSigns.objects.filter(visit_id=visit_id).values_list("weight", flat=True).first()


def vital_signs_context(record: Any) -> Mapping[str, Any]:
    """The weight at the last visit before this one."""
    earlier = VitalSigns.objects.filter(participant_id=record.participant_id, weight__isnull=False)
    if record.pk is not None:
        earlier = earlier.exclude(pk=record.pk)
    day = record.visit.day_number
    if day is not None:
        earlier = earlier.filter(visit__day_number__lt=day).order_by("-visit__day_number")
    else:
        earlier = earlier.filter(visit_id__lt=record.visit_id).order_by("-visit_id")
    return {"previous_weight": earlier.values_list("weight", flat=True).first()}
