"""What is asked about the end of study."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any

from studyportal.crf.outcomes import Finding
from studyportal.words import said


def completed_with_last_visit(
    reason: str | None, last: tuple[str, str] | None, done: Collection[str]
) -> Iterable[Finding]:
    """Of the end of study. last: key and label of the last visit that the protocol schedules for the group."""
    if reason == "completed" and last is not None and last[0] not in done:
        yield Finding(
            "reason",
            "completed_without_last_visit",
            said(
                "The protocol ends with the visit “%(visit)s”, which is not recorded as done. Was the protocol completed?",
                visit=last[1],
            ),
        )


def no_visit_after_end(ended_on: Any, days: Iterable[Any]) -> Iterable[Finding]:
    """Of the end of study: partial dates of the visits that took place."""
    if ended_on is None or ended_on.latest is None:
        return
    later = [
        day for day in days if day is not None and day.earliest is not None and day.earliest > ended_on.latest
    ]
    if later:
        yield Finding(
            "ended_on",
            "visit_after_end",
            said(
                "A visit took place on %(day)s, after the end. Which of the two dates is right?",
                day=max(later, key=lambda day: day.earliest).for_people(),
            ),
        )
