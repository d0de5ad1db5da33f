"""What the forms about the time before the study may not say."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from studyportal.crf.outcomes import Problem


def definitely_after(first: Any, second: Any) -> bool:
    """Whether one partial date lies after another whatever their missing parts are; False when it cannot be told."""
    if first is None or second is None or first.earliest is None or second.latest is None:
        return False
    return bool(first.earliest > second.latest)


def comorbidity_none_stands_alone(values: Mapping[str, Any]) -> Iterable[Problem]:
    chosen = values.get("comorbidities") or []
    if "none" in chosen and len(chosen) > 1:
        yield Problem(
            "comorbidities",
            "contradiction",
            "“None” is chosen together with a comorbidity. Keep one or the other.",
        )


def symptoms_none_stands_alone(values: Mapping[str, Any]) -> Iterable[Problem]:
    chosen = values.get("symptoms_at_onset") or []
    if "none" in chosen and len(chosen) > 1:
        yield Problem(
            "symptoms_at_onset",
            "contradiction",
            "“None” is chosen together with a symptom. Keep one or the other.",
        )


def ketoacidosis_count_agrees(values: Mapping[str, Any]) -> Iterable[Problem]:
    """No ketoacidosis and a count of episodes above 0 cannot both be true, nor the reverse."""
    history, count = values.get("dka_history"), values.get("dka_episodes")
    if history is False and count:
        yield Problem(
            "dka_episodes",
            "contradiction",
            "Episodes are counted although there is no history of ketoacidosis. Correct one of the two.",
        )
    if history is True and count == 0:
        yield Problem(
            "dka_episodes",
            "contradiction",
            "There is a history of ketoacidosis, so at least one episode is expected. Correct one of the two.",
        )
