"""Deviations as a file: codes as stored, ISO days, moments with their offset, texts guarded against spreadsheets."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any
from zoneinfo import ZoneInfo

from django.utils import timezone

from studyportal.api import csv_cells
from studyportal.deviations import rules
from studyportal.deviations.models import Deviation

HEADER = (
    "deviation", "site", "participant", "synthetic", "code", "kind", "classification", "classification_by_rule",
    "description", "occurred_on", "raised_at", "raised_by", "form", "record", "state", "next_step", "root_cause",
    "corrective_action", "preventive_action", "responsible", "action_due_on", "reported_to_committee_on",
    "committee_reference", "not_reported_because", "closing_note", "closed_at", "closed_by",
)  # fmt: skip


def as_csv(deviations: Iterable[Deviation]) -> Iterator[str]:
    """Line by line; raised_by is empty for what a rule raised. Moments stand in the zone of the site."""
    return csv_cells.lines(HEADER, (_values(one) for one in deviations))


def _values(one: Deviation) -> list[Any]:
    zone = ZoneInfo(one.site.timezone)

    def moment(at: Any) -> str:
        return timezone.localtime(at, zone).isoformat(timespec="seconds") if at else ""

    return [
        one.pk,
        one.site.code,
        one.participant.code,
        one.participant.synthetic,
        one.code,
        one.kind,
        one.classification,
        one.found_classification,
        one.description,
        one.occurred_on or "",
        moment(one.raised_at),
        one.raised_by.get_username() if one.raised_by else "",
        one.form,
        one.object_id or "",
        one.state,
        rules.next_step(one.facts).value,
        one.root_cause,
        one.corrective_action,
        one.preventive_action,
        one.responsible,
        one.action_due_on or "",
        one.reported_to_committee_on or "",
        one.committee_reference,
        one.not_reported_because,
        one.closing_note,
        moment(one.closed_at),
        one.closed_by.get_username() if one.closed_by else "",
    ]
