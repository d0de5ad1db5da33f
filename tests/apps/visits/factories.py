"""Visits for tests."""

from __future__ import annotations

from typing import Any

from apps.visits import actions
from apps.visits.crfs import INSULIN, VITAL_SIGNS
from apps.visits.models import Visit
from studyportal.crf.actions import save


def a_visit(participant: Any, key: str, on: str | None, by: Any, **more: Any) -> Visit:
    return actions.record(participant=participant, key=key, happened_on=on, by=by, **more)


def weighed(visit: Visit, weight: str | None, by: Any) -> Any:
    raw: dict[str, Any] = {
        "weight": weight, "height": "160", "systolic": 110, "diastolic": 70, "pulse": 72,
    }  # fmt: skip
    if weight is None:
        raw["absent"] = {"weight": "not_recorded"}
    return save(VITAL_SIGNS, raw=raw, by=by, parents={"visit": visit})


def on_insulin(visit: Visit, by: Any, **more: Any) -> Any:
    raw = {"role": "basal", "product": "glargine", "taken": True, "dose": "10", "frequency_per_day": 1} | more
    return save(INSULIN, raw=raw, by=by, parents={"visit": visit})
