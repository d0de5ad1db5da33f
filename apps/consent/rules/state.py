"""Consent state: a pure fold over the events of one participant, for one day.

Nothing here is taken as law: the age bands come from the protocol, and what cannot be shown from the record
is said to be indeterminate, never passed. docs/decisions/0023-consent-state.md
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from apps.consent.rules import amendments, beside, changes
from apps.consent.rules.ages import AgeOnce, KnownAges
from apps.consent.rules.due import NAMES, NO_FACTS, SIGNING, Due, Facts
from apps.consent.rules.events import (
    LAR_CONSENT,
    OWN_CONSENT,
    PARTICIPATION,
    PROCEDURE,
    PURPOSES,
    RE_CONSENT,
    SIGNATURES,
    Age,
    AgeAt,
    AgeBand,
    Event,
    Moment,
    Verdict,
    age_range,
)
from apps.consent.rules.fold import ASSENTS, Fold
from apps.consent.rules.signed import bounds, strongest
from apps.consent.rules.terms import Terms, terms_of
from studyportal.words import said

Phase = Literal["in_force", "due", "overdue", "none"]


@dataclass(frozen=True)
class ConsentState:
    """What may be said of consent on one day.

    in_force: for taking part at all. procedure: for harvest and infusion; with all_sessions, or for the
    sessions in for_sessions. missing: signatures and particulars that are absent. withdrawn: scopes withdrawn
    and not consented to again. purposes: the verdict for every Purpose, the two above among them. until: the last day
    on which taking part is in force as far as is known. due: what must be signed anew or added. phase: "due" while a
    signature is due and in time, "overdue" after that, "none" without consent. representative: who consents for the
    participant now (a value of Signer; None: nobody does or needs to).
    """

    in_force: Verdict
    procedure: Verdict
    all_sessions: bool = False
    for_sessions: frozenset[int] = frozenset()
    missing: tuple[str, ...] = ()
    withdrawn: frozenset[str] = frozenset()
    why: tuple[str, ...] = field(default=())
    purposes: Mapping[str, Verdict] = field(default_factory=dict)
    sessions: Mapping[int, Verdict] = field(default_factory=dict)
    until: dt.date | None = None
    due: tuple[Due, ...] = ()
    phase: Phase = "none"
    representative: str | None = None

    def covers_session(self, number: int) -> Verdict:
        """Whether the harvest and infusion of this session are consented to."""
        if number in self.sessions:
            return self.sessions[number]
        return self.procedure if self.all_sessions else "no"


_WORDS = {
    **NAMES,
    "age": said("the age on that day"),
    "document_version": said("the version of the document"),
    "signed_on": said("the date of signature"),
}


def words(missing: str) -> str:
    return _WORDS.get(missing, missing)


def consent_state(
    events: Iterable[Event],
    terms: Terms | Iterable[AgeBand],
    on: Moment,
    age: Age | AgeAt = None,
    *,
    facts: Facts = NO_FACTS,
    reveal: bool = True,
) -> ConsentState:
    """The consent in force on a day or at a moment; None: at a moment that nobody recorded.

    age: who knows the age on any day; or the age on that day alone, or its lowest and highest possible value. Unknown:
    the signatures of every band are possible, so a state can be shown to be absent but never to be in force.
    facts: what is known around the log, for what is due. reveal: days that tell a birth date may be said.
    """
    terms = terms_of(terms)
    ages, at = _ages(age, on)
    fold = Fold(events, terms, on, at)
    candidates = ages or tuple(sorted({band.from_age for band in terms.bands}))

    verdicts: dict[str, Verdict] = {}
    carried = False
    for purpose in PURPOSES:
        if purpose == PROCEDURE:
            continue
        verdicts[purpose], interim = _together(fold, purpose, candidates, known=bool(ages))
        carried |= interim and purpose == PARTICIPATION
    numbers = sorted({e.session_number for e in fold.given if e.session_number is not None})
    every, _interim = _together(fold, PROCEDURE, candidates, known=bool(ages))
    each = {n: _together(fold, PROCEDURE, candidates, known=bool(ages), session=n)[0] for n in numbers}
    verdicts[PROCEDURE] = strongest(every, *each.values())

    changed = (
        list(changes.changes(fold, ages, reveal=reveal))
        if verdicts[PARTICIPATION] != "yes" or carried
        else []
    )
    found = [*changed, *_other_dues(fold, ages, verdicts, facts, every, each, reveal=reveal)]
    if terms.after_amendment == "suspended" and any(d.overdue for d in found if d.kind == "reconsent"):
        every = "no"
        verdicts = dict.fromkeys(verdicts, every)
        each = dict.fromkeys(each, every)
    missing = _missing(fold, candidates, known=bool(ages), carried=carried)
    return ConsentState(
        in_force=verdicts[PARTICIPATION],
        procedure=verdicts[PROCEDURE],
        all_sessions=every != "no",
        for_sessions=frozenset(n for n, verdict in each.items() if verdict != "no"),
        missing=missing,
        withdrawn=fold.withdrawn,
        why=tuple(_why(fold, missing, found, verdicts[PARTICIPATION])),
        purposes={purpose: verdicts[purpose] for purpose in PURPOSES},
        sessions=each,
        until=changes.in_force_until(fold, ages) if reveal and verdicts[PARTICIPATION] != "no" else None,
        due=tuple(found),
        phase=_phase(verdicts[PARTICIPATION], found),
        representative=_representative(fold, candidates),
    )


def taking_part(
    events: Iterable[Event], terms: Terms, on: Moment, age: Age | AgeAt
) -> tuple[Verdict, frozenset[str]]:
    """`in_force` and `withdrawn` of `consent_state`, at a third of its cost."""
    ages, at = _ages(age, on)
    fold = Fold(events, terms, on, at)
    candidates = ages or tuple(sorted({band.from_age for band in terms.bands}))
    return _together(fold, PARTICIPATION, candidates, known=bool(ages))[0], fold.withdrawn


def _ages(age: Age | AgeAt, on: Moment) -> tuple[tuple[int, ...], AgeAt | None]:
    """Every age that is possible at the moment, and who knows it on other days."""
    day = on.date() if isinstance(on, dt.datetime) else on
    if age is None or isinstance(age, (int, tuple)):
        return age_range(age), AgeOnce(age, day)
    if day is not None:
        return age_range(age.on(day)), age
    return age_range(age.stated if isinstance(age, KnownAges) else None), age


def _together(
    fold: Fold, purpose: str, candidates: Sequence[int], *, known: bool, session: int | None = None
) -> tuple[Verdict, bool]:
    """The verdict over every possible age, and whether an earlier signature carries it."""
    outcomes = [fold.outcome(purpose, age, session) for age in candidates]
    found = {verdict for verdict, _ in outcomes}
    interim = any(carried for _, carried in outcomes)
    if not found or found == {"no"}:
        return "no", interim
    return ("yes" if found == {"yes"} and known else "indeterminate"), interim


def _other_dues(
    fold: Fold,
    ages: Sequence[int],
    verdicts: Mapping[str, Verdict],
    facts: Facts,
    every: Verdict,
    each: Mapping[int, Verdict],
    *,
    reveal: bool,
) -> Iterable[Due]:
    if verdicts[PARTICIPATION] == "no" or facts.past:
        return
    yield from changes.birthday_ahead(fold, ages, reveal=reveal)
    if any(LAR_CONSENT in fold.needed(age) for age in ages):
        yield from changes.representative(fold)
    if not facts.asked:
        return
    yield from amendments.amendments(fold, ages, facts)
    covered = {number: each.get(number, every) for number, _day in facts.coming}
    yield from beside.sessions(fold, ages, facts, covered)
    yield from beside.beside(fold, facts)


def _missing(fold: Fold, candidates: Sequence[int], *, known: bool, carried: bool) -> tuple[str, ...]:
    missing: list[str] = []
    if not carried and candidates:
        common = set.intersection(*(set(_absent(fold, age)) for age in candidates))
        missing = [signature for signature in SIGNATURES if signature in common]
    if not known:
        missing.append("age")
    consents = [e for e in fold.log if e.kind in (OWN_CONSENT, LAR_CONSENT, RE_CONSENT)]
    if consents and all(e.document_version is None and e.document_id is None for e in consents):
        missing.append("document_version")
    if consents and all(bounds(e) is None for e in consents):
        missing.append("signed_on")
    return tuple(missing)


def _absent(fold: Fold, age: int) -> list[str]:
    """The signatures that nobody gave; what was only withdrawn is said as that."""
    absent = fold.absent(fold.needed(age))
    if not fold.withdrawn & {"visits", "new_data", "erasure_request"}:
        return absent
    return [
        s for s in absent if not any(fold.gives(e, s) != "no" and fold.when(e) != "no" for e in fold.given)
    ]


def _why(fold: Fold, missing: Sequence[str], found: Sequence[Due], in_force: Verdict) -> Iterable[str]:
    for one in missing:
        yield said("%(one)s is missing", one=words(one))
    for scope in sorted(fold.withdrawn):
        yield said("withdrawn: %(scope)s", scope=scope.replace("_", " "))
    if any(not fold.stands(e, e.kind, PARTICIPATION) for e in fold.given if e.kind in ASSENTS):
        yield from [said("the child dissented")] if fold.dissents else []
    for one in found:
        if one.kind in ("birthday", "capacity") and not one.ahead:
            yield one.why[:1].lower() + one.why[1:]
            if one.overdue and in_force == "no":
                yield said("taking part is suspended until it is signed")


def _phase(in_force: Verdict, found: Iterable[Due]) -> Phase:
    asked = [one for one in found if one.kind in SIGNING and not one.ahead]
    if any(one.overdue for one in asked):
        return "overdue"
    if in_force == "no":
        return "none"
    return "due" if asked else "in_force"


def _representative(fold: Fold, candidates: Iterable[int]) -> str | None:
    now = fold.representative
    if now is None or not any(LAR_CONSENT in fold.needed(age) for age in candidates):
        return None
    return now.signer
