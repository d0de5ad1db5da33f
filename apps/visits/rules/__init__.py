"""Hard rules and derived values of visits and of the forms of a visit, by topic. Pure."""

from apps.visits.rules.body import body_mass_index, derive_vital_signs, diastolic_below_systolic
from apps.visits.rules.insulin import (
    BRANDS,
    INSULIN_ATC,
    daily_dose,
    derive_insulin,
    not_taken_has_no_dose,
    stopped_after_started,
    taken_has_dose_above_zero,
    total_daily_insulin,
    units_per_kg,
)
from apps.visits.rules.lifestyle import no_exercise_has_no_minutes
from apps.visits.rules.schedule import (
    DAYS_PER_MONTH,
    DAYS_PER_YEAR,
    DaySpan,
    Due,
    PartialDay,
    WindowState,
    days_between,
    due_dates,
    label_disagrees,
    nominal_days,
    window_state,
    window_state_of_span,
)
from apps.visits.rules.visit import not_in_future, visit_problems

__all__ = [
    "BRANDS",
    "DAYS_PER_MONTH",
    "DAYS_PER_YEAR",
    "INSULIN_ATC",
    "DaySpan",
    "Due",
    "PartialDay",
    "WindowState",
    "body_mass_index",
    "daily_dose",
    "days_between",
    "derive_insulin",
    "derive_vital_signs",
    "diastolic_below_systolic",
    "due_dates",
    "label_disagrees",
    "no_exercise_has_no_minutes",
    "nominal_days",
    "not_in_future",
    "not_taken_has_no_dose",
    "stopped_after_started",
    "taken_has_dose_above_zero",
    "total_daily_insulin",
    "units_per_kg",
    "visit_problems",
    "window_state",
    "window_state_of_span",
]
