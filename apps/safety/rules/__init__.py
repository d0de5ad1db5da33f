"""Hard rules of safety forms, and grades by dictionary, by topic. Pure."""

from apps.safety.rules.events import (
    death_agrees,
    end_not_before_onset,
    serious_has_criterion,
    session_is_of_participant,
)
from apps.safety.rules.grades import grade_of_fall, grade_of_rise

__all__ = [
    "death_agrees",
    "end_not_before_onset",
    "grade_of_fall",
    "grade_of_rise",
    "serious_has_criterion",
    "session_is_of_participant",
]
