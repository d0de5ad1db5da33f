"""What is asked about insulins."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

from apps.visits.rules import BRANDS
from studyportal.crf.outcomes import Finding

# A total daily dose is seldom above this in type 1 diabetes.
UNITS_PER_KG_USUAL = Decimal(2)


SINGLE_DOSE_USUAL = 80


def frequency_absent(values: Mapping[str, Any], context: Mapping[str, Any]) -> Iterable[Finding]:
    if values.get("taken") is not False and values.get("frequency_per_day") is None:
        yield Finding(
            "frequency_per_day",
            "frequency_absent",
            "How often a day is not stated, so there is no daily dose. Can the source tell?",
        )


def dose_absent(values: Mapping[str, Any], context: Mapping[str, Any]) -> Iterable[Finding]:
    if values.get("taken") is not False and values.get("dose") is None:
        yield Finding(
            "dose", "dose_absent", "The insulin is taken, and its dose is not stated. Can the source tell?"
        )


def brand_is_of_product(values: Mapping[str, Any], context: Mapping[str, Any]) -> Iterable[Finding]:
    brand, product = values.get("brand_as_written"), values.get("product")
    if not brand or product is None:
        return
    known = next((p for name, p in BRANDS.items() if name in brand.lower().replace(" ", "")), None)
    if known is None:
        yield Finding(
            "brand_as_written", "brand_unknown", f"“{brand}” is no brand that the portal knows. Is it right?"
        )
    elif known != product:
        yield Finding(
            "brand_as_written",
            "brand_of_other_product",
            f"“{brand}” is a brand of {known}, not of {product}.",
        )


def dose_unusual(values: Mapping[str, Any], context: Mapping[str, Any]) -> Iterable[Finding]:
    dose, per_kg = values.get("dose"), values.get("units_per_kg")
    if dose is not None and dose > SINGLE_DOSE_USUAL:
        yield Finding(
            "dose", "dose_high", f"{dose} IU at once is unusually much. Is it the dose of one administration?"
        )
    if isinstance(per_kg, Decimal) and per_kg > UNITS_PER_KG_USUAL:
        yield Finding("units_per_kg", "units_per_kg_high", f"{per_kg:.2f} IU/kg/day is unusually much.")
