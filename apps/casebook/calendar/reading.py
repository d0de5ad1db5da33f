"""What the calendar holds between two days: visits that are to be held, and visits that took place."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from django.urls import reverse

from apps.casebook import grid
from apps.visits.models import Visit, VisitStatus
from apps.visits.selectors import DueLine, due_between
from studyportal import protocol
from studyportal.access.models import Site


@dataclass(frozen=True)
class Entry:
    """One visit on one day. day: its target, or when it took place. state: of `VisitState`, or done. window: its days."""

    day: dt.date
    code: str
    synthetic: bool
    site: str
    label: str
    state: str
    url: str
    window: tuple[dt.date, dt.date] | None = None


def entries(sites: Collection[Site], first: dt.date, last: dt.date) -> list[Entry]:
    """Of the days first…last, by day and code. Visits to be held stand on their target day. Two queries."""
    found = [*to_be_held(sites, first, last), *held(sites, first, last)]
    return sorted(found, key=lambda one: (one.day, one.code, one.label))


def to_be_held(sites: Collection[Site], first: dt.date, last: dt.date) -> list[Entry]:
    return [entry_of(line) for line in due_between(sites, first, last) if first <= line.target <= last]


def open_now(sites: Collection[Site], first: dt.date, last: dt.date) -> list[DueLine]:
    """Visits whose window touches the days and whose target day lies outside them."""
    return [line for line in due_between(sites, first, last) if not first <= line.target <= last]


def held(sites: Collection[Site], first: dt.date, last: dt.date) -> list[Entry]:
    """Visits that took place, as far as their day is known."""
    rows: Any = (
        Visit.objects.filter(
            site__in=list(sites),
            status=VisitStatus.DONE,
            happened_on__gte=first.isoformat(),
            happened_on__lte=last.isoformat(),
        )
        .select_related("participant", "site")
        .order_by("id")
    )
    return [
        Entry(
            day=visit.happened_on.exact,
            code=visit.participant.code,
            synthetic=visit.participant.synthetic,
            site=visit.site.code,
            label=visit.label,
            state="done",
            url=reverse("casebook:visit", args=[visit.participant.code, visit.pk]),
        )
        for visit in rows
        if visit.happened_on is not None and visit.happened_on.exact is not None
    ]


def entry_of(line: DueLine) -> Entry:
    return Entry(
        day=line.target,
        code=line.code,
        synthetic=line.synthetic,
        site=line.site,
        label=line.label,
        state=line.state,
        url=reverse("casebook:visit", args=[line.code, line.visit_id])
        if line.visit_id
        else grid.new_visit_url(line.code, line.key),
        window=(line.earliest, line.latest),
    )


def study_title() -> str:
    return str(protocol.current().study.short_title)


def by_day(found: Sequence[Entry]) -> dict[dt.date, list[Entry]]:
    days: dict[dt.date, list[Entry]] = {}
    for one in found:
        days.setdefault(one.day, []).append(one)
    return days
