"""Moments on a clock that is put forward and back: which of them a time on the wall means. Pure.

A time on the wall (naive) names one moment, none when the clocks skip it, or two when they go back over it. Nothing here
guesses: who asks gets all of them, in order. Moments are compared and subtracted in UTC, because Python subtracts two
times of the same zone by the wall, an hour wrong over a change.
"""

from __future__ import annotations

import datetime as dt

TOLERANCE = dt.timedelta(minutes=5)
"""How far two clocks may differ before a moment counts as lying in the future."""


def meant_by(wall: dt.datetime, zone: dt.tzinfo) -> tuple[dt.datetime, ...]:
    """The moments (aware, in `zone`, earliest first) that a wall time without zone can mean: one, none or two."""
    wall = wall.replace(tzinfo=None, fold=0)
    found = []
    for fold in (0, 1):
        moment = wall.replace(tzinfo=zone, fold=fold)
        back = moment.astimezone(dt.UTC).astimezone(zone)
        if back.replace(tzinfo=None, fold=0) == wall and all(
            one.utcoffset() != back.utcoffset() for one in found
        ):
            found.append(moment)
    return tuple(found)


def is_ambiguous(moment: dt.datetime, zone: dt.tzinfo) -> bool:
    """Whether the wall clock of the zone showed this time of a moment twice."""
    return len(meant_by(moment.astimezone(zone), zone)) > 1


def offset_of(moment: dt.datetime) -> str:
    """The offset from UTC as it is typed behind a time: “-04:00”."""
    return moment.isoformat()[-6:] if moment.utcoffset() else "+00:00"


def elapsed(since: dt.datetime, until: dt.datetime) -> dt.timedelta:
    """The time that passed between two moments, whatever the clocks on the wall did meanwhile."""
    return until.astimezone(dt.UTC) - since.astimezone(dt.UTC)


def minutes_between(since: dt.datetime, until: dt.datetime) -> int:
    """Whole minutes that passed, rounded towards zero; negative when `until` lies before `since`."""
    seconds = elapsed(since, until).total_seconds()
    return int(seconds // 60) if seconds >= 0 else -int(-seconds // 60)


def lies_ahead(moment: dt.datetime, now: dt.datetime) -> bool:
    """Whether a moment lies later than any clock that is a little fast explains."""
    return elapsed(now, moment) > TOLERANCE
