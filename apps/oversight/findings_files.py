"""The findings as rows of a file."""

from __future__ import annotations

from collections.abc import Iterator

from apps.consent.selectors.findings import Choice, listed
from studyportal.access.models import User
from studyportal.api import csv_cells

COLUMNS = (
    "participant", "site", "synthetic", "number", "question", "code", "severity", "verdict", "message", "record_model",
    "record",
)  # fmt: skip


def as_csv(user: User, choice: Choice) -> Iterator[str]:
    """One line for each finding, read as it is sent; codes as the API has them."""
    return csv_cells.lines(
        COLUMNS,
        (
            [
                one.participant.code,
                one.participant.site_code,
                one.participant.synthetic,
                one.finding.number,
                one.finding.title,
                one.finding.code,
                one.finding.severity,
                one.finding.verdict,
                one.finding.message,
                one.finding.about.model if one.finding.about else "",
                one.finding.about.key if one.finding.about else "",
            ]
            for one in listed(user, choice)
        ),
    )
