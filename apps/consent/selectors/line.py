"""A person's consent over time: what was in force from when to when."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise

from apps.consent.models import ConsentEvent
from apps.consent.rules import PARTICIPATION, PROCEDURE, ConsentState
from apps.consent.selectors.state import state_for
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
    states = {day: state_for(participant, day, by=by) for day in turns}
    for start, end in pairwise([*turns, today + dt.timedelta(days=1)]):
        until = states[start].until
        if until is not None and start <= until < end - dt.timedelta(days=1):
            turn = until + dt.timedelta(days=1)
            states[turn] = state_for(participant, turn, by=by)
    found: dict[str, list[Span]] = {}
    for purpose in (PARTICIPATION, PROCEDURE):
        spans: list[Span] = []
        for start, end in pairwise([*sorted(states), today + dt.timedelta(days=1)]):
            last = end - dt.timedelta(days=1)
            verdict = _verdict(states[start], purpose)
            if last > start and _verdict(state_for(participant, last, by=by), purpose) != verdict:
                verdict = "changes"
            if spans and spans[-1].verdict == verdict:
                spans[-1] = Span(purpose, verdict, spans[-1].starts, last, spans[-1].why)
            else:
                spans.append(Span(purpose, verdict, start, last, states[start].why))
        found[purpose] = spans
    return found


def _verdict(state: ConsentState, purpose: str) -> str:
    return str(state.purposes.get(purpose) or (state.procedure if purpose == PROCEDURE else state.in_force))
