"""What must be signed anew, or is missing beside a signature: as plain data, and in words. Pure."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from apps.consent.rules.documents import Register
from apps.consent.rules.events import LAR_CONSENT, OWN_CONSENT, PARTICIPATION, PROCEDURE, PartialDay
from studyportal.words import said

DueKind = Literal[
    "birthday", "capacity", "representative", "reconsent", "session", "copy", "recording", "witness"
]
# Those that ask for a signature; the others ask for something beside one.
SIGNING = ("birthday", "capacity", "representative", "reconsent", "session")


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
    ahead: bool = False  # it cannot be done yet


@dataclass(frozen=True)
class Facts:
    """What is known around the log, for what is due. group: of the participant. coming: the sessions that are planned,
    with their days as far as they are known. past: the record is
    transcribed from a source, so nothing is due. asked: what is due beside the signatures of the age is asked for at all."""

    register: Register | None = None
    group: str = ""
    can_read: bool | None = None
    coming: Sequence[tuple[int, PartialDay | None]] = ()
    past: bool = False
    asked: bool = True


NO_FACTS = Facts(asked=False)

NAMES: Mapping[str, str] = {
    OWN_CONSENT: said("the participant's own consent as an adult"),
    LAR_CONSENT: said("the consent of a legally acceptable representative"),
    "oral_assent": said("the child's oral assent"),
    "written_assent": said("the child's written assent"),
}
ITEMS: Mapping[str, str] = {
    PARTICIPATION: said("taking part"),
    PROCEDURE: said("harvest and infusion"),
    "sample_storage": said("storage of samples"),
    "future_contact": said("contact in future"),
    "data_sharing": said("sharing of coded data"),
    "images": said("images"),
}
