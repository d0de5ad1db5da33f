"""Hard rules of diet and exercise. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from studyportal.crf.outcomes import Problem
from studyportal.words import said


def no_exercise_has_no_minutes(values: Mapping[str, Any]) -> Iterable[Problem]:
    if values.get("exercise_intensity") != "none":
        return
    if values.get("exercise_minutes_per_week"):
        yield Problem(
            "exercise_minutes_per_week",
            "contradiction",
            said("Minutes are given although there is no exercise."),
        )
    if values.get("exercise_days"):
        yield Problem(
            "exercise_days", "contradiction", said("Days with exercise are given although there is none.")
        )
