"""Doses planned and given, and the infusion. Pure. Doses are in millions of cells (UCUM 10*6)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from apps.celldose.rules.arithmetic import Breach, Derived, Values, _missing, _rounded
from studyportal.crf.outcomes import NotDerivable
from studyportal.words import said


@dataclass(frozen=True)
class Weighed:
    """A body weight in kg and the day on which it was measured."""

    kg: Decimal
    on: dt.date


def viable_dose(total: Decimal | None, viability_percent: Decimal | None) -> Derived:
    """Viable cells given, in 10⁶: dose given × viability."""
    if total is None or viability_percent is None:
        return _missing(dose_given=total, viability=viability_percent) or NotDerivable(said("missing"))
    return _rounded(total * viability_percent / 100, 3)


def per_kg(dose: Decimal | None, weight_kg: Decimal | None, *, dose_name: str = "dose_given") -> Derived:
    """10⁶ cells per kg, by the weight of the same day."""
    if dose is None or weight_kg is None:
        return _missing(**{dose_name: dose, "same-day_weight": weight_kg}) or NotDerivable(said("missing"))
    if weight_kg <= 0:
        return NotDerivable(said("same-day weight is not above 0 kg"))
    return _rounded(dose / weight_kg, 4)


def derive_product(values: Values, context: Values) -> Mapping[str, Any]:
    """The protocol's dose range as it stood when the product was made: later versions do not move it.

    context: planned_range (low, high) kept or current, or None.
    """
    planned = context.get("planned_range")
    if planned is None:
        why = NotDerivable(said("the protocol states no dose range for this component"))
        return {"planned_dose_low": why, "planned_dose_high": why}
    return {"planned_dose_low": planned[0], "planned_dose_high": planned[1]}


def derive_infusion(values: Values, context: Values) -> Mapping[str, Any]:
    """context: viability_percent; weighed (`Weighed`, or why there is no weight)."""
    total = values.get("total_dose")
    viable = viable_dose(total, context.get("viability_percent"))
    known_viable = viable if isinstance(viable, Decimal) else None
    weighed = context.get("weighed") or NotDerivable(said("same-day weight missing"))
    kg = weighed.kg if isinstance(weighed, Weighed) else None
    return {
        "viable_dose": viable,
        "weight_kg": kg if kg is not None else weighed,
        "weight_on": weighed.on if isinstance(weighed, Weighed) else weighed,
        "dose_per_kg": per_kg(total, kg),
        "viable_dose_per_kg": per_kg(known_viable, kg, dose_name="viable_dose"),
    }


def dose_breaches(dose: Decimal | None, low: Decimal | None, high: Decimal | None) -> Iterable[Breach]:
    """The bounds themselves are within range."""
    if dose is None or low is None or high is None or low <= dose <= high:
        return
    numbers = {"dose": dose.normalize(), "low": low.normalize(), "high": high.normalize()}
    words = (
        said("The dose given, %(dose)s ×10⁶, is below the planned range of %(low)s–%(high)s ×10⁶.", **numbers)
        if dose < low
        else said(
            "The dose given, %(dose)s ×10⁶, is above the planned range of %(low)s–%(high)s ×10⁶.", **numbers
        )
    )
    yield Breach(
        "dose_outside_range",
        words,
        "major",
        kind="dose",
    )


def overtime_breaches(
    started_at: dt.datetime | None, expiry: dt.datetime | NotDerivable | None
) -> Iterable[Breach]:
    if started_at is None or not isinstance(expiry, dt.datetime) or started_at <= expiry:
        return
    minutes = int((started_at - expiry).total_seconds() // 60)
    yield Breach(
        "overtime",
        said("The infusion started %(minutes)s min after the product expired.", minutes=minutes),
        "critical",
    )
