"""Adverse events with everything that belongs to them, always within what the user may see."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from django.db.models import Q, QuerySet

from apps.celldose.models import CellProduct, CellSession
from apps.enrolment.rules import LifeEvent
from apps.safety.models import AdverseEvent, DkaEpisode, FollowUp, HypoglycaemiaEpisode, Outcome, SafetyReport
from apps.safety.rules.events import OPEN_OUTCOMES
from studyportal.access.declare import get_visible_or_404
from studyportal.access.models import User
from studyportal.access.permissions import Permission

# What stands under an event, by its related name: one query each, whatever the number of events.
EVENT_RECORDS = ("follow_ups", "reports", "dka_episodes", "hypoglycaemias")


@dataclass(frozen=True)
class EventFile:
    """One adverse event and all that was recorded of it. follow_ups and reports: by their number."""

    event: AdverseEvent
    follow_ups: tuple[FollowUp, ...]
    reports: tuple[SafetyReport, ...]
    dka: DkaEpisode | None
    hypoglycaemia: HypoglycaemiaEpisode | None

    @classmethod
    def of(cls, event: AdverseEvent) -> EventFile:
        """From an event fetched by `with_files` (no query), or any other (one query per kind of record)."""
        related: Any = event
        return cls(
            event=event,
            follow_ups=tuple(sorted(related.follow_ups.all(), key=lambda one: (one.number or 0, one.pk))),
            reports=tuple(sorted(related.reports.all(), key=lambda one: one.number)),
            dka=next(iter(related.dka_episodes.all()), None),
            hypoglycaemia=next(iter(related.hypoglycaemias.all()), None),
        )

    @property
    def participant(self) -> Any:
        return self.event.participant

    @property
    def product(self) -> CellProduct | None:
        return self.event.product

    @property
    def session(self) -> CellSession | None:
        """The session that the event is linked to, directly or by its product."""
        if self.event.session is not None:
            return self.event.session
        return self.event.product.session if self.event.product is not None else None

    @property
    def is_open(self) -> bool:
        return self.event.outcome is None or self.event.outcome in OPEN_OUTCOMES


def with_files(events: QuerySet[AdverseEvent]) -> QuerySet[AdverseEvent]:
    """Events with everything that an EventFile reads, in a fixed number of queries."""
    return events.select_related(
        "participant__site", "site", "visit", "session", "product__harvest__session"
    ).prefetch_related(*EVENT_RECORDS)


def event_file(event: AdverseEvent) -> EventFile:
    """The file of one event: with its follow-ups, reports, episodes, session and product."""
    return EventFile.of(event)


def event_or_404(pk: int, user: User, permission: Permission = Permission.VIEW_SAFETY) -> AdverseEvent:
    found: AdverseEvent = get_visible_or_404(with_files(AdverseEvent.objects.all()), user, permission, pk=pk)
    return found


def adverse_events(user: User, permission: Permission = Permission.VIEW_DATA) -> QuerySet[AdverseEvent]:
    """All events that the user may see, in the order of entry."""
    return (
        AdverseEvent.objects.visible_to(user, permission)
        .select_related("participant", "site", "visit", "session", "product")
        .order_by("id")
    )


def open_events(user: User, permission: Permission = Permission.VIEW_SAFETY) -> QuerySet[AdverseEvent]:
    """Events whose end is not known yet: without an outcome, not recovered or recovering."""
    return adverse_events(user, permission).filter(Q(outcome=None) | Q(outcome__in=OPEN_OUTCOMES))


def lives_of(participant_ids: Collection[int]) -> dict[int, list[LifeEvent]]:
    """Participant id → a death by an adverse event. One query."""
    rows: Any = AdverseEvent.objects.filter(
        participant_id__in=participant_ids, outcome=Outcome.FATAL
    ).values_list("participant_id", "ended_on", "verbatim")
    found: dict[int, list[LifeEvent]] = defaultdict(list)
    for participant_id, ended_on, verbatim in rows:
        found[participant_id].append(LifeEvent("died", ended_on, verbatim or ""))
    return found
