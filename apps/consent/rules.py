"""Consent state: a pure fold over the events of one participant, for one day.

Nothing here is taken as law: the age bands come from the protocol, and what cannot be shown from the record
is said to be indeterminate, never passed.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal, Protocol

Verdict = Literal["yes", "no", "indeterminate"]
Age = int | tuple[int, int] | None
Moment = dt.date | dt.datetime | None

PARTICIPATION, PROCEDURE = "participation", "procedure"

# Signatures that give consent, those that give assent, and the rest, which do neither.
OWN_CONSENT = "consent"
LAR_CONSENT = "lar_consent"
ORAL_ASSENT = "oral_assent"
WRITTEN_ASSENT = "written_assent"
RE_CONSENT = "re_consent"
WITHDRAWAL = "withdrawal"
CORRECTION = "correction"
COPY_GIVEN = "copy_given"
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
        {PARTICIPATION, PROCEDURE, "sample_storage", "data_sharing", "future_contact"}
    ),
}


class PartialDay(Protocol):
    """What a partial date says: bounds are None when it cannot be placed (age only, unknown)."""

    @property
    def earliest(self) -> dt.date | None: ...
    @property
    def latest(self) -> dt.date | None: ...


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


@dataclass(frozen=True)
class ConsentState:
    """What may be said of consent on one day.

    in_force: for taking part at all. procedure: for harvest and infusion; with all_sessions, or for the
    sessions in for_sessions. missing: signatures and particulars that are absent. withdrawn: scopes withdrawn
    and not consented to again.
    """

    in_force: Verdict
    procedure: Verdict
    all_sessions: bool = False
    for_sessions: frozenset[int] = frozenset()
    missing: tuple[str, ...] = ()
    withdrawn: frozenset[str] = frozenset()
    why: tuple[str, ...] = field(default=())

    def covers_session(self, number: int) -> Verdict:
        """Whether the harvest and infusion of this session are consented to."""
        if self.procedure == "no" or not (self.all_sessions or number in self.for_sessions):
            return "no"
        return self.procedure


def effective_events(events: Iterable[Event]) -> list[Event]:
    """The log with its corrections applied, in order of entry.

    A correction keeps the kind of what it corrects; the values that it states replace those before it, the
    values that it leaves out stand.
    """
    standing: dict[int, Event] = {}
    alias: dict[int, int] = {}
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
            if name not in ("id", "kind", "corrects", "note", "entered_at", "entered_by")
            and getattr(event, name) not in (None, ())
        }
        standing[original] = replace(standing[original], **stated)
    return list(standing.values())


def signed_by(event: Event, on: Moment) -> Verdict:
    """Whether the event was signed before the moment `on` (None: not known when).

    A signature of the same day counts only when both times are known: a date alone is indeterminate, and so
    is a signature without a date.
    """
    if on is None:
        return "indeterminate"
    day = on.date() if isinstance(on, dt.datetime) else on
    if event.signed_at is not None and isinstance(on, dt.datetime):
        return "yes" if event.signed_at <= on else "no"
    if event.signed_on is None or event.signed_on.latest is None or event.signed_on.earliest is None:
        return "indeterminate"
    if event.signed_on.latest < day:
        return "yes"
    if event.signed_on.earliest > day:
        return "no"
    return "indeterminate"


def required_signatures(bands: Iterable[AgeBand], age: int) -> tuple[str, ...]:
    """The signatures that the protocol asks for at this age; () when no band holds the age."""
    for band in bands:
        if band.from_age <= age and (band.to_age is None or age <= band.to_age):
            return tuple(band.signatures)
    return ()


def _ages(age: Age) -> tuple[int, ...]:
    if age is None:
        return ()
    if isinstance(age, int):
        return (age,)
    return tuple(range(age[0], age[1] + 1))


def _withdrawn(events: Sequence[Event], on: Moment) -> tuple[frozenset[str], frozenset[str]]:
    """(scopes withdrawn, purposes that they end) on that day; a later consent for a purpose restores it.

    A withdrawal whose date cannot be placed counts from the start: doubt protects the participant.
    """
    scopes: set[str] = set()
    ended: set[str] = set()
    for event in events:
        if event.kind == WITHDRAWAL and _withdrawal_counts(event, on):
            scopes |= set(event.withdrawal_scopes)
            for scope in event.withdrawal_scopes:
                ended |= WITHDRAWAL_ENDS.get(scope, frozenset())
        elif event.kind in (OWN_CONSENT, LAR_CONSENT, RE_CONSENT) and signed_by(event, on) == "yes":
            given = set(event.purposes or ())
            if given & ended:
                ended -= given
                scopes = {scope for scope in scopes if WITHDRAWAL_ENDS.get(scope, frozenset()) & ended}
    return frozenset(scopes), frozenset(ended)


def _withdrawal_counts(event: Event, on: Moment) -> bool:
    if on is None:
        return True
    day = on.date() if isinstance(on, dt.datetime) else on
    if event.signed_at is not None and isinstance(on, dt.datetime):
        return event.signed_at <= on
    if event.signed_on is None or event.signed_on.earliest is None:
        return True
    return event.signed_on.earliest <= day


def _gives(event: Event, signature: str, age_now: int) -> bool:
    """Whether the event is the signature asked for, given by someone who can give it."""
    if signature == OWN_CONSENT:
        if event.kind not in (OWN_CONSENT, RE_CONSENT) or (event.signer or "participant") != "participant":
            return False
        # A signature of a minor is no consent of an adult, however old the signer has become since.
        return event.age_at_signature is None or event.age_at_signature >= 18
    if signature == LAR_CONSENT:
        if event.kind == LAR_CONSENT:
            return event.signer is None or event.signer in REPRESENTATIVES
        return event.kind == RE_CONSENT and event.signer in REPRESENTATIVES
    if signature == ORAL_ASSENT:
        return event.kind in (ORAL_ASSENT, WRITTEN_ASSENT)
    return event.kind == signature


_WORDS = {
    OWN_CONSENT: "the participant's own consent as an adult",
    LAR_CONSENT: "the consent of a legally acceptable representative",
    ORAL_ASSENT: "the child's oral assent",
    WRITTEN_ASSENT: "the child's written assent",
    "age": "the age on that day",
    "document_version": "the version of the document",
    "signed_on": "the date of signature",
}


def words(missing: str) -> str:
    return _WORDS.get(missing, missing)


def _purpose_verdict(
    events: Sequence[Event], needed: Iterable[str], age: int, on: Moment, purpose: str
) -> tuple[Verdict, list[str]]:
    """For one age: whether each needed signature for the purpose was given before `on`, and what is missing."""
    verdict: Verdict = "yes"
    missing: list[str] = []
    for signature in needed:
        best: Verdict = "no"
        for event in events:
            if not _gives(event, signature, age):
                continue
            # Assent is to the study; consent names what it is for, and consent for nothing named cannot be told.
            if (
                signature in (OWN_CONSENT, LAR_CONSENT)
                and event.purposes is not None
                and purpose not in event.purposes
            ):
                continue
            given = signed_by(event, on)
            if given == "yes" and (event.document_version is None or event.purposes is None):
                given = "indeterminate" if signature in (OWN_CONSENT, LAR_CONSENT) else given
            if given == "yes" or (given == "indeterminate" and best == "no"):
                best = given
        if best == "no":
            missing.append(signature)
            verdict = "no"
        elif best == "indeterminate" and verdict == "yes":
            verdict = "indeterminate"
    return verdict, missing


def consent_state(
    events: Iterable[Event], bands: Iterable[AgeBand], on: Moment, age: Age = None
) -> ConsentState:
    """The consent in force on a day or at a moment; None: at a moment that nobody recorded.

    age: the age on that day, or its lowest and highest possible value. Unknown: the signatures of every band
    are possible, so a state can be shown to be absent but never to be in force.
    """
    bands = list(bands)
    log = effective_events(events)
    withdrawn, ended = _withdrawn(log, on)
    consents = [e for e in log if e.kind in (OWN_CONSENT, LAR_CONSENT, RE_CONSENT)]
    ages = _ages(age)
    candidates = ages or tuple(sorted({band.from_age for band in bands}))

    verdicts: dict[str, Verdict] = {}
    missing: list[str] = []
    for purpose in (PARTICIPATION, PROCEDURE):
        per_age = [_purpose_verdict(log, required_signatures(bands, a), a, on, purpose) for a in candidates]
        found = {verdict for verdict, _ in per_age}
        if not per_age or found == {"no"}:
            verdicts[purpose] = "no"
        elif found == {"yes"} and ages:
            verdicts[purpose] = "yes"
        else:
            verdicts[purpose] = "indeterminate"
        if purpose == PARTICIPATION and per_age:
            common = set.intersection(*(set(absent) for _, absent in per_age))
            missing = [s for s in SIGNATURES if s in common]
        if purpose in ended:
            verdicts[purpose] = "no"

    if not ages:
        missing.append("age")
    if consents and all(e.document_version is None for e in consents):
        missing.append("document_version")
    if consents and all(e.signed_on is None or e.signed_on.earliest is None for e in consents):
        missing.append("signed_on")

    for_procedure = [
        e for e in consents if (e.purposes is None or PROCEDURE in e.purposes) and signed_by(e, on) != "no"
    ]
    why = [f"{words(m)} is missing" for m in missing]
    why += [f"withdrawn: {scope.replace('_', ' ')}" for scope in sorted(withdrawn)]
    return ConsentState(
        in_force=verdicts[PARTICIPATION],
        procedure=verdicts[PROCEDURE],
        all_sessions=any(e.session_number is None for e in for_procedure),
        for_sessions=frozenset(e.session_number for e in for_procedure if e.session_number is not None),
        missing=tuple(missing),
        withdrawn=withdrawn,
        why=tuple(why),
    )


def age_on(day: dt.date, *, known_age: int | None, known_on: PartialDay | None) -> tuple[int, int] | None:
    """Lowest and highest age on a day, from an age that was known on a (partial) date; None when not derivable.

    Without a birth date an age of 17 on some day means: born between 17 and just under 18 years before it.
    """
    if known_age is None or known_on is None or known_on.earliest is None or known_on.latest is None:
        return None
    least = _years_between(known_on.latest, day)
    most = _years_between(known_on.earliest, day)
    # The birthday may have passed in any part year begun since the age was known.
    lowest = known_age + least
    highest = known_age + most + (0 if known_on.earliest == known_on.latest == day else 1)
    return max(lowest, 0), max(highest, 0)


def _years_between(start: dt.date, end: dt.date) -> int:
    """Whole years from start to end, rounded down (negative when end is before start)."""
    return end.year - start.year - ((end.month, end.day) < (start.month, start.day))


def signature_problems(values: Mapping[str, Any]) -> Iterable[tuple[str, str, str]]:
    """Hard rules of one entry: (field, code, message). Keys as in Event."""
    kind = values.get("kind")
    if kind == WITHDRAWAL and not values.get("withdrawal_scopes"):
        yield (
            "withdrawal_scopes",
            "required",
            "Say what is withdrawn: a withdrawal without a scope ends nothing.",
        )
    if kind != WITHDRAWAL and kind != CORRECTION and values.get("withdrawal_scopes"):
        yield (
            "withdrawal_scopes",
            "not_expected",
            "Only a withdrawal has scopes of withdrawal. Leave it empty.",
        )
    if kind == CORRECTION and not values.get("corrects"):
        yield "corrects", "required", "Name the entry that is corrected."
    if kind != CORRECTION and values.get("corrects"):
        yield "corrects", "not_expected", "Only a correction names another entry. Leave it empty."
    if kind == CORRECTION and not (values.get("note") or "").strip():
        yield (
            "note",
            "required",
            "Give the reason of the correction: the first entry stays readable beside it.",
        )
    signer = values.get("signer")
    if kind == LAR_CONSENT and signer == "participant":
        yield "signer", "not_a_representative", "A representative signs this consent, not the participant."
    if kind in (ORAL_ASSENT, WRITTEN_ASSENT) and signer in REPRESENTATIVES:
        yield "signer", "not_the_child", "Assent is given by the child, not by a representative."
    signed_on, signed_at = values.get("signed_on"), values.get("signed_at")
    entered_at = values.get("entered_at")
    if entered_at is not None:
        # One day of grace: the site's day may be ahead of UTC.
        limit = entered_at.date() + dt.timedelta(days=1)
        if signed_on is not None and signed_on.earliest is not None and signed_on.earliest > limit:
            yield "signed_on", "future", "The date of signature lies in the future."
        if signed_at is not None and signed_at > entered_at + dt.timedelta(minutes=5):
            yield "signed_at", "future", "The time of signature lies in the future."
    if signed_at is not None and signed_on is not None and signed_on.earliest is not None:
        distance = (signed_at.date() - signed_on.earliest).days
        span = (signed_on.latest - signed_on.earliest).days
        if not -1 <= distance <= span + 1:
            yield (
                "signed_at",
                "contradiction",
                "The time of signature is on another day than the date of signature.",
            )


def absent_problems(
    absent: Mapping[str, str], known: Collection[str], stated: Mapping[str, Any]
) -> Iterable[tuple[str, str, str]]:
    """Reasons for absent values: only for fields that exist and are absent."""
    for name in absent:
        if name not in known:
            yield f"absent.{name}", "unknown_field", "There is no such field."
        elif stated.get(name) not in (None, "", (), []):
            yield (
                f"absent.{name}",
                "contradiction",
                "A value is given, so there is no reason for its absence.",
            )
