"""Hard rules and derived values of enrolment, by topic: pure, no ORM."""

from apps.enrolment.rules.codes import (
    CODE_PATTERN,
    check_character,
    is_participant_code,
    participant_code,
)
from apps.enrolment.rules.conclusion import (
    end_in_order,
    found_after_declared,
    last_contact_before_declared,
    methods_fit_attempts,
)
from apps.enrolment.rules.dates import (
    age_bounds,
    certainly_before,
    completed_years,
    definitely_after,
    least_days_between,
)
from apps.enrolment.rules.demographics import derive_demographics, witness_needed
from apps.enrolment.rules.groups import (
    Entry,
    Spell,
    assignment_problems,
    crossing_problems,
    matching_problems,
    spells,
)
from apps.enrolment.rules.history import (
    comorbidity_none_stands_alone,
    derive_history,
    intensive_care_within_stay,
    ketoacidosis_count_agrees,
    nobody_stands_alone,
    symptoms_none_stands_alone,
    treatment_none_stands_alone,
)
from apps.enrolment.rules.participation import LifeEvent, Standing, first_exit, fold
from apps.enrolment.rules.registration import enrolment_problems, retrospective_problems
from apps.enrolment.rules.screening import entry_problems, screening_number
from apps.enrolment.rules.versions import move_problems

__all__ = [
    "CODE_PATTERN",
    "Entry",
    "LifeEvent",
    "Spell",
    "Standing",
    "age_bounds",
    "assignment_problems",
    "certainly_before",
    "check_character",
    "comorbidity_none_stands_alone",
    "completed_years",
    "crossing_problems",
    "definitely_after",
    "derive_demographics",
    "derive_history",
    "end_in_order",
    "enrolment_problems",
    "entry_problems",
    "first_exit",
    "fold",
    "found_after_declared",
    "intensive_care_within_stay",
    "is_participant_code",
    "ketoacidosis_count_agrees",
    "last_contact_before_declared",
    "least_days_between",
    "matching_problems",
    "methods_fit_attempts",
    "move_problems",
    "nobody_stands_alone",
    "participant_code",
    "retrospective_problems",
    "screening_number",
    "spells",
    "symptoms_none_stands_alone",
    "treatment_none_stands_alone",
    "witness_needed",
]
