"""Soft checks of visits and their forms."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from decimal import Decimal
from typing import Any

from apps.visits.rules import BRANDS, DaySpan, label_disagrees, nominal_days
from studyportal.crf.outcomes import Finding, NotDerivable

# A change beyond this between two visits is possible and rare.
WEIGHT_CHANGE = Decimal("0.15")
BMI_USUAL = (Decimal(12), Decimal(45))
SYSTOLIC_USUAL = (80, 180)
PULSE_USUAL = (40, 140)
TEMPERATURE_FEVER = Decimal("38.0")
# A total daily dose is seldom above this in type 1 diabetes.
UNITS_PER_KG_USUAL = Decimal(2)
SINGLE_DOSE_USUAL = 80


def visit_findings(
    *, nominal_label: str, days: DaySpan | NotDerivable, happened_on: Any, status: str
) -> Iterable[Finding]:
    """What is asked about a visit: a label that the calendar contradicts, a visit without a date."""
    if status == "done" and happened_on is None:
        yield Finding(
            "happened_on", "visit_undated", "The visit is done, and its date is not known. When was it?"
        )
    if happened_on is not None and happened_on.precision != "day":
        yield Finding(
            "happened_on",
            "date_precision",
            f"The date of the visit is known by {happened_on.precision} only ({happened_on.for_people()});"
            " is the day in the source?",
        )
    if label_disagrees(nominal_label, days):
        assert isinstance(days, DaySpan)
        nominal = nominal_days(nominal_label)
        assert nominal is not None
        yield Finding(
            "nominal_label",
            "label_disagrees",
            f"The source calls this visit “{nominal_label}” (about {nominal[0]:.0f} days), yet it lies "
            f"{_span(days)} after its anchor. Which of the two is right, and is it counted from another event?",
        )


def _span(days: DaySpan) -> str:
    return f"{days.lowest} days" if days.exact is not None else f"{days.lowest} to {days.highest} days"


def weight_jump(values: Mapping[str, Any], context: Mapping[str, Any]) -> Iterable[Finding]:
    """context["previous_weight"]: kg at the last earlier visit, or None."""
    weight, previous = values.get("weight"), context.get("previous_weight")
    if weight is None or not previous:
        return
    change = abs(weight - previous) / previous
    if change > WEIGHT_CHANGE:
        yield Finding(
            "weight",
            "weight_jump",
            f"{weight} kg is {change * 100:.0f} % away from {previous} kg at the visit before. Is it right?",
        )


def weight_absent(values: Mapping[str, Any], context: Mapping[str, Any]) -> Iterable[Finding]:
    if values.get("weight") is None:
        yield Finding(
            "weight",
            "weight_absent",
            "Without the weight there is no insulin per kg, no IDAA1c and no cells per kg. Can the source tell?",
        )


def bmi_unusual(values: Mapping[str, Any], context: Mapping[str, Any]) -> Iterable[Finding]:
    bmi = values.get("bmi")
    if bmi is not None and not BMI_USUAL[0] <= bmi <= BMI_USUAL[1]:
        yield Finding(
            "bmi", "bmi_unusual", f"A body mass index of {bmi} kg/m² is unusual. Are weight and height right?"
        )


def circulation_unusual(values: Mapping[str, Any], context: Mapping[str, Any]) -> Iterable[Finding]:
    for name, (low, high), unit in (("systolic", SYSTOLIC_USUAL, "mmHg"), ("pulse", PULSE_USUAL, "/min")):
        value = values.get(name)
        if value is not None and not low <= value <= high:
            yield Finding(
                name, f"{name}_unusual", f"{value} {unit} lies outside {low} to {high}. Is it right?"
            )


def fever(values: Mapping[str, Any], context: Mapping[str, Any]) -> Iterable[Finding]:
    temperature = values.get("temperature")
    if temperature is not None and temperature >= TEMPERATURE_FEVER:
        yield Finding(
            "temperature", "fever", f"{temperature} °C is fever. Is an adverse event recorded for it?"
        )


def fainting_asks_for_event(values: Mapping[str, Any], context: Mapping[str, Any]) -> Iterable[Finding]:
    if values.get("fainting") is True:
        yield Finding(
            "fainting", "fainting", "Fainting is reported. Was it hypoglycaemia, and is the event recorded?"
        )


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


def completed_with_last_visit(
    reason: str | None, last: tuple[str, str] | None, done: Collection[str]
) -> Iterable[Finding]:
    """Of the end of study. last: key and label of the last visit that the protocol schedules for the group."""
    if reason == "completed" and last is not None and last[0] not in done:
        yield Finding(
            "reason",
            "completed_without_last_visit",
            f"The protocol ends with the visit “{last[1]}”, which is not recorded as done. Was the protocol completed?",
        )


def no_visit_after_end(ended_on: Any, days: Iterable[Any]) -> Iterable[Finding]:
    """Of the end of study: partial dates of the visits that took place."""
    if ended_on is None or ended_on.latest is None:
        return
    later = [
        day for day in days if day is not None and day.earliest is not None and day.earliest > ended_on.latest
    ]
    if later:
        yield Finding(
            "ended_on",
            "visit_after_end",
            f"A visit took place on {max(later, key=lambda day: day.earliest).for_people()}, after the end. Which of"
            " the two dates is right?",
        )
