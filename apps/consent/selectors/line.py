"""A person's consent over time: what was in force from when to when."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise

from django.utils import timezone

from apps.consent.models import ConsentEvent
from apps.consent.rules import PARTICIPATION, PROCEDURE, ConsentState
from apps.consent.selectors.logs import Known, known_of
from apps.enrolment.models import Participant
from studyportal.access.models import User

# Days on which the state is asked for; of a longer log the line begins later.
MOST_DAYS = 40


@dataclass(frozen=True)
class Span:
    """A time with one state. verdict: yes, no or indeterminate; "changes": it changed within, on a day that is not
    told to the reader (a birthday). starts and ends are both included."""

    purpose: str
    verdict: str
    starts: dt.date
    ends: dt.date
    why: tuple[str, ...] = ()


def line_of(
    participant: Participant, log: Iterable[ConsentEvent], today: dt.date, *, by: User
) -> dict[str, list[Span]]:
    """Purpose → its spans from the first dated entry until today; {} while no entry has a day."""
    days: set[dt.date] = set()
    for entry in log:
        signed = entry.signed_on
        # The day after a signature by date alone is the first on which it can be shown to be in force.
        for day in () if signed is None else (signed.earliest, signed.latest):
            if day is not None:
                days |= {day, day + dt.timedelta(days=1)}
    turns = sorted(day for day in days if day <= today)[-MOST_DAYS:]
    if not turns:
        return {}
    known = known_of([participant], by=by)[participant.pk]
    for start, end in pairwise([*turns, today + dt.timedelta(days=1)]):
        # What ends a consent without an entry: a birthday, a new version that was not signed.
        until = _at_the_end_of(known, start, today).until
        if until is not None and start <= until < end - dt.timedelta(days=1):
            turns.append(until + dt.timedelta(days=1))
    return {
        purpose: _spans(purpose, known, sorted(set(turns)), today) for purpose in (PARTICIPATION, PROCEDURE)
    }


def _spans(purpose: str, known: Known, turns: list[dt.date], today: dt.date) -> list[Span]:
    spans: list[Span] = []
    for start, end in pairwise([*turns, today + dt.timedelta(days=1)]):
        last = end - dt.timedelta(days=1)
        state = _at_the_end_of(known, start, today)
        verdict = _verdict(state, purpose)
        if last > start and _verdict(_at_the_end_of(known, last, today), purpose) != verdict:
            verdict = "changes"
        if spans and spans[-1].verdict == verdict:
            spans[-1] = Span(purpose, verdict, spans[-1].starts, last, spans[-1].why)
        else:
            spans.append(Span(purpose, verdict, start, last, state.why))
    return spans


def _at_the_end_of(known: Known, day: dt.date, today: dt.date) -> ConsentState:
    """The state when the day ends (today: now), so that what was signed at a known time counts from its day."""
    if day >= today:
        return known.state(timezone.now())
    return known.state(dt.datetime.combine(day, dt.time.max, tzinfo=known.zone))


def _verdict(state: ConsentState, purpose: str) -> str:
    return str(state.purposes.get(purpose, state.in_force))
