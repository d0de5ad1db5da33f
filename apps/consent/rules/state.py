"""Consent state: a pure fold over the events of one participant, for one day.

Nothing here is taken as law: the age bands come from the protocol, and what cannot be shown from the record
is said to be indeterminate, never passed.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from apps.consent.rules.due import Due
from apps.consent.rules.events import (
    LAR_CONSENT,
    ORAL_ASSENT,
    OWN_CONSENT,
    PARTICIPATION,
    PROCEDURE,
    PURPOSES,
    RE_CONSENT,
    REPRESENTATIVES,
    SIGNATURES,
    WITHDRAWAL,
    WITHDRAWAL_ENDS,
    WRITTEN_ASSENT,
    Age,
    AgeAt,
    AgeBand,
    Event,
    Moment,
    Verdict,
    age_range,
    effective_events,
)
from apps.consent.rules.terms import Terms, required_signatures, terms_of

Phase = Literal["in_force", "due", "overdue", "none"]


@dataclass(frozen=True)
class ConsentState:
    """What may be said of consent on one day.

    in_force: for taking part at all. procedure: for harvest and infusion; with all_sessions, or for the
    sessions in for_sessions. missing: signatures and particulars that are absent. withdrawn: scopes withdrawn
    and not consented to again. purposes: the verdict for every Purpose, the two above among them. until: the last day
    on which taking part is in force as far as is known. due: what must be signed anew. representative: who consents for
    the participant now (a value of Signer; None: nobody does or needs to).
    """

    in_force: Verdict
    procedure: Verdict
    all_sessions: bool = False
    for_sessions: frozenset[int] = frozenset()
    missing: tuple[str, ...] = ()
    withdrawn: frozenset[str] = frozenset()
    why: tuple[str, ...] = field(default=())
    purposes: Mapping[str, Verdict] = field(default_factory=dict)
    until: dt.date | None = None
    due: tuple[Due, ...] = ()
    phase: Phase = "none"
    representative: str | None = None

    def covers_session(self, number: int) -> Verdict:
        """Whether the harvest and infusion of this session are consented to."""
        if self.procedure == "no" or not (self.all_sessions or number in self.for_sessions):
            return "no"
        return self.procedure


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
    events: Iterable[Event], terms: Terms | Iterable[AgeBand], on: Moment, age: Age | AgeAt = None
) -> ConsentState:
    """The consent in force on a day or at a moment; None: at a moment that nobody recorded.

    age: the age on that day, or its lowest and highest possible value. Unknown: the signatures of every band
    are possible, so a state can be shown to be absent but never to be in force.
    """
    bands = terms_of(terms).bands
    log = effective_events(events)
    withdrawn, ended = _withdrawn(log, on)
    consents = [e for e in log if e.kind in (OWN_CONSENT, LAR_CONSENT, RE_CONSENT)]
    day = on.date() if isinstance(on, dt.datetime) else on
    if age is not None and not isinstance(age, (int, tuple)):
        age = None if day is None else age.on(day)
    ages = age_range(age)
    candidates = ages or tuple(sorted({band.from_age for band in bands}))

    verdicts: dict[str, Verdict] = {}
    missing: list[str] = []
    for purpose in PURPOSES:
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
        purposes=verdicts,
        phase="none" if verdicts[PARTICIPATION] == "no" else "in_force",
        representative=next((e.signer for e in reversed(log) if e.kind == LAR_CONSENT), None),
    )
