"""What is planned and what counts as analysed: shared by the tables and the flow. Without pandas, so that pages
may use it."""

from __future__ import annotations

from dataclasses import dataclass

NO_BASELINE = "no baseline"
NO_VALUE = "no value at the visit"


@dataclass(frozen=True)
class VisitPlan:
    """A visit of the protocol as the tables need it. Days are counted from the index date (Day 0)."""

    key: str
    label: str
    day: int
    latest_day: int
    groups: tuple[str, ...]


def reason_unpaired(*, has_baseline: bool, has_value: bool) -> str | None:
    """Why a participant does not enter an analysis of change from baseline; None for who does.

    Both values are needed; no other visit stands in for an absent baseline, which is named first.
    """
    if not has_baseline:
        return NO_BASELINE
    return None if has_value else NO_VALUE
