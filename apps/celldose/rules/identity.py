"""Who belongs to which product: identifiers and what was read from labels. Pure."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Protocol

from apps.celldose.rules.arithmetic import Breach, Values, _missing
from studyportal.crf.outcomes import NotDerivable, Problem
from studyportal.words import said


def derive_identity_check(values: Values, context: Values) -> Mapping[str, Any]:
    read = identity_read(
        values.get("identifier_read"),
        values.get("participant_code_read"),
        identifier=context.get("product_identifier"),
        participant_code=context.get("participant_code"),
    )
    return {"matches": read}


def identity_read(
    identifier_read: str | None,
    code_read: str | None,
    *,
    identifier: str | None,
    participant_code: str | None,
) -> bool | NotDerivable:
    """Whether what two people read is this product and this participant; case and spaces do not count."""
    missing = _missing(
        identifier_read=identifier_read,
        participant_code_read=code_read,
        product_identifier=identifier,
        participant_code=participant_code,
    )
    if missing:
        return missing
    return _plain(identifier_read) == _plain(identifier) and _plain(code_read) == _plain(participant_code)


def _plain(text: str | None) -> str:
    return "".join((text or "").split()).casefold()


def identified_unless_transcribed(values: Values) -> Iterable[Problem]:
    """A product without donation number can only come out of a paper that does not print it."""
    participant = values.get("participant")
    if participant is None or participant.retrospective or values.get("product_identifier"):
        return
    yield Problem(
        "product_identifier",
        "required",
        said("A product is known by its identifier: type the donation number on the label."),
    )


def two_different_people(values: Values) -> Iterable[Problem]:
    first, second = values.get("first_person"), values.get("second_person")
    if first and second and _plain(first) == _plain(second):
        yield Problem(
            "second_person",
            "same_person",
            said("An identity check takes two different people; name the second."),
        )


def identity_breaches(matches: bool | None, step: str | None) -> Iterable[Breach]:
    if matches is False:
        yield Breach(
            "identity_mismatch",
            said("Identity mismatch at %(step)s.", step=step or said("an unnamed step")),
            "critical",
            kind="identity",
        )


# --- near misses ------------------------------------------------------------------------------------------

STEPS = ("collection", "receipt", "issue", "bedside")

# Codes of problems that would have harmed had they not been stopped: each is kept as a near miss.
NEAR_MISSES = frozenset(
    {
        "other_participant",
        "already_used",
        "discarded",
        "expired",
        "not_released",
        "rejected",
        "release_unsigned",
        "out_of_specification",
        "product_quarantined",
        "reagent_expired",
        "consent_not_in_force",
        *(f"identity_mismatch_{step}" for step in STEPS),
    }
)


# --- two people read --------------------------------------------------------------------------------------


class Reading(Protocol):
    """What one signed-in person read at one step."""

    @property
    def pk(self) -> Any: ...

    @property
    def step(self) -> str: ...

    @property
    def reader_id(self) -> Any: ...

    @property
    def reader_name(self) -> str: ...

    @property
    def witness_of_id(self) -> Any: ...

    @property
    def matches(self) -> bool: ...

    @property
    def said(self) -> str: ...

    @property
    def read_at(self) -> dt.datetime: ...


class NamedCheck(Protocol):
    """A check of two people as a source names them."""

    @property
    def step(self) -> str | None: ...

    @property
    def checked_at(self) -> dt.datetime | None: ...

    @property
    def first_person(self) -> str | None: ...

    @property
    def second_person(self) -> str | None: ...

    @property
    def identifier_read(self) -> str | None: ...

    @property
    def participant_code_read(self) -> str | None: ...

    @property
    def matches(self) -> bool | None: ...


@dataclass(frozen=True)
class Waiting:
    """A first reading that a second person has not read yet."""

    reading: Any
    reader: Any
    name: str
    at: dt.datetime


@dataclass(frozen=True)
class Verified:
    """What the readings of one step come to.

    matches: True when two people read the same and right; False after a mismatch until a newer pair matches; None while
    only one has read, or when a source does not say. at and people are of the pair or of the mismatch. ever_matched and
    matched_at: whether and when a pair matched last, whatever came after; a source may not say when. by_readings: False
    for a check that a source names.
    """

    step: str
    matches: bool | None
    said: str = ""
    at: dt.datetime | None = None
    people: tuple[str, ...] = ()
    by_readings: bool = True
    ever_matched: bool = False
    matched_at: dt.datetime | None = None
    waiting: tuple[Waiting, ...] = ()


def verification(readings: Iterable[Reading], checks: Iterable[NamedCheck]) -> Mapping[str, Verified]:
    """Step → what its readings come to; a step at which nobody has read is left out.

    readings in the order in which they were entered, checks in the order of their time. A mismatch bars until a newer
    pair matches, and a first reading from before it makes no pair any more.
    """
    found: dict[str, Verified] = {}
    for check in checks:
        if check.step:
            found[check.step] = _of_check(check, found.get(check.step))
    for reading in readings:
        found[reading.step] = _after(reading, found.get(reading.step))
    return found


def _of_check(check: NamedCheck, before: Verified | None) -> Verified:
    clause = (
        ""
        if check.matches
        else said(
            "read “%(identifier_read)s” for %(participant_code_read)s",
            identifier_read=check.identifier_read,
            participant_code_read=check.participant_code_read,
        )
    )
    return Verified(
        step=check.step or "",
        matches=check.matches,
        said=clause,
        at=check.checked_at,
        people=tuple(name for name in (check.first_person, check.second_person) if name),
        by_readings=False,
        ever_matched=bool(check.matches) or (before is not None and before.ever_matched),
        matched_at=check.checked_at if check.matches else before.matched_at if before else None,
    )


def _after(reading: Reading, before: Verified | None) -> Verified:
    held = before or Verified(reading.step, None)
    if not reading.matches:
        return Verified(
            step=reading.step,
            matches=False,
            said=reading.said,
            at=reading.read_at,
            people=(reading.reader_name,),
            ever_matched=held.ever_matched,
            matched_at=held.matched_at,
        )
    if reading.witness_of_id is None:
        first = Waiting(reading.pk, reading.reader_id, reading.reader_name, reading.read_at)
        return replace(held, waiting=(*held.waiting, first))
    pair = next((one for one in held.waiting if one.reading == reading.witness_of_id), None)
    if pair is None or pair.reader == reading.reader_id:
        return held
    return Verified(
        step=reading.step,
        matches=True,
        at=reading.read_at,
        people=(pair.name, reading.reader_name),
        ever_matched=True,
        matched_at=reading.read_at,
    )


def same_identifier(read: str, identifier: str | None, containers: Iterable[str] = ()) -> bool:
    """Whether the label that was read is the product's or that of one of its containers."""
    return any(_plain(read) == _plain(one) for one in (identifier, *containers) if one)


def same_code(read: str, code: str | None) -> bool:
    return bool(code) and _plain(read) == _plain(code)
