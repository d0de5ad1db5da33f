"""Hard rules and derived values of enrolment, by topic: pure, no ORM."""

from apps.enrolment.rules.codes import (
    CODE_PATTERN,
    check_character,
    is_participant_code,
    participant_code,
)
from apps.enrolment.rules.history import (
    comorbidity_none_stands_alone,
    definitely_after,
    ketoacidosis_count_agrees,
    symptoms_none_stands_alone,
)
from apps.enrolment.rules.registration import (
    registration_problems,
    retrospective_problems,
)

__all__ = [
    "CODE_PATTERN",
    "check_character",
    "comorbidity_none_stands_alone",
    "definitely_after",
    "is_participant_code",
    "ketoacidosis_count_agrees",
    "participant_code",
    "registration_problems",
    "retrospective_problems",
    "symptoms_none_stands_alone",
]
