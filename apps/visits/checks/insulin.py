"""What is asked about insulins."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

from apps.visits.rules import BRANDS, change_of
from studyportal.crf.outcomes import Finding
from studyportal.words import said

# A total daily dose is seldom above this in type 1 diabetes.
UNITS_PER_KG_USUAL = Decimal(2)


SINGLE_DOSE_USUAL = 80


def frequency_absent(values: Mapping[str, Any], context: Mapping[str, Any]) -> Iterable[Finding]:
    if values.get("taken") is not False and values.get("frequency_per_day") is None:
        yield Finding(
            "frequency_per_day",
            "frequency_absent",
            said("How often a day is not stated, so there is no daily dose. Can the source tell?"),
        )


def dose_absent(values: Mapping[str, Any], context: Mapping[str, Any]) -> Iterable[Finding]:
    if values.get("taken") is not False and values.get("dose") is None:
        yield Finding(
            "dose",
            "dose_absent",
            said("The insulin is taken, and its dose is not stated. Can the source tell?"),
        )


def brand_is_of_product(values: Mapping[str, Any], context: Mapping[str, Any]) -> Iterable[Finding]:
    brand, product = values.get("brand_as_written"), values.get("product")
    if not brand or product is None:
        return
    known = next((p for name, p in BRANDS.items() if name in brand.lower().replace(" ", "")), None)
    if known is None:
        yield Finding(
            "brand_as_written",
            "brand_unknown",
            said("“%(brand)s” is no brand that the portal knows. Is it right?", brand=brand),
        )
    elif known != product:
        yield Finding(
            "brand_as_written",
            "brand_of_other_product",
            said(
                "“%(brand)s” is a brand of %(known)s, not of %(product)s.",
                brand=brand,
                known=known,
                product=product,
            ),
        )


def dose_unusual(values: Mapping[str, Any], context: Mapping[str, Any]) -> Iterable[Finding]:
    dose, per_kg = values.get("dose"), values.get("units_per_kg")
    if dose is not None and dose > SINGLE_DOSE_USUAL:
        yield Finding(
            "dose",
            "dose_high",
            said("%(dose)s IU at once is unusually much. Is it the dose of one administration?", dose=dose),
        )
    if isinstance(per_kg, Decimal) and per_kg > UNITS_PER_KG_USUAL:
        yield Finding(
            "units_per_kg",
            "units_per_kg_high",
            said("%(dose)s IU/kg/day is unusually much.", dose=f"{per_kg:.2f}"),
        )


def change_is_explained(values: Mapping[str, Any], context: Mapping[str, Any]) -> Iterable[Finding]:
    """context["before"]: IU per day of the same insulin at the visit before; 0 where that visit has other insulins
    only, None where there is no such visit or its dose is not known."""
    before, now, stated = context.get("before"), values.get("daily_dose"), values.get("change")
    happened = change_of(before, now if isinstance(now, Decimal) else None)
    if happened is None or happened == stated:
        return
    if stated is None:
        if happened != "unchanged":
            yield Finding(
                "change",
                "dose_change_unexplained",
                said(
                    "%(before)s IU per day at the visit before, %(now)s now. What was done, and why?",
                    before=_short(before),
                    now=_short(now),
                ),
            )
        return
    yield Finding(
        "change",
        "dose_change_disagrees",
        said(
            "%(before)s IU per day at the visit before, %(now)s now: that is not what is said here. Which is right?",
            before=_short(before),
            now=_short(now),
        ),
    )


def _short(dose: Any) -> str:
    """12.0 → 12, 12.50 → 12.5."""
    return f"{dose.normalize():f}" if isinstance(dose, Decimal) else str(dose)
