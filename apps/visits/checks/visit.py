"""What is asked about a visit."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from apps.visits.rules import DaySpan, label_disagrees, nominal_days
from studyportal.crf.outcomes import Finding, NotDerivable
from studyportal.words import said


def visit_findings(
    *, nominal_label: str, days: DaySpan | NotDerivable, happened_on: Any, status: str
) -> Iterable[Finding]:
    """What is asked about a visit: a label that the calendar contradicts, a visit without a date."""
    if status == "done" and happened_on is None:
        yield Finding(
            "happened_on", "visit_undated", said("The visit is done, and its date is not known. When was it?")
        )
    if happened_on is not None and happened_on.precision != "day":
        yield Finding(
            "happened_on",
            "date_precision",
            said(
                "The date of the visit is not known to the day (%(when)s); is the day in the source?",
                when=happened_on,
            ),
        )
    if label_disagrees(nominal_label, days):
        assert isinstance(days, DaySpan)
        nominal = nominal_days(nominal_label)
        assert nominal is not None
        yield Finding(
            "nominal_label",
            "label_disagrees",
            said(
                "The source calls this visit “%(label)s” (about %(nominal)s days), yet it lies %(days)s after its anchor."
                " Which of the two is right, and is it counted from another event?",
                label=nominal_label,
                nominal=round(nominal[0]),
                days=_span(days),
            ),
        )


def _span(days: DaySpan) -> str:
    if days.exact is not None:
        return said("%(days)s days", days=days.lowest)
    return said("%(from)s to %(to)s days", **{"from": days.lowest, "to": days.highest})
