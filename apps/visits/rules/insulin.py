"""Insulin: codes, hard rules, doses per day and per kilogram. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

from studyportal.crf.outcomes import NotDerivable, Problem

# WHO ATC codes.
INSULIN_ATC: Mapping[str, str] = {
    "glargine": "A10AE04",
    "detemir": "A10AE05",
    "degludec": "A10AE06",
    "nph": "A10AC01",
    "regular": "A10AB01",
    "lispro": "A10AB04",
    "aspart": "A10AB05",
    "glulisine": "A10AB06",
    "aspart_premixed": "A10AD05",
    "human_premixed": "A10AD01",
}


# Brand names as they are written, the seed's misspelling among them (domain.md §9).
BRANDS: Mapping[str, str] = {
    "lantus": "glargine",
    "basalog": "glargine",
    "toujeo": "glargine",
    "levemir": "detemir",
    "tresiba": "degludec",
    "novorapid": "aspart",
    "novarapid": "aspart",
    "novolog": "aspart",
    "fiasp": "aspart",
    "humalog": "lispro",
    "apidra": "glulisine",
    "actrapid": "regular",
    "insulatard": "nph",
    "novomix": "aspart_premixed",
    "mixtard": "human_premixed",
}


def daily_dose(
    taken: bool | None, dose: Decimal | None, frequency_per_day: int | None
) -> Decimal | NotDerivable:
    """IU per day: dose of one administration × administrations per day. Not taken is a documented 0."""
    if taken is False:
        return Decimal(0)
    lacking = [name for name, value in (("dose", dose), ("frequency", frequency_per_day)) if value is None]
    if dose is None or frequency_per_day is None:
        return NotDerivable(f"{' and '.join(lacking)} missing")
    return dose * frequency_per_day


def units_per_kg(daily: Decimal | NotDerivable, weight_kg: Decimal | None) -> Decimal | NotDerivable:
    """IU/kg/day. A documented 0 is 0 whatever the weight."""
    if isinstance(daily, NotDerivable):
        return daily
    if daily == 0:
        return Decimal(0)
    if weight_kg is None:
        return NotDerivable("weight missing")
    return daily / weight_kg


def derive_insulin(values: Mapping[str, Any], context: Mapping[str, Any]) -> Mapping[str, Any]:
    """context["weight"]: kg at the same visit, or None."""
    daily = daily_dose(values.get("taken"), values.get("dose"), values.get("frequency_per_day"))
    product = values.get("product")
    return {
        "atc": INSULIN_ATC.get(product or "") or NotDerivable("product not coded"),
        "daily_dose": daily,
        "units_per_kg": units_per_kg(daily, context.get("weight")),
    }


def not_taken_has_no_dose(values: Mapping[str, Any]) -> Iterable[Problem]:
    if values.get("taken") is False and values.get("dose"):
        yield Problem(
            "dose",
            "contradiction",
            "The insulin is not taken, yet a dose above 0 is given. Correct one of the two.",
        )


def taken_has_dose_above_zero(values: Mapping[str, Any]) -> Iterable[Problem]:
    if values.get("taken") is True and values.get("dose") == 0:
        yield Problem(
            "dose", "contradiction", "The insulin is taken, so its dose is above 0. Was it stopped?"
        )


def stopped_after_started(values: Mapping[str, Any]) -> Iterable[Problem]:
    started, stopped = values.get("started_on"), values.get("stopped_on")
    if started is None or stopped is None or started.earliest is None or stopped.latest is None:
        return
    if stopped.latest < started.earliest:
        yield Problem("stopped_on", "before_start", "The insulin was stopped before it was started.")


def total_daily_insulin(doses: Iterable[Decimal | None]) -> Decimal | NotDerivable:
    """IU per day over all products of one visit; one unknown dose makes the total unknown."""
    listed = list(doses)
    if not listed:
        return NotDerivable("insulin dose missing")
    if any(dose is None for dose in listed):
        return NotDerivable("insulin dose of a product missing")
    return sum((dose for dose in listed if dose is not None), Decimal(0))
