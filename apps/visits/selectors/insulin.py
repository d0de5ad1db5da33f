"""Insulins at a visit."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from apps.visits import rules
from apps.visits.models import InsulinUse
from apps.visits.selectors.body import weight_at
from studyportal.crf.outcomes import NotDerivable


def insulin_at(visit_id: int | None) -> Decimal | NotDerivable:
    """Total IU per day of all insulins recorded at a visit."""
    if visit_id is None:
        return NotDerivable("visit missing")
    return rules.total_daily_insulin(
        InsulinUse.objects.filter(visit_id=visit_id).values_list("daily_dose", flat=True)
    )


def insulin_per_kg_at(visit_id: int | None) -> Decimal | NotDerivable:
    """Total IU/kg/day at a visit: a documented 0 needs no weight."""
    return rules.units_per_kg(insulin_at(visit_id), weight_at(visit_id))


def insulin_context(record: Any) -> Mapping[str, Any]:
    return {"weight": weight_at(record.visit_id)}
