"""What is asked about a visit."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from apps.visits.rules import DaySpan, label_disagrees, nominal_days
from studyportal.crf.outcomes import Finding, NotDerivable


def visit_findings(
    *, nominal_label: str, days: DaySpan | NotDerivable, happened_on: Any, status: str
) -> Iterable[Finding]:
    """What is asked about a visit: a label that the calendar contradicts, a visit without a date."""
    if status == "done" and happened_on is None:
        yield Finding(
            "happened_on", "visit_undated", "The visit is done, and its date is not known. When was it?"
        )
    if happened_on is not None and happened_on.precision != "day":
        yield Finding(
            "happened_on",
            "date_precision",
            f"The date of the visit is known by {happened_on.precision} only ({happened_on.for_people()});"
            " is the day in the source?",
        )
    if label_disagrees(nominal_label, days):
        assert isinstance(days, DaySpan)
        nominal = nominal_days(nominal_label)
        assert nominal is not None
        yield Finding(
            "nominal_label",
            "label_disagrees",
            f"The source calls this visit “{nominal_label}” (about {nominal[0]:.0f} days), yet it lies "
            f"{_span(days)} after its anchor. Which of the two is right, and is it counted from another event?",
        )


def _span(days: DaySpan) -> str:
    return f"{days.lowest} days" if days.exact is not None else f"{days.lowest} to {days.highest} days"
