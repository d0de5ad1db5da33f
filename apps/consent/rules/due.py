"""What must be signed anew, or is missing beside a signature. Pure."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Literal

DueKind = Literal[
    "birthday", "capacity", "representative", "reconsent", "session", "copy", "recording", "witness"
]


@dataclass(frozen=True)
class Due:
    """One thing that is due. signature: the kind of entry that is asked for. from_on: from when it can or must be done;
    by_on: the last day in time. Both are None where they are not known, or not to be told (a birthday)."""

    kind: DueKind
    signature: str
    from_on: dt.date | None
    by_on: dt.date | None
    overdue: bool
    why: str
    concerns: int | None = None  # the entry that it is about
    document: int | None = None  # the ConsentDocument to be signed
    session: int | None = None
