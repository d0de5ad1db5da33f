"""Laboratory results and charts for tests."""

from __future__ import annotations

from typing import Any

from apps.labs.crfs import GLUCOSE_CHART, LAB_RESULT
from apps.labs.models import GlucoseChart, LabResult
from studyportal.crf.actions import save

OPTIONAL = ("reported", "unit", "collected_on", "fasting")


def a_result(by: Any, *, visit: Any = None, participant: Any = None, **raw: Any) -> LabResult:
    """A result; what the test does not state of OPTIONAL is absent, not recorded in the source."""
    whole = {"context": "follow_up"} | raw
    absent = {name: "not_recorded" for name in OPTIONAL if name not in whole}
    whole["absent"] = absent | whole.get("absent", {})
    parents = {} if visit is None else {"visit": visit}
    return save(LAB_RESULT, raw=whole, by=by, participant=participant, parents=parents)


def a_chart(by: Any, participant: Any, **raw: Any) -> GlucoseChart:
    whole = {
        "period_start": "2024-03-01", "period_end": "2024-03-07", "slots": ["fasting", "post_lunch"],
        "transcribed": True,
    } | raw  # fmt: skip
    return save(GLUCOSE_CHART, raw=whole, by=by, participant=participant)
