"""Reporting clocks of a serious event. Pure.

A clock runs twice: from the occurrence and from the awareness of the site. Where a start is known only as far as a day,
or not at all, it lies between two moments, and so does the last moment for the report; nothing is guessed. Hours are
real hours: everything is counted in UTC, so that a clock change moves no deadline.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

# Of the time of a clock, the share that is left when it is called due soon.
SOON_SHARE = 4

State = Literal["running", "soon", "overdue", "unclear", "stopped", "conditional"]


@dataclass(frozen=True)
class Event:
    """What the clocks of one adverse event rest on; every moment with its zone, None for unknown.

    serious None: not said yet. began_from, began_until: between which moments it began; equal when known to the minute.
    serious_since: when it became known to be serious, later than aware_at. recorded_at: when it was entered: the site
    was aware by then at the latest.
    """

    serious: bool | None
    began_from: dt.datetime | None
    began_until: dt.datetime | None
    aware_at: dt.datetime | None
    serious_since: dt.datetime | None
    recorded_at: dt.datetime


@dataclass(frozen=True)
class Rule:
    """One clock of the protocol. start: by which count a report is late."""

    key: str
    label: str
    hours: int
    start: Literal["awareness", "occurrence"]
    recipient: str
    stopped_by: frozenset[str]


@dataclass(frozen=True)
class Sent:
    """A report that counts: not one that was taken back, and with the moment as it was corrected."""

    number: int
    kind: str
    recipient: str
    sent_at: dt.datetime


@dataclass(frozen=True)
class Count:
    """A clock from one of its starts. first, last: between which moments it started; None: no bound is known."""

    first: dt.datetime | None
    last: dt.datetime | None
    hours: int

    @property
    def exact(self) -> bool:
        return self.first is not None and self.first == self.last

    @property
    def due_at(self) -> dt.datetime | None:
        """The last moment that is in time however early it started; None: not known."""
        return None if self.first is None else self.first + dt.timedelta(hours=self.hours)

    @property
    def due_by(self) -> dt.datetime | None:
        """After this moment it is late however late it started; None: not known."""
        return None if self.last is None else self.last + dt.timedelta(hours=self.hours)

    def late(self, at: dt.datetime) -> bool | None:
        """Whether a report at this moment is late; None: it cannot be said. The last moment itself is in time."""
        at = at.astimezone(dt.UTC)
        if self.due_by is not None and at > self.due_by:
            return True
        if self.due_at is not None and at <= self.due_at:
            return False
        return None

    def hours_until(self, at: dt.datetime) -> tuple[float | None, float | None]:
        """(at least, at most) so many hours have passed since the start; equal when the start is known."""
        at = at.astimezone(dt.UTC)
        least = None if self.last is None else (at - self.last).total_seconds() / 3600
        most = None if self.first is None else (at - self.first).total_seconds() / 3600
        return least, most


@dataclass(frozen=True)
class Clock:
    """One clock of one event as it stands.

    due_at: the last moment that is surely in time; None where the start is unknown. due_by: after it the report is
    surely late. stopped_by: number of the report. late: of the report, or of now while the clock runs; None: cannot be
    said. conditional: nobody said yet whether the event is serious; if it is, this is its clock.
    """

    key: str
    label: str
    recipient: str
    hours: int
    start: Literal["awareness", "occurrence"]
    stops: frozenset[str]
    from_occurrence: Count
    from_awareness: Count
    due_at: dt.datetime | None
    due_by: dt.datetime | None
    state: State
    stopped_by: int | None
    stopped_at: dt.datetime | None
    late: bool | None

    @property
    def count(self) -> Count:
        """That by which the report is late."""
        return self.from_awareness if self.start == "awareness" else self.from_occurrence

    @property
    def runs(self) -> bool:
        return self.state != "stopped"

    @property
    def conditional(self) -> bool:
        return self.state == "conditional"

    @property
    def earliest_due(self) -> dt.datetime | None:
        """By when to act: the surely safe moment, else the last that may be."""
        return self.due_at or self.due_by


def span_of_days(
    earliest: dt.date | None, latest: dt.date | None, zone: dt.tzinfo
) -> tuple[dt.datetime | None, dt.datetime | None]:
    """The first and the last moment of these days where the site is, in UTC: what a date without a time can mean."""
    first = None if earliest is None else dt.datetime.combine(earliest, dt.time(), zone).astimezone(dt.UTC)
    last = None
    if latest is not None:
        midnight = dt.datetime.combine(latest + dt.timedelta(days=1), dt.time(), zone).astimezone(dt.UTC)
        last = midnight - dt.timedelta(seconds=1)
    return first, last


def clocks_of(
    event: Event, reports: Iterable[Sent], rules: Iterable[Rule], now: dt.datetime
) -> tuple[Clock, ...]:
    """The clocks in the order of the protocol; none for an event that is not serious."""
    if event.serious is False:
        return ()
    told = sorted(reports, key=lambda sent: (sent.sent_at, sent.number))
    return tuple(_clock(event, told, rule, now.astimezone(dt.UTC)) for rule in rules)


def _clock(event: Event, told: list[Sent], rule: Rule, now: dt.datetime) -> Clock:
    occurrence = Count(*_occurred(event), rule.hours)
    awareness = Count(*_aware(event), rule.hours)
    count = awareness if rule.start == "awareness" else occurrence
    stop = next(
        (sent for sent in told if sent.recipient == rule.recipient and sent.kind in rule.stopped_by), None
    )
    late = count.late(now if stop is None else stop.sent_at)
    if stop is not None:
        state: State = "stopped"
    elif event.serious is None:
        state = "conditional"
    else:
        state = _running(count, late, now)
    return Clock(
        key=rule.key,
        label=rule.label,
        recipient=rule.recipient,
        hours=rule.hours,
        start=rule.start,
        stops=rule.stopped_by,
        from_occurrence=occurrence,
        from_awareness=awareness,
        due_at=count.due_at,
        due_by=count.due_by,
        state=state,
        stopped_by=None if stop is None else stop.number,
        stopped_at=None if stop is None else stop.sent_at,
        late=late,
    )


def _running(count: Count, late: bool | None, now: dt.datetime) -> State:
    if late is None:
        return "unclear"
    if late:
        return "overdue"
    due = count.due_at
    assert due is not None  # only what has a due moment is surely not late
    return "soon" if due - now <= dt.timedelta(hours=count.hours) / SOON_SHARE else "running"


def _occurred(event: Event) -> tuple[dt.datetime | None, dt.datetime | None]:
    """Nobody is aware of what has not happened: it began by then at the latest."""
    known = [at.astimezone(dt.UTC) for at in (event.began_until, event.aware_at, event.recorded_at) if at]
    first = None if event.began_from is None else event.began_from.astimezone(dt.UTC)
    last = min(known)
    # An awareness before the beginning is a contradiction that a check asks about; the beginning stands.
    return first, last if first is None else max(first, last)


def _aware(event: Event) -> tuple[dt.datetime | None, dt.datetime | None]:
    """When the site knew of an event and that it is serious: the later of both. Who entered an event knew of it."""
    if event.aware_at is not None:
        aware = min(event.aware_at.astimezone(dt.UTC), event.recorded_at.astimezone(dt.UTC))
        known = aware if event.serious_since is None else max(aware, event.serious_since.astimezone(dt.UTC))
        return known, known
    first = None if event.began_from is None else event.began_from.astimezone(dt.UTC)
    last = event.recorded_at.astimezone(dt.UTC)
    if event.serious_since is not None:
        since = event.serious_since.astimezone(dt.UTC)
        first = since if first is None else max(first, since)
        last = max(last, since)
    return first, last if first is None else max(first, last)
