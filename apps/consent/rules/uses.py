"""What consent is asked for, and what an answer is: each grade of withdrawal stops what it covers and nothing else. Pure.

Two kinds of no are kept apart. What was withdrawn, refused by the child or suspended after a birthday is *stopped*: it
may not be done, nor recorded as done. What was done before anybody consented is *not covered*: it is recorded, and
becomes a deviation and a finding. Treatment, and what needs an agreement of its own (sharing, images), may not be done
unless consent to it is shown.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

from apps.consent.rules.events import (
    DATA_SHARING,
    DISSENT,
    FUTURE_CONTACT,
    IMAGES,
    LAR_CONSENT,
    OPTIONAL_ITEMS,
    ORAL_ASSENT,
    OWN_CONSENT,
    PARTICIPATION,
    PROCEDURE,
    RE_CONSENT,
    SAMPLE_STORAGE,
    WITHDRAWAL,
    WRITTEN_ASSENT,
    Event,
    Verdict,
    effective_events,
)
from apps.consent.rules.state import ConsentState


class Use(StrEnum):
    """What somebody wants to do with a participant, or with what is known of one."""

    TREATMENT = "treatment"
    VISIT = "visit"
    NEW_DATA = "new_data"
    CONTACT = "contact"
    SAMPLES = "samples"
    SHARING = "sharing"
    IMAGES = "images"
    ANALYSIS = "analysis"


# What each grade of withdrawal stops, and nothing else (domain.md §5). Who does not come any more is not treated; of
# whom nothing new may be known, no visit is made.
STOPPED_BY: Mapping[str, frozenset[Use]] = {
    "treatment": frozenset({Use.TREATMENT}),
    "visits": frozenset({Use.TREATMENT, Use.VISIT}),
    "new_data": frozenset({Use.TREATMENT, Use.VISIT, Use.NEW_DATA}),
    "future_contact": frozenset({Use.CONTACT}),
    "sample_use": frozenset({Use.SAMPLES}),
    "erasure_request": frozenset(Use),
}
# Why a use is stopped besides the grades: the child said no; what was collected so far is not retained; contact was
# declined, which counts once the participant does not come any more.
DISSENTED, NOT_RETAINED, DECLINED = "dissent", "not_retained", "declined"
TAKING_PART = frozenset({Use.TREATMENT, Use.VISIT, Use.NEW_DATA})
USES_OF_WHAT_IS_THERE = frozenset({Use.ANALYSIS, Use.SHARING})

# The purpose to which consent is given again when the use is to go on.
PURPOSE_OF: Mapping[Use, str] = {
    Use.TREATMENT: PROCEDURE,
    Use.VISIT: PARTICIPATION,
    Use.NEW_DATA: PARTICIPATION,
    Use.CONTACT: FUTURE_CONTACT,
    Use.SAMPLES: SAMPLE_STORAGE,
    Use.SHARING: DATA_SHARING,
    Use.IMAGES: IMAGES,
    Use.ANALYSIS: PARTICIPATION,
}
# Nothing but a yes allows these. Samples and contact are part of taking part; the items are about what comes after it.
NEEDS_A_YES = frozenset({Use.TREATMENT, Use.SHARING, Use.IMAGES})
# Uses that happen on a day and are recorded later: the day of the withdrawal itself is the last good one. The others are
# asked about now, and a withdrawal of today counts today.
DATED = frozenset({Use.VISIT, Use.NEW_DATA, Use.CONTACT, Use.SAMPLES})


@dataclass(frozen=True)
class Stop:
    """A use that somebody ended. scope: the grade of withdrawal, or DISSENTED, NOT_RETAINED or DECLINED.

    on: the last day on which it can have been said: what came after it is certainly beyond. until: the first day on
    which it can have been allowed again; None: it stands. entry: the entry of the log that says so.
    """

    use: Use
    scope: str
    on: dt.date
    until: dt.date | None
    entry: int

    def holds(self, first: dt.date) -> bool:
        """Whether a use whose first possible day this is lies beyond the stop, for certain."""
        begun = self.on < first if self.use in DATED else self.on <= first
        return begun and (self.until is None or first < self.until)


Reason = Literal["", "withdrawn", "dissent", "suspended", "declined", "not_consented", "unclear"]


@dataclass(frozen=True)
class Ruling:
    """The answer for one use on one day. stop: the entry that stops it, if one does.

    barred: it may not be done. Not barred and no yes: it may be recorded, and is a deviation or a finding.
    """

    use: Use
    verdict: Verdict
    reason: Reason = ""
    stop: Stop | None = None
    why: tuple[str, ...] = ()
    barred: bool = False

    @property
    def stopped(self) -> bool:
        """Whether it was ended, in whatever way; not: never consented to."""
        return self.reason in ("withdrawn", "dissent", "suspended", "declined")


def stops(events: Iterable[Event]) -> tuple[Stop, ...]:
    """Everything that was ended, corrections applied, in the order of the days; each with the day of its return.

    A withdrawal without a date counts from the day on which it was entered.
    """
    log = effective_events(events)
    found: list[Stop] = []
    for event in log:
        if event.kind == WITHDRAWAL:
            day = _said_on(event)
            ended = {use: scope for scope in reversed(_graded(event)) for use in STOPPED_BY.get(scope, ())}
            if event.data_retained is False:
                ended = dict.fromkeys(USES_OF_WHAT_IS_THERE, NOT_RETAINED) | ended
            found += [
                Stop(use, scope, day, _again(log, event, use), event.id) for use, scope in ended.items()
            ]
        elif event.kind == DISSENT:
            day = _said_on(event)
            found += [
                Stop(use, DISSENTED, day, _assented(log, event), event.id)
                for use in Use
                if use in TAKING_PART
            ]
        elif FUTURE_CONTACT in event.declined:
            again = _again(log, event, Use.CONTACT)
            found.append(Stop(Use.CONTACT, DECLINED, _said_on(event), again, event.id))
    return tuple(sorted(found, key=lambda stop: (stop.on, stop.entry, list(Use).index(stop.use))))


def _graded(event: Event) -> list[str]:
    """The scopes from the narrowest to the widest, so that a sentence names the one that was said first."""
    return [scope for scope in STOPPED_BY if scope in event.withdrawal_scopes]


def _said_on(event: Event) -> dt.date:
    if event.signed_on is not None and event.signed_on.latest is not None:
        return event.signed_on.latest
    if event.signed_at is not None:
        return event.signed_at.date()
    return event.entered_at.date() if event.entered_at is not None else dt.date.min


def _again(log: Sequence[Event], ended: Event, use: Use) -> dt.date | None:
    """The first day on which consent to the purpose of the use can have been given again."""
    purpose = PURPOSE_OF[use]
    return _after(
        ended,
        (
            event
            for event in log
            if event.kind in (OWN_CONSENT, LAR_CONSENT, RE_CONSENT, OPTIONAL_ITEMS)
            and purpose in (event.purposes or ())
        ),
    )


def _assented(log: Sequence[Event], ended: Event) -> dt.date | None:
    """The first day on which the child, or the adult that the child has become, can have agreed after saying no."""
    return _after(
        ended,
        (
            event
            for event in log
            if event.kind in (ORAL_ASSENT, WRITTEN_ASSENT)
            or (event.kind in (OWN_CONSENT, RE_CONSENT) and (event.signer or "participant") == "participant")
        ),
    )


def _after(ended: Event, given: Iterable[Event]) -> dt.date | None:
    """The earliest of the signatures that lie after the end; on the same day the order of entry decides."""
    day = _said_on(ended)
    days = [
        event.signed_on.earliest
        for event in given
        if event.signed_on is not None
        and event.signed_on.earliest is not None
        and event.signed_on.latest is not None
        and (event.signed_on.latest > day or (event.signed_on.latest == day and event.id > ended.id))
    ]
    return max(min(days), day) if days else None


def stop_of(found: Iterable[Stop], use: Use, first: dt.date | None) -> Stop | None:
    """What stops a use whose first possible day this is; a day that is not known is shown to be beyond nothing."""
    if first is None:
        return None
    return next((stop for stop in found if stop.use == use and stop.holds(first)), None)


def judge(
    use: Use,
    state: ConsentState,
    found: Iterable[Stop],
    first: dt.date | None,
    *,
    session: int | None = None,
    retrospective: bool = False,
) -> Ruling:
    """The answer of the log for one use. state: of that day or moment; found: `stops` of the log.

    first: the first day on which it can have been. session: of a treatment; None: whether treatment at all is consented
    to. retrospective: a transcribed case, whose birthdays suspend nothing: its source states what was done.
    """
    found = tuple(found)
    verdict = _verdict(use, state, session)
    if use == Use.TREATMENT and verdict == "yes":
        # The log was asked at the minute of the treatment, and a withdrawal of that day may have come after it.
        return Ruling(use, "yes")
    stop = stop_of(found, use, first)
    if stop is not None and stop.scope == DECLINED and stop_of(found, Use.VISIT, first) is None:
        stop = None  # whoever takes part is called about the visits; “contact in future” is what comes after them
    if stop is not None:
        return Ruling(use, "no", _REASONS.get(stop.scope, "withdrawn"), stop, state.why, barred=True)
    if use == Use.ANALYSIS:
        # What was collected may be analysed until that is ended: how it was consented to is another question.
        return Ruling(use, "yes")
    if use in TAKING_PART and not retrospective and suspended(state):
        return Ruling(use, "no", "suspended", None, state.why, barred=True)
    if verdict == "yes":
        return Ruling(use, "yes")
    reason: Reason = "unclear" if verdict == "indeterminate" else "not_consented"
    return Ruling(use, verdict, reason, None, state.why, barred=use in NEEDS_A_YES)


_REASONS: Mapping[str, Reason] = {DISSENTED: "dissent", DECLINED: "declined"}


def suspended(state: ConsentState) -> bool:
    """Whether taking part rests until somebody has signed anew."""
    return state.in_force == "no" and state.phase == "overdue"


def _verdict(use: Use, state: ConsentState, session: int | None) -> Verdict:
    if use == Use.TREATMENT:
        return state.procedure if session is None else state.covers_session(session)
    if use in TAKING_PART:
        return state.in_force
    return state.purposes.get(PURPOSE_OF[use], "indeterminate")
