"""What a report of a serious event must say, and when it cannot be one. Pure."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable
from dataclasses import dataclass

from apps.safety.rules.clocks import Clock, Event, Sent
from studyportal.crf.outcomes import Problem
from studyportal.words import said

KINDS = ("initial", "follow_up", "analysis", "final", "opinion")
# Between the clock of a person's watch and that of the server.
TOLERANCE = dt.timedelta(minutes=5)
LONGEST_NAME, LONGEST_TEXT = 80, 4000


@dataclass(frozen=True)
class Stated:
    """A report as somebody states it. sent_at: for an opinion, when it was received."""

    kind: str
    recipient: str
    sent_at: dt.datetime | None
    late_reason: str = ""
    reference: str = ""
    method: str = ""
    note: str = ""


def wrong(stated: Stated, recipients: Collection[str], now: dt.datetime) -> Iterable[Problem]:
    """What is wrong whatever the event says."""
    if stated.kind not in KINDS:
        yield Problem("kind", "unknown_code", said("Say what it is: one of %(kinds)s.", kinds=list(KINDS)))
    if stated.recipient not in recipients:
        yield Problem(
            "recipient",
            "unknown_code",
            said("Name a recipient: one of %(recipients)s.", recipients=list(recipients)),
        )
    if stated.sent_at is None:
        yield Problem("sent_at", "required", said("Give the day and time at which it was sent."))
    elif stated.sent_at.tzinfo is None:
        yield Problem("sent_at", "invalid_datetime", said("Give the time with its offset from UTC."))
    elif stated.sent_at > now + TOLERANCE:
        yield Problem(
            "sent_at", "in_future", said("This time is still to come. A report is recorded when it was sent.")
        )
    for name, longest in (
        ("reference", LONGEST_NAME),
        ("method", LONGEST_NAME),
        ("late_reason", LONGEST_TEXT),
        ("note", LONGEST_TEXT),
    ):
        if len(getattr(stated, name)) > longest:
            yield Problem(name, "too_long", said("At most %(longest)s characters.", longest=longest))


def refused(
    stated: Stated, event: Event, told: Iterable[Sent], *, retrospective: bool, resolved: bool
) -> Iterable[Problem]:
    """What must be true before. resolved: the event is complete and its outcome is final."""
    told = list(told)
    if retrospective:
        yield Problem(
            None,
            "retrospective",
            said("This is a transcribed case: its events are history and have no clocks."),
        )
        return
    if event.serious is None:
        yield Problem(
            None,
            "seriousness_unknown",
            said("It is not said whether this event is serious. Answer that on its form; then report it."),
        )
        return
    if event.serious is False:
        yield Problem(
            None,
            "not_serious",
            said("This event is not serious. If it is, say so on its form; then report it."),
        )
        return
    to_them = [sent for sent in told if sent.recipient == stated.recipient and sent.kind != "opinion"]
    first = next((sent for sent in to_them if sent.kind == "initial"), None)
    if stated.kind == "initial" and first is not None:
        yield Problem(
            "kind",
            "initial_twice",
            said(
                "Version %(number)s is the initial report to this recipient. Send a follow-up report, or"
                " correct that version.",
                number=first.number,
            ),
        )
    if stated.kind in ("follow_up", "analysis", "final", "opinion") and first is None:
        yield Problem(
            "kind", "initial_missing", said("This recipient has no initial report yet. Send that first.")
        )
    if stated.kind == "final" and not resolved:
        yield Problem(
            "kind",
            "event_open",
            said(
                "A final report needs the event's form complete and its outcome known: recovered, with"
                " sequelae, or fatal."
            ),
        )


def contradicts(stated: Stated, event: Event, told: Iterable[Sent]) -> Iterable[Problem]:
    """A time that what is recorded does not allow."""
    at = stated.sent_at
    if at is None:
        return
    # Times are typed to the minute: what was sent in the minute of the awareness was not sent before it.
    if event.aware_at is not None and at < event.aware_at.replace(second=0, microsecond=0):
        yield Problem(
            "sent_at",
            "before_awareness",
            said("It was sent before the site became aware. Correct one of the two."),
        )
    elif event.began_from is not None and at < event.began_from.replace(second=0, microsecond=0):
        yield Problem(
            "sent_at", "before_onset", said("It was sent before the event began. Correct one of the two.")
        )
    before = [sent for sent in told if sent.recipient == stated.recipient]
    if stated.kind != "initial" and before and at < min(sent.sent_at for sent in before):
        yield Problem(
            "sent_at", "before_initial", said("It was sent before the initial report to the same recipient.")
        )


def stops(stated: Stated, clocks: Iterable[Clock]) -> list[Clock]:
    """The clocks that run and that this report stops."""
    return [
        clock
        for clock in clocks
        if clock.runs and clock.recipient == stated.recipient and stated.kind in clock.stops
    ]


def lateness(clocks: Iterable[Clock], at: dt.datetime) -> bool | None:
    """Whether a report at this moment is late for one of the clocks; None: for none surely, and it cannot be said for
    all."""
    answers = [clock.count.late(at) for clock in clocks]
    if True in answers:
        return True
    return None if None in answers else False


def reason_needed(stated: Stated, stopped: Iterable[Clock]) -> Iterable[Problem]:
    """A late report gives its reason; so does one of which nobody can say whether it is."""
    if stated.late_reason.strip() or stated.sent_at is None:
        return
    late = lateness(stopped, stated.sent_at)
    if late is True:
        yield Problem(
            "late_reason",
            "late_reason_required",
            said("This report is late. Give the reason; it stays with it."),
        )
    elif late is None:
        yield Problem(
            "late_reason",
            "late_reason_required",
            said(
                "It cannot be said whether this report is late, because its clock has no known start."
                " Record when the site became aware (and the time of onset), or give a reason here."
            ),
        )
