"""Hard rules of adverse events. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from studyportal.crf.outcomes import Problem

# Outcomes after which an event is followed further; the others end it.
OPEN_OUTCOMES = ("recovering", "not_recovered")


def serious_has_criterion(values: Mapping[str, Any]) -> Iterable[Problem]:
    """Serious means that a criterion is met; without serious there is none."""
    serious, criteria = values.get("serious"), values.get("serious_criteria")
    if serious is True and not criteria:
        yield Problem(
            "serious_criteria",
            "required",
            "A serious event meets at least one criterion: name it, or answer “serious” with no.",
        )
    if serious is False and criteria:
        yield Problem(
            "serious_criteria",
            "contradiction",
            "A criterion of seriousness is given, so the event is serious.",
        )


def end_not_before_onset(values: Mapping[str, Any]) -> Iterable[Problem]:
    onset, end = values.get("onset_on"), values.get("ended_on")
    if onset is None or end is None or onset.earliest is None or end.latest is None:
        return
    if end.latest < onset.earliest:
        yield Problem("ended_on", "before_onset", "The event ends before it began.")


def death_agrees(values: Mapping[str, Any]) -> Iterable[Problem]:
    """Grade 5, the outcome “fatal” and the criterion “death” say the same thing."""
    criteria = values.get("serious_criteria") or []
    said = {
        "grade": values.get("grade") == "5",
        "outcome": values.get("outcome") == "fatal",
        "serious_criteria": "death" in criteria,
    }
    known = {
        "grade": values.get("grade") is not None,
        "outcome": values.get("outcome") is not None,
        "serious_criteria": values.get("serious") is not None,
    }
    if not any(said.values()):
        return
    for name, fatal in said.items():
        if known[name] and not fatal:
            yield Problem(
                name,
                "contradiction",
                "Grade 5, outcome “fatal” and criterion “death” belong together. Correct one.",
            )


def session_is_of_participant(values: Mapping[str, Any]) -> Iterable[Problem]:
    session, participant = values.get("session"), values.get("participant")
    if session is not None and participant is not None and session.participant_id != participant.pk:
        yield Problem("session", "other_participant", "This cell session belongs to another participant.")
