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
    waist_unusual,
    weight_absent,
    weight_jump,
)
from apps.visits.checks.complications import (
    method_finds_domain,
    new_finding_is_an_event,
    skin_against_injection_sites,
)
from apps.visits.checks.ends import completed_with_last_visit, no_visit_after_end
from apps.visits.checks.insulin import (
    SINGLE_DOSE_USUAL,
    UNITS_PER_KG_USUAL,
    brand_is_of_product,
    change_is_explained,
    dose_absent,
    dose_unusual,
    frequency_absent,
)
from apps.visits.checks.lifestyle import adherence_fits_days
from apps.visits.checks.medication import acts_on_endpoints, insulin_has_its_form
from apps.visits.checks.mixed_meal import (
    fasted_long_enough,
    meal_was_taken,
    samples_in_time,
    taken_has_time,
    times_of_protocol,
)
from apps.visits.checks.pregnancy import need_fits_sex, pregnancy_found
from apps.visits.checks.quality import scale_against_score
from apps.visits.checks.symptoms import (
    fainting_asks_for_event,
    nocturia_goes_with_polyuria,
    strong_pain_asks_for_ketones,
)
from apps.visits.checks.visit import visit_findings

__all__ = [
    "BMI_USUAL",
    "PULSE_USUAL",
    "SINGLE_DOSE_USUAL",
    "SYSTOLIC_USUAL",
    "TEMPERATURE_FEVER",
    "UNITS_PER_KG_USUAL",
    "WEIGHT_CHANGE",
    "acts_on_endpoints",
    "adherence_fits_days",
    "bmi_unusual",
    "brand_is_of_product",
    "change_is_explained",
    "circulation_unusual",
    "completed_with_last_visit",
    "dose_absent",
    "dose_unusual",
    "fainting_asks_for_event",
    "fasted_long_enough",
    "fever",
    "frequency_absent",
    "insulin_has_its_form",
    "meal_was_taken",
    "method_finds_domain",
    "need_fits_sex",
    "new_finding_is_an_event",
    "no_visit_after_end",
    "nocturia_goes_with_polyuria",
    "pregnancy_found",
    "samples_in_time",
    "scale_against_score",
    "skin_against_injection_sites",
    "strong_pain_asks_for_ketones",
    "taken_has_time",
    "times_of_protocol",
    "visit_findings",
    "waist_unusual",
    "weight_absent",
    "weight_jump",
]
