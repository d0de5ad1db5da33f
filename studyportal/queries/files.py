"""The board as a file: one line for each query, in English whatever the reader's language."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from studyportal.api import csv_cells

HEADER = (
    "query", "site", "participant", "synthetic", "form", "record", "field", "code", "question", "state", "origin",
    "asked_by", "assigned_to", "assigned_role", "opened_at", "open_since", "age_days", "explained_value", "closed_at",
    "closed_because", "version",
)  # fmt: skip


def as_csv(queries: Iterable[Any]) -> Iterator[str]:
    """queries: with participant, site, raised_by, assigned_to and age. Times are UTC, as in every file."""
    return csv_cells.lines(HEADER, (_row(one) for one in queries))


def _row(one: Any) -> list[Any]:
    return [
        one.pk,
        one.site.code,
        one.participant.code,
        str(one.participant.synthetic).lower(),
        one.form,
        one.object_id,
        one.field,
        one.code,
        one.message,
        one.state,
        one.origin,
        one.raised_by.username if one.raised_by else "",
        one.assigned_to.username if one.assigned_to else "",
        one.assigned_role,
        one.opened_at.isoformat(timespec="seconds"),
        one.open_since.isoformat(timespec="seconds"),
        "" if one.state == "closed" else one.age,
        one.explained_value or "",
        one.closed_at.isoformat(timespec="seconds") if one.closed_at else "",
        one.closed_because,
        one.version,
    ]
