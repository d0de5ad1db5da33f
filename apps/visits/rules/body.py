"""Hard rules and derived values of body size and circulation. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

from studyportal.crf.outcomes import NotDerivable, Problem
from studyportal.words import said


def body_mass_index(weight_kg: Decimal | None, height_cm: Decimal | None) -> Decimal | NotDerivable:
    """kg/m²: weight ÷ height²."""
    if weight_kg is None and height_cm is None:
        return NotDerivable(said("weight and height missing"))
    if weight_kg is None:
        return NotDerivable(said("weight missing"))
    if height_cm is None:
        return NotDerivable(said("height missing"))
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
            said("The diastolic pressure must lie below the systolic. Were the two exchanged?"),
        )
