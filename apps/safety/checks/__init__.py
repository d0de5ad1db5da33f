"""Soft checks of safety forms, by topic. Pure."""

from apps.safety.checks.events import (
    death_is_recorded,
    denial_against_statement,
    event_recorded,
    grade_has_dictionary,
    grave_term_is_serious,
    onset_in_study,
    recovered_has_end,
    severe_is_not_serious,
)

__all__ = [
    "death_is_recorded",
    "denial_against_statement",
    "event_recorded",
    "grade_has_dictionary",
    "grave_term_is_serious",
    "onset_in_study",
    "recovered_has_end",
    "severe_is_not_serious",
]
