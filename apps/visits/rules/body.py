"""Hard rules and derived values of body size and circulation. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

from studyportal.crf.outcomes import NotDerivable, Problem


def body_mass_index(weight_kg: Decimal | None, height_cm: Decimal | None) -> Decimal | NotDerivable:
    """kg/m²: weight ÷ height²."""
    lacking = [name for name, value in (("weight", weight_kg), ("height", height_cm)) if value is None]
    if weight_kg is None or height_cm is None:
        return NotDerivable(f"{' and '.join(lacking)} missing")
    metres = height_cm / 100
    return weight_kg / (metres * metres)


def derive_vital_signs(values: Mapping[str, Any], context: Mapping[str, Any]) -> Mapping[str, Any]:
    return {"bmi": body_mass_index(values.get("weight"), values.get("height"))}


def diastolic_below_systolic(values: Mapping[str, Any]) -> Iterable[Problem]:
    systolic, diastolic = values.get("systolic"), values.get("diastolic")
    if systolic is not None and diastolic is not None and diastolic >= systolic:
        yield Problem(
            "diastolic",
            "not_below_systolic",
            "The diastolic pressure must lie below the systolic. Were the two exchanged?",
        )
