"""What is asked about body size and circulation."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

from studyportal.crf.outcomes import Finding
from studyportal.words import said

# A change beyond this between two visits is possible and rare.
WEIGHT_CHANGE = Decimal("0.15")


BMI_USUAL = (Decimal(12), Decimal(45))


SYSTOLIC_USUAL = (80, 180)


PULSE_USUAL = (40, 140)


RESPIRATION_USUAL = (8, 30)


SATURATION_USUAL = (92, 100)


# Waist ÷ height.
WAIST_SHARE_USUAL = (Decimal("0.3"), Decimal("0.8"))


TEMPERATURE_FEVER = Decimal("38.0")


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
            said(
                "%(weight)s kg is %(percent)s %% away from %(previous)s kg at the visit before. Is it right?",
                weight=weight,
                percent=f"{change * 100:.0f}",
                previous=previous,
            ),
        )


def weight_absent(values: Mapping[str, Any], context: Mapping[str, Any]) -> Iterable[Finding]:
    if values.get("weight") is None:
        yield Finding(
            "weight",
            "weight_absent",
            said(
                "Without the weight there is no insulin per kg, no IDAA1c and no cells per kg. Can the source tell?"
            ),
        )


def bmi_unusual(values: Mapping[str, Any], context: Mapping[str, Any]) -> Iterable[Finding]:
    bmi = values.get("bmi")
    if bmi is not None and not BMI_USUAL[0] <= bmi <= BMI_USUAL[1]:
        yield Finding(
            "bmi",
            "bmi_unusual",
            said("A body mass index of %(bmi)s kg/m² is unusual. Are weight and height right?", bmi=bmi),
        )


def circulation_unusual(values: Mapping[str, Any], context: Mapping[str, Any]) -> Iterable[Finding]:
    for name, (low, high), unit in (
        ("systolic", SYSTOLIC_USUAL, "mmHg"),
        ("pulse", PULSE_USUAL, "/min"),
        ("respiration", RESPIRATION_USUAL, "/min"),
        ("oxygen_saturation", SATURATION_USUAL, "%"),
    ):
        value = values.get(name)
        if value is not None and not low <= value <= high:
            yield Finding(
                name,
                f"{name}_unusual",
                said(
                    "%(value)s %(unit)s lies outside %(low)s to %(high)s. Is it right?",
                    value=value,
                    unit=unit,
                    low=low,
                    high=high,
                ),
            )


def fever(values: Mapping[str, Any], context: Mapping[str, Any]) -> Iterable[Finding]:
    temperature = values.get("temperature")
    if temperature is not None and temperature >= TEMPERATURE_FEVER:
        yield Finding(
            "temperature",
            "fever",
            said("%(degrees)s °C is fever. Is an adverse event recorded for it?", degrees=temperature),
        )


def waist_unusual(values: Mapping[str, Any], context: Mapping[str, Any]) -> Iterable[Finding]:
    waist, height = values.get("waist"), values.get("height")
    if waist is None or not height:
        return
    if not WAIST_SHARE_USUAL[0] <= waist / height <= WAIST_SHARE_USUAL[1]:
        yield Finding(
            "waist",
            "waist_unusual",
            said(
                "A waist of %(waist)s cm at a height of %(height)s cm is unusual. Were the two exchanged, or inches written?",
                waist=waist,
                height=height,
            ),
        )
