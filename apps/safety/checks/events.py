"""Soft checks of safety forms."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from studyportal.crf.outcomes import Finding

# Words of a verbatim term that speak of more than the grade beside it may say.
GRAVE = (
    "death",
    "died",
    "arrest",
    "coma",
    "unconscious",
    "embol",
    "ketoacidosis",
    "dka",
    "sepsis",
    "malignan",
)


def event_recorded(values: Mapping[str, Any], context: Mapping[str, Any]) -> Iterable[Finding]:
    """context["events"]: number of adverse events of the participant."""
    if values.get("any_event") is True and not context.get("events"):
        yield Finding(
            "any_event",
            "event_form_missing",
            "An adverse event is reported, and no adverse event form is filled yet.",
        )


def denial_against_statement(values: Mapping[str, Any], context: Mapping[str, Any]) -> Iterable[Finding]:
    if values.get("any_event") is None and values.get("statement"):
        yield Finding(
            "any_event",
            "statement_not_coded",
            "The source makes a statement, and it is not said whether it is an event.",
        )


def severe_is_not_serious(values: Mapping[str, Any], context: Mapping[str, Any]) -> Iterable[Finding]:
    """Severity is the grade, seriousness the criteria; a life-threatening grade is seldom not serious."""
    if values.get("grade") in ("4", "5") and values.get("serious") is False:
        yield Finding(
            "serious", "grade_4_not_serious", "A grade of 4 or 5 is nearly always serious. Is it not?"
        )


def grave_term_is_serious(values: Mapping[str, Any], context: Mapping[str, Any]) -> Iterable[Finding]:
    term = (values.get("verbatim") or "").lower()
    if values.get("serious") is False and any(word in term for word in GRAVE):
        yield Finding(
            "serious", "grave_term_not_serious", f"“{values['verbatim']}” and not serious: is this right?"
        )


def recovered_has_end(values: Mapping[str, Any], context: Mapping[str, Any]) -> Iterable[Finding]:
    if values.get("outcome") in ("recovered", "recovered_with_sequelae") and values.get("ended_on") is None:
        yield Finding("ended_on", "end_missing", "The participant has recovered; since when?")


def onset_in_study(values: Mapping[str, Any], context: Mapping[str, Any]) -> Iterable[Finding]:
    """context["enrolled_on"]: partial date. What happened before is history."""
    onset, enrolled = values.get("onset_on"), context.get("enrolled_on")
    if onset is None or enrolled is None or onset.latest is None or enrolled.earliest is None:
        return
    if onset.latest < enrolled.earliest:
        yield Finding(
            "onset_on",
            "before_enrolment",
            "The event began before enrolment: it is history, unless it became worse in the study.",
        )


def grade_has_dictionary(values: Mapping[str, Any], context: Mapping[str, Any]) -> Iterable[Finding]:
    if values.get("grade") is not None and values.get("grade_dictionary") is None:
        yield Finding(
            "grade_dictionary",
            "dictionary_missing",
            "A grade means something only with its dictionary version.",
        )


def death_is_recorded(reason: str | None, fatal_event: bool) -> Iterable[Finding]:
    """Of the end of study: a death in the study is a serious adverse event with its own clocks."""
    if reason == "died" and not fatal_event:
        yield Finding(
            "reason",
            "fatal_event_missing",
            "The participant has died, and no adverse event with the outcome “fatal” is recorded. Record it: its"
            " reporting clocks run.",
        )
