"""Hard rules of safety forms, and grades by dictionary, by topic. Pure."""

from apps.safety.rules.events import (
    death_agrees,
    end_not_before_onset,
    serious_has_criterion,
    session_is_of_participant,
)
from apps.safety.rules.grades import Dictionary, Suggested, Table, suggest

__all__ = [
    "Dictionary",
    "Suggested",
    "Table",
    "death_agrees",
    "end_not_before_onset",
    "serious_has_criterion",
    "session_is_of_participant",
    "suggest",
]
