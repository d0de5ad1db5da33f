"""Hard rules of adverse events and the grades that a measured value stands for (CTCAE v5)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

from studyportal.crf.outcomes import Problem


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


# CTCAE v5 (domain.md §8): a boundary value belongs to the milder grade. Below the lower limit of normal (LLN)
# down to the first bound is grade 1. Bounds in the unit named; grade 4 lies below the last bound.
_FALLING: Mapping[str, tuple[str, tuple[Decimal, ...], int]] = {
    "hypoglycaemia": ("mg/dL", (Decimal(55), Decimal(40), Decimal(30)), 4),
    "haemoglobin": ("g/dL", (Decimal(10), Decimal(8)), 3),
    "platelets": ("10*3/uL", (Decimal(75), Decimal(50), Decimal(25)), 4),
    "wbc": ("10*3/uL", (Decimal(3), Decimal(2), Decimal(1)), 4),
}
# Multiples of the upper limit of normal (ULN).
_RISING: Mapping[str, tuple[Decimal, ...]] = {
    "creatinine": (Decimal(1), Decimal("1.5"), Decimal(3), Decimal(6)),
    "alt": (Decimal(1), Decimal(3), Decimal(5), Decimal(20)),
}


def grade_of_fall(term: str, value: Decimal, lln: Decimal) -> int:
    """CTCAE v5 grade of a value below the lower limit of normal, in the unit of the table; 0: not below.

    Raises KeyError for a term that has no such table.
    """
    _unit, bounds, worst = _FALLING[term]
    if value >= lln:
        return 0
    for grade, bound in enumerate(bounds, start=1):
        if value >= bound:
            return grade
    return worst


def grade_of_rise(term: str, value: Decimal, uln: Decimal) -> int:
    """CTCAE v5 grade of a value above the upper limit of normal; 0: not above. Raises KeyError as above."""
    multiple = value / uln
    grade = 0
    for number, bound in enumerate(_RISING[term], start=1):
        if multiple > bound:
            grade = number
    return grade
