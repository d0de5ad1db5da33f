"""Who is reminded of a clock, and when. Pure."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Literal

from apps.safety.rules.clocks import Clock

# Of an alert that nobody acknowledged: hours after it was raised, and the roles that are told.
ALERT_LEVELS = (
    ("alert", 0, ("investigator",)),
    ("alert_4h", 4, ("investigator", "site_coordinator")),
    ("alert_day", 24, ("investigator", "site_coordinator", "data_manager")),
)


@dataclass(frozen=True)
class Level:
    """hours after (before, when negative) the start of the clock or its last moment."""

    key: str
    label: str
    relative_to: Literal["start", "due"]
    hours: int
    roles: tuple[str, ...]


def moment_of(level: Level, clock: Clock) -> dt.datetime | None:
    """When the level is reached; None: nothing is known that it could be counted from.

    A clock with no known start counts from the last moment that it can have.
    """
    due = clock.earliest_due
    if due is None:
        return None
    origin = due if level.relative_to == "due" else due - dt.timedelta(hours=clock.hours)
    return origin + dt.timedelta(hours=level.hours)


def level_due(clock: Clock, levels: Iterable[Level], sent: Collection[str], now: dt.datetime) -> Level | None:
    """The level to be told of now: the last that is reached, unless that one or a later one was told already.

    After a pause, as of a server that was away, what was passed over is not told any more. Of an event of which nobody
    said yet whether it is serious, people are reminded by the end of its time only, not at its start.
    """
    if not clock.runs:
        return None
    reached = []
    for level in levels:
        at = moment_of(level, clock)
        if at is None or (clock.conditional and level.relative_to == "start"):
            continue
        reached.append((at, level))
    reached.sort(key=lambda one: one[0])
    passed = [level for at, level in reached if at <= now]
    if not passed:
        return None
    # A later one that was told: the clock has been moved since, and nothing new is to be said.
    told = any(level.key in sent for at, level in reached if at > now)
    return None if told or passed[-1].key in sent else passed[-1]
