"""Writing many entries of the screening log at once: the rows of a site's own list."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.utils import timezone

from apps.enrolment.actions.numbers import next_screening_numbers
from apps.enrolment.actions.participation import refresh_status
from apps.enrolment.actions.screening import CONCLUDED, STATED
from apps.enrolment.models import Participant, ScreeningEntry, ScreeningOutcome
from apps.enrolment.selectors.participation import standings_of
from studyportal.access.models import Site, User
from studyportal.imports import tables

WRITTEN = (*STATED, *CONCLUDED)
NOTHING: Mapping[str, Any] = {
    "screened_on": None,
    "age": None,
    "outcome_on": None,
    "outcome": ScreeningOutcome.OPEN.value,
}


def entries_by_list_number(site: Site, numbers: Sequence[str], *, hold: bool) -> dict[str, ScreeningEntry]:
    """The entries of the site that are there already. hold: nobody adds to the log or changes them until the end."""
    entries = ScreeningEntry.objects.filter(site=site, source_key__in=numbers)
    if hold:
        next_screening_numbers(site, 0)  # whoever adds an entry waits for the counter
        entries = entries.select_for_update(of=("self",)).order_by("pk")
    return {entry.source_key: entry for entry in entries.select_related("site")}


def add(*, site: Site, by: User, entries: Mapping[Any, Mapping[str, Any]]) -> dict[Any, str]:
    """Add entries whose values were checked (`screening.checked`); key → screening number, in one block without gaps.

    Within the caller's transaction, which says who acts and by which road.
    """
    numbers = dict(zip(entries, next_screening_numbers(site, len(entries)), strict=True))
    now = timezone.now()
    tables.insert(
        ScreeningEntry,
        (
            "site",
            "number",
            *WRITTEN,
            "synthetic",
            "retrospective",
            "version",
            "entered_by",
            "created_at",
            "updated_at",
        ),
        (
            [site.pk, numbers[key], *_columns(values), False, False, 1, by.pk, now, now]
            for key, values in entries.items()
        ),
    )
    return numbers


def overwrite(*, by: User, changes: Mapping[Any, tuple[ScreeningEntry, Mapping[str, Any]]]) -> dict[Any, str]:
    """Write values that were compared (`screening.compared`) with entries that are held; key → screening number."""
    now = timezone.now()
    tables.update(
        ScreeningEntry,
        ("id",),
        (*WRITTEN, "version", "updated_at"),
        (
            [
                entry.pk,
                *_columns({**{name: getattr(entry, name) for name in WRITTEN}, **values}),
                entry.version + 1,
                now,
            ]
            for entry, values in changes.values()
        ),
    )
    _follow(
        [entry.participant_id for entry, _values in changes.values() if entry.participant_id is not None], by
    )
    return {key: entry.number for key, (entry, _values) in changes.items()}


def _columns(values: Mapping[str, Any]) -> list[Any]:
    return [values.get(name, NOTHING.get(name, "")) for name in WRITTEN]


def _follow(participant_ids: Sequence[int], by: User) -> None:
    """The status of a participant begins with the screening: derived anew for all, written where it differs."""
    if not participant_ids:
        return
    participants = list(Participant.objects.filter(pk__in=participant_ids).select_related("site"))
    standings = standings_of(participants)
    for participant in participants:
        standing = standings[participant.pk]
        if (participant.status, participant.status_since) != (standing.status, standing.since):
            refresh_status(participant=participant, by=by)
