"""What has to be done about consent, as the worklist tells it. Pure."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Literal

TaskKind = Literal["birthday", "reconsent", "session", "copy", "recording", "witness", "representative"]


@dataclass(frozen=True)
class Task:
    """One thing to do about the consent of one participant.

    due_on: None when the day is not known, or when the reader may not know it (a birthday tells the birth date).
    url_name: the page where it is done, of the participant's code; signature: the kind of entry that is asked for.
    """

    kind: TaskKind
    participant_id: int
    due_on: dt.date | None
    overdue: bool
    words: str
    url_name: str = "consent:participant"
    signature: str = ""
    concerns: int | None = None
    session: int | None = None
