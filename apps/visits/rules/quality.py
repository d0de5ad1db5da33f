"""The score of quality of life. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from studyportal.crf.outcomes import NotDerivable
from studyportal.words import said

ITEMS = ("tired", "sleep", "mood", "diabetes_worry", "daily_life")
POINTS: Mapping[str, int] = {"not": 0, "slightly": 1, "moderately": 2, "much": 3, "very_much": 4}


def trouble_score(answers: Mapping[str, str | None]) -> Decimal | NotDerivable:
    """0 (no trouble) to 100 (most), the mean of the five answers; one that is missing leaves no score."""
    given = [answers.get(item) for item in ITEMS]
    points = [POINTS[answer] for answer in given if answer is not None]
    if len(points) < len(ITEMS):
        return NotDerivable(said("an answer missing"))
    return Decimal(sum(points) * 100) / (4 * len(ITEMS))


def derive_quality(values: Mapping[str, Any], context: Mapping[str, Any]) -> Mapping[str, Any]:
    return {"trouble_score": trouble_score(values)}
