"""What is asked about diet and exercise."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from studyportal.crf.outcomes import Finding
from studyportal.words import said

# Of the last seven days, fewer than these do not go with “as advised”, more not with “not”.
DAYS_AS_ADVISED = 5
DAYS_NOT = 2


def adherence_fits_days(values: Mapping[str, Any], context: Mapping[str, Any]) -> Iterable[Finding]:
    adherence, days = values.get("adherence"), values.get("diet_days")
    if days is None:
        return
    if (adherence == "full" and days < DAYS_AS_ADVISED) or (adherence == "not" and days > DAYS_NOT):
        yield Finding(
            "diet_days",
            "days_against_adherence",
            said(
                "%(days)s days of 7 do not go with how diet and exercise were kept. Which is right?",
                days=days,
            ),
        )
