"""Soft checks of visits and their forms, by topic. Pure."""

from apps.visits.checks.body import (
    BMI_USUAL,
    PULSE_USUAL,
    SYSTOLIC_USUAL,
    TEMPERATURE_FEVER,
    WEIGHT_CHANGE,
    bmi_unusual,
    circulation_unusual,
    fever,
    weight_absent,
    weight_jump,
)
from apps.visits.checks.ends import completed_with_last_visit, no_visit_after_end
from apps.visits.checks.insulin import (
    SINGLE_DOSE_USUAL,
    UNITS_PER_KG_USUAL,
    brand_is_of_product,
    dose_absent,
    dose_unusual,
    frequency_absent,
)
from apps.visits.checks.symptoms import fainting_asks_for_event
from apps.visits.checks.visit import visit_findings

__all__ = [
    "BMI_USUAL",
    "PULSE_USUAL",
    "SINGLE_DOSE_USUAL",
    "SYSTOLIC_USUAL",
    "TEMPERATURE_FEVER",
    "UNITS_PER_KG_USUAL",
    "WEIGHT_CHANGE",
    "bmi_unusual",
    "brand_is_of_product",
    "circulation_unusual",
    "completed_with_last_visit",
    "dose_absent",
    "dose_unusual",
    "fainting_asks_for_event",
    "fever",
    "frequency_absent",
    "no_visit_after_end",
    "visit_findings",
    "weight_absent",
    "weight_jump",
]
