"""When an entry was signed, as far as the record tells. Pure.

Days are those of the site; a time says more than a date, and a date alone decides nothing on its own day.
"""

from __future__ import annotations

import datetime as dt

from apps.consent.rules.events import Event, Moment, Verdict

_STRENGTH: dict[Verdict, int] = {"no": 0, "indeterminate": 1, "yes": 2}


def weakest(*verdicts: Verdict) -> Verdict:
    return min(verdicts, key=_STRENGTH.__getitem__)


def strongest(*verdicts: Verdict) -> Verdict:
    return max(verdicts, key=_STRENGTH.__getitem__)


def day_of(on: Moment) -> dt.date | None:
    return on.date() if isinstance(on, dt.datetime) else on


def bounds(event: Event) -> tuple[dt.date, dt.date] | None:
    """The first and the last day on which it can have been signed; None when that cannot be told."""
    signed = event.signed_on
    if signed is not None and signed.earliest is not None and signed.latest is not None:
        return signed.earliest, signed.latest
    if event.signed_at is not None:
        return event.signed_at.date(), event.signed_at.date()
    return None


def signed_by(event: Event, on: Moment) -> Verdict:
    """Whether the event was signed before the moment `on` (None: not known when).

    A signature of the same day counts only when both times are known: a date alone is indeterminate, and so
    is a signature without a date.
    """
    if on is None:
        return "indeterminate"
    if event.signed_at is not None and isinstance(on, dt.datetime):
        return "yes" if event.signed_at <= on else "no"
    span, day = bounds(event), day_of(on)
    if span is None or day is None:
        return "indeterminate"
    if span[1] < day:
        return "yes"
    return "no" if span[0] > day else "indeterminate"


def counts_by(event: Event, on: Moment) -> bool:
    """Whether what takes consent away may have been said by the moment: doubt protects the participant, so one without
    a date counts from the start, and one of the same day counts."""
    if on is None:
        return True
    if event.signed_at is not None and isinstance(on, dt.datetime):
        return event.signed_at <= on
    span, day = bounds(event), day_of(on)
    return span is None or day is None or span[0] <= day


def is_after(event: Event, other: Event) -> bool:
    """Whether the event was certainly signed after the other, which took consent away. What has no date is taken to
    have been said when it was entered; on one day only the times tell."""
    if event.signed_at is not None and other.signed_at is not None:
        return (event.signed_at, event.id) > (other.signed_at, other.id)
    span, before = bounds(event), bounds(other)
    if span is None:
        return False
    if before is None:
        return other.entered_at is not None and span[0] > other.entered_at.date()
    return span[0] > before[1]
