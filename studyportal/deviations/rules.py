"""What a deviation still lacks before it can be closed, and what is to be done next. Pure."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from enum import StrEnum

MINOR, MAJOR, CRITICAL = "minor", "major", "critical"
GRAVITY = {MINOR: 1, MAJOR: 2, CRITICAL: 3}
OPEN, CLOSED, WITHDRAWN = "open", "closed", "withdrawn"


class Step(StrEnum):
    """What is to be done next with a deviation."""

    ASSESS = "assess"
    PLAN = "plan"
    REPORT = "report"
    CLOSE = "close"
    CLOSED = "closed"
    WITHDRAWN = "withdrawn"


@dataclass(frozen=True)
class Facts:
    """What is recorded of one deviation. Empty texts and None: not recorded."""

    state: str
    classification: str
    root_cause: str = ""
    corrective_action: str = ""
    preventive_action: str = ""
    action_due_on: dt.date | None = None
    reported_on: dt.date | None = None
    not_reported_because: str = ""
    closing_note: str = ""


def grave(classification: str) -> bool:
    """Major and critical ones are assessed, acted upon and reported before they are closed."""
    return classification in (MAJOR, CRITICAL)


def graver(one: str, other: str) -> bool:
    """Whether the first class weighs more than the second; an unknown class weighs nothing."""
    return GRAVITY.get(one, 0) > GRAVITY.get(other, 0)


def lacking(facts: Facts) -> tuple[str, ...]:
    """The fields that must be filled before it can be closed, in the order in which they are dealt with.

    A minor one needs words about it, whichever; a major or critical one its root cause, both actions, and the day on
    which the committee was told or why it was not.
    """
    if not grave(facts.classification):
        said = facts.root_cause or facts.corrective_action or facts.closing_note
        return () if said else ("closing_note",)
    told = facts.reported_on is not None or bool(facts.not_reported_because)
    needed = {
        "root_cause": bool(facts.root_cause),
        "corrective_action": bool(facts.corrective_action),
        "preventive_action": bool(facts.preventive_action),
        "reported_to_committee_on": told,
    }
    return tuple(name for name, there in needed.items() if not there)


def next_step(facts: Facts) -> Step:
    """What is to be done next. A minor one may be closed at once, with a word about it."""
    if facts.state == CLOSED:
        return Step.CLOSED
    if facts.state == WITHDRAWN:
        return Step.WITHDRAWN
    missing = lacking(facts) if grave(facts.classification) else ()
    if "root_cause" in missing:
        return Step.ASSESS
    if "corrective_action" in missing or "preventive_action" in missing:
        return Step.PLAN
    if "reported_to_committee_on" in missing:
        return Step.REPORT
    return Step.CLOSE


def overdue(facts: Facts, today: dt.date) -> bool:
    """Whether the planned action was due before today and the deviation still stands open. The day itself is in time."""
    return facts.state == OPEN and facts.action_due_on is not None and facts.action_due_on < today
