"""What has to be done about consent, as the worklist tells it. Pure."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from apps.consent.rules.due import Due

TaskKind = Literal["birthday", "reconsent", "session", "copy", "recording", "witness", "representative"]

# A change of capacity asks another person to consent, as a change of representative does.
KINDS: dict[str, TaskKind] = {
    "birthday": "birthday",
    "capacity": "representative",
    "representative": "representative",
    "reconsent": "reconsent",
    "session": "session",
    "copy": "copy",
    "recording": "recording",
    "witness": "witness",
}
# Where each is done, by the participant's code.
PAGE = "consent:participant"


@dataclass(frozen=True)
class Task:
    """One thing to do about the consent of one participant.

    due_on: None when the day is not known, or when the reader may not know it (a birthday tells the birth date).
    url_name: the page where it is done, of the participant's code; signature: the kind of entry that is asked for.
    ahead: it cannot be done yet. concerns: the entry that it is about.
    """

    kind: TaskKind
    participant_id: int
    due_on: dt.date | None
    overdue: bool
    words: str
    url_name: str = PAGE
    signature: str = ""
    concerns: int | None = None
    session: int | None = None
    ahead: bool = False
    from_on: dt.date | None = None


def tasks_of(participant_id: int, due: Iterable[Due]) -> list[Task]:
    """What is due, as tasks: overdue first, then by the last day in time."""
    found = [
        Task(
            kind=KINDS[one.kind],
            participant_id=participant_id,
            due_on=one.by_on,
            overdue=one.overdue,
            words=f"{one.why}.",
            signature=one.signature,
            concerns=one.concerns,
            session=one.session,
            ahead=one.ahead,
            from_on=one.from_on,
        )
        for one in due
    ]
    return sorted(found, key=lambda task: (not task.overdue, task.due_on or dt.date.max, task.kind))
