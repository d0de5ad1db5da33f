"""Hard rules and derived values of enrolment, by topic: pure, no ORM."""

from apps.enrolment.rules.codes import (
    CODE_PATTERN,
    check_character,
    is_participant_code,
    participant_code,
)
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
    definitely_after,
    ketoacidosis_count_agrees,
    symptoms_none_stands_alone,
)
from apps.enrolment.rules.participation import LifeEvent, Standing, first_exit, fold
from apps.enrolment.rules.registration import enrolment_problems, retrospective_problems
from apps.enrolment.rules.screening import entry_problems, screening_number

__all__ = [
    "CODE_PATTERN",
    "Entry",
    "LifeEvent",
    "Spell",
    "Standing",
    "assignment_problems",
    "check_character",
    "comorbidity_none_stands_alone",
    "crossing_problems",
    "definitely_after",
    "enrolment_problems",
    "entry_problems",
    "first_exit",
    "fold",
    "is_participant_code",
    "ketoacidosis_count_agrees",
    "matching_problems",
    "participant_code",
    "retrospective_problems",
    "screening_number",
    "spells",
    "symptoms_none_stands_alone",
]
