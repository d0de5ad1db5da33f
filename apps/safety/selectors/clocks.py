"""The clocks of serious events, from what is recorded and what the protocol says for the site's country."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import Exists, OuterRef, Prefetch, QuerySet
from django.utils import timezone

from apps.safety.models import AdverseEvent, SafetyReport
from apps.safety.rules.clocks import Clock, Event, Rule, clocks_of, span_of_days
from apps.safety.selectors import lists
from apps.safety.selectors.reports import told, without_content
from studyportal import protocol
from studyportal.access.models import Site, User
from studyportal.access.permissions import Permission
from studyportal.protocol.safety import Jurisdiction

# Days ahead of which a follow-up is on the list.
FOLLOW_UP_AHEAD = 7


def jurisdiction_of(site: Site) -> Jurisdiction | None:
    return protocol.current().safety.jurisdiction_for(site.country)


def rules_of(jurisdiction: Jurisdiction | None) -> tuple[Rule, ...]:
    if jurisdiction is None:
        return ()
    return tuple(
        Rule(
            key=clock.key,
            label=clock.label,
            hours=clock.hours,
            start=clock.start,
            recipient=clock.recipient,
            stopped_by=frozenset(clock.stopped_by),
        )
        for clock in jurisdiction.clocks.values()
    )


def facts_of(event: AdverseEvent) -> Event:
    """What the clocks rest on. A date without a time is all of its days where the site is."""
    began_from = began_until = event.onset_at
    if event.onset_at is None and event.onset_on is not None:
        onset: Any = event.onset_on
        began_from, began_until = span_of_days(onset.earliest, onset.latest, ZoneInfo(event.site.timezone))
    return Event(
        serious=event.serious,
        began_from=began_from,
        began_until=began_until,
        aware_at=event.aware_at,
        serious_since=event.serious_since,
        recorded_at=event.created_at,
    )


def clocks_of_event(
    event: AdverseEvent, reports: Iterable[SafetyReport], now: dt.datetime | None = None
) -> tuple[Clock, ...]:
    """In the order of the protocol; none for what is not serious, or history, or in a country without clocks."""
    if event.participant.retrospective:  # type: ignore[attr-defined]
        return ()
    return clocks_of(
        facts_of(event), told(reports), rules_of(jurisdiction_of(event.site)), now or timezone.now()
    )


@dataclass(frozen=True)
class Due:
    """One event with the clocks that run, the most urgent first; all: with those that were stopped."""

    event: AdverseEvent
    running: tuple[Clock, ...]
    all: tuple[Clock, ...]
    reports: tuple[SafetyReport, ...]

    @property
    def first(self) -> Clock:
        return self.running[0]

    @property
    def overdue(self) -> bool:
        return any(clock.state == "overdue" for clock in self.running)

    @property
    def undecided(self) -> bool:
        """Nobody said yet whether it is serious."""
        return self.event.serious is None


LATEST = dt.datetime.max.replace(tzinfo=dt.UTC)


def urgency(clock: Clock) -> tuple[bool, dt.datetime]:
    """What is overdue first, then by the next moment."""
    return clock.state != "overdue", clock.earliest_due or LATEST


def watched(events: QuerySet[AdverseEvent]) -> QuerySet[AdverseEvent]:
    """Of these, those with clocks, or with clocks if they turn out to be serious: two queries."""
    return (
        events.filter(participant__retrospective=False)
        .exclude(serious=False)
        .select_related("participant", "site")
        .prefetch_related(Prefetch("reports", queryset=without_content()))
    )


def due_of(events: Iterable[AdverseEvent], now: dt.datetime) -> list[Due]:
    """Those with a running clock, what is overdue first, then by the next moment. Events fetched by `watched`."""
    found = []
    for event in events:
        reports = tuple(event.reports.all())  # type: ignore[attr-defined]
        clocks = clocks_of_event(event, reports, now)
        running = tuple(sorted((clock for clock in clocks if clock.runs), key=urgency))
        if running:
            found.append(Due(event, running, clocks, reports))
    return sorted(found, key=lambda due: (due.undecided, *urgency(due.first), due.event.pk))


def due(user: User, *, now: dt.datetime | None = None) -> list[Due]:
    """What is to be reported at the user's sites. Two queries."""
    events = watched(AdverseEvent.objects.visible_to(user, Permission.VIEW_SAFETY))
    return due_of(events, now or timezone.now())


def without_clocks(user: User) -> list[AdverseEvent]:
    """Serious events of sites in a country for which the protocol has no clocks: nothing would be said of them."""
    sites = [site.pk for site in Site.objects.all() if not rules_of(jurisdiction_of(site))]
    if not sites:
        return []
    events = AdverseEvent.objects.visible_to(user, Permission.VIEW_SAFETY).filter(
        site__in=sites, serious=True, participant__retrospective=False
    )
    return list(events.select_related("participant", "site").order_by("id"))


@dataclass(frozen=True)
class FollowUpDue:
    event: AdverseEvent
    due_on: dt.date
    days: int  # until then: negative when it has passed


def follow_ups_due(user: User, *, now: dt.datetime | None = None) -> list[FollowUpDue]:
    """Open events whose next follow-up is due within days, or was due, by the day at the site. As the worklist has them,
    for who sees safety."""
    moment = now or timezone.now()
    found = []
    # A day more: it may be tomorrow already where the site is.
    for event in lists.follow_ups_due(
        user, within_days=FOLLOW_UP_AHEAD + 1, permission=Permission.VIEW_SAFETY
    ):
        due_on: Any = event.follow_up_due_on
        days = (due_on - moment.astimezone(ZoneInfo(event.site.timezone)).date()).days
        if days <= FOLLOW_UP_AHEAD:
            found.append(FollowUpDue(event, due_on, days))
    return found


def unreported(user: User) -> QuerySet[AdverseEvent]:
    """Serious events of which no report stands: for the worklist and the number in the navigation."""
    standing = SafetyReport.objects.filter(event=OuterRef("pk"), corrected_by__isnull=True, taken_back=False)
    return AdverseEvent.objects.visible_to(user, Permission.VIEW_SAFETY).filter(
        ~Exists(standing), serious=True, participant__retrospective=False
    )
