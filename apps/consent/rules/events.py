"""An entry of the consent log as plain data, and the log with its corrections applied. Pure."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal, Protocol

Verdict = Literal["yes", "no", "indeterminate"]
Age = int | tuple[int, int] | None
Moment = dt.date | dt.datetime | None

PARTICIPATION, PROCEDURE = "participation", "procedure"
SAMPLE_STORAGE, FUTURE_CONTACT, DATA_SHARING, IMAGES = (
    "sample_storage",
    "future_contact",
    "data_sharing",
    "images",
)
# What a person may agree to or decline while taking part.
OPTIONAL = (SAMPLE_STORAGE, FUTURE_CONTACT, DATA_SHARING, IMAGES)
PURPOSES = (PARTICIPATION, PROCEDURE, *OPTIONAL)

# Signatures that give consent, those that give assent, and the rest, which do neither.
OWN_CONSENT = "consent"
LAR_CONSENT = "lar_consent"
ORAL_ASSENT = "oral_assent"
WRITTEN_ASSENT = "written_assent"
RE_CONSENT = "re_consent"
WITHDRAWAL = "withdrawal"
CORRECTION = "correction"
COPY_GIVEN = "copy_given"
DISSENT = "dissent"
WITNESSED = "witnessed"
RECORDED = "recorded"
OPTIONAL_ITEMS = "optional_items"
SIGNATURES = (OWN_CONSENT, LAR_CONSENT, ORAL_ASSENT, WRITTEN_ASSENT)
REPRESENTATIVES = ("mother", "father", "guardian", "other")

# What each grade of withdrawal ends; future_contact, sample_use end neither of the two.
WITHDRAWAL_ENDS: Mapping[str, frozenset[str]] = {
    "treatment": frozenset({PROCEDURE}),
    "visits": frozenset({PARTICIPATION, PROCEDURE}),
    "new_data": frozenset({PARTICIPATION, PROCEDURE}),
    "future_contact": frozenset({"future_contact"}),
    "sample_use": frozenset({"sample_storage"}),
    "erasure_request": frozenset(
        {PARTICIPATION, PROCEDURE, SAMPLE_STORAGE, FUTURE_CONTACT, DATA_SHARING, IMAGES}
    ),
}


class PartialDay(Protocol):
    """What a partial date says: bounds are None when it cannot be placed (age only, unknown)."""

    @property
    def earliest(self) -> dt.date | None: ...
    @property
    def latest(self) -> dt.date | None: ...


class AgeAt(Protocol):
    """Something that knows the age on any day: the lowest and the highest possible, None when it cannot tell."""

    def on(self, day: dt.date) -> tuple[int, int] | None: ...


class AgeBand(Protocol):
    """A band of the protocol: lowest age, highest age (None: no end), and the signatures that it asks for."""

    @property
    def from_age(self) -> int: ...
    @property
    def to_age(self) -> int | None: ...
    @property
    def signatures(self) -> Sequence[str]: ...


@dataclass(frozen=True)
class Band:
    """An age band as plain data."""

    from_age: int
    to_age: int | None
    signatures: tuple[str, ...]


# domain.md §5; the protocol file is what counts, this is what it says by default.
DEFAULT_BANDS = (
    Band(0, 6, (LAR_CONSENT,)),
    Band(7, 12, (ORAL_ASSENT, LAR_CONSENT)),
    Band(13, 17, (WRITTEN_ASSENT, LAR_CONSENT)),
    Band(18, None, (OWN_CONSENT,)),
)


@dataclass(frozen=True)
class Event:
    """One entry of the consent log as plain data. Any value may be None: it was not recorded."""

    id: int
    kind: str
    purposes: tuple[str, ...] | None = None
    session_number: int | None = None
    document_version: str | None = None
    document_language: str | None = None
    ethics_approval_number: str | None = None
    ethics_approval_validity: dt.date | None = None
    signed_on: PartialDay | None = None
    signed_at: dt.datetime | None = None
    age_at_signature: int | None = None
    signer: str | None = None
    lar_relationship_proof: str | None = None
    obtained_by: str | None = None
    witness: str | None = None
    audio_visual: str | None = None
    copy_given: bool | None = None
    withdrawal_scopes: tuple[str, ...] = ()
    corrects: int | None = None
    note: str = ""
    entered_at: dt.datetime | None = None
    entered_by: str | None = None
    declined: tuple[str, ...] = ()
    document_id: int | None = None
    document_sha256: str = ""
    informed_at: dt.datetime | None = None
    capacity: str | None = None
    signer_relationship: str | None = None
    signer_can_read: bool | None = None
    method: str | None = None
    paper_sha256: str = ""
    obtainer: int | None = None
    delegation: int | None = None
    training: int | None = None
    witness_relation: str | None = None
    recording_sha256: str | None = None
    recording_reason: str | None = None
    data_retained: bool | None = None
    as_it_happened: str = ""
    concerns: int | None = None
    sequence: int | None = None


# What belongs to the entry itself and not to what it tells.
NEVER_CORRECTED = frozenset(
    {"id", "kind", "corrects", "note", "entered_at", "entered_by", "sequence", "as_it_happened"}
)


def age_range(age: Age) -> tuple[int, ...]:
    """Every age that is possible; () for an unknown one."""
    if age is None:
        return ()
    return (age,) if isinstance(age, int) else tuple(range(age[0], age[1] + 1))


def effective_events(events: Iterable[Event], *, with_taken_back: bool = False) -> list[Event]:
    """The log with its corrections applied, in order of entry.

    A correction keeps the kind of what it corrects; the values that it states replace those before it, the
    values that it leaves out stand. One that states nothing takes the entry back (it should not have been made: the
    wrong participant, say) until a later one states something again; with_taken_back: such entries are given, too.
    """
    standing: dict[int, Event] = {}
    alias: dict[int, int] = {}
    gone: set[int] = set()
    for event in sorted(events, key=lambda e: e.id):
        if event.kind != CORRECTION:
            standing[event.id] = event
            alias[event.id] = event.id
            continue
        original = alias.get(event.corrects or 0)
        if original is None:
            continue
        alias[event.id] = original
        stated = {
            name: getattr(event, name)
            for name in Event.__dataclass_fields__
            if name not in NEVER_CORRECTED and getattr(event, name) not in (None, (), "")
        }
        standing[original] = replace(standing[original], **stated)
        (gone.discard if stated else gone.add)(original)
    return [event for event in standing.values() if with_taken_back or event.id not in gone]
