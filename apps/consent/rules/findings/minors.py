"""Questions 4 and 5: who signs for and with a child, and who signs once the child is of age. Pure."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

from apps.consent.rules import (
    DISSENT,
    LAR_CONSENT,
    ORAL_ASSENT,
    OWN_CONSENT,
    RE_CONSENT,
    REPRESENTATIVES,
    WRITTEN_ASSENT,
    Event,
    signed_by,
    words,
)
from apps.consent.rules.findings.case import (
    Asking,
    Case,
    ConsentFinding,
    Procedure,
    Severity,
    day_of,
    days,
    oldest,
    youngest,
)
from studyportal.words import said

CANNOT_DECIDE = "cannot_decide"


def minors(asking: Asking) -> Iterator[ConsentFinding]:
    """4: judged on the day of the first signature, as far as it can be placed."""
    case, terms = asking.case, asking.study.terms
    if not case.signed:
        return
    placed = [span[0] for event in case.signed if (span := day_of(event)) is not None]
    age = case.age(min(placed) if placed else asking.study.today)
    lowest, highest = youngest(age), oldest(age)
    if lowest is None or highest is None:
        yield asking.finding(
            4,
            "age_unknown",
            "major",
            said("The age at signature is not recorded, so it cannot be told who had to sign."),
            about=case.signed[0],
            open_question=True,
        )
    else:
        can_decide = not any(event.capacity == CANNOT_DECIDE for event in case.signed)
        needed = terms.signatures_at(lowest, can_decide=can_decide)
        if LAR_CONSENT in needed:
            doubtful = LAR_CONSENT not in terms.signatures_at(highest, can_decide=can_decide)
            yield from _missing(asking, needed, lowest, doubtful=doubtful)
            if not doubtful:
                yield from _outgrown(asking)
    for event in case.log:
        if event.kind == LAR_CONSENT and not event.lar_relationship_proof:
            yield asking.finding(
                4,
                "relationship_unproven",
                "major",
                said("How the representative's relationship was proven is not recorded."),
                about=event,
            )
        if event.kind == DISSENT:
            yield from _despite(asking, event)


def _missing(
    asking: Asking, needed: tuple[str, ...], age: int, *, doubtful: bool
) -> Iterator[ConsentFinding]:
    case = asking.case
    kinds = set(case.kinds)
    if any(event.signer in REPRESENTATIVES for event in case.consents):
        kinds.add(LAR_CONSENT)
    for signature in needed:
        if signature in kinds or (signature == ORAL_ASSENT and WRITTEN_ASSENT in kinds):
            continue
        severity: Severity = "critical" if signature == LAR_CONSENT and case.is_treated else "major"
        yield asking.finding(
            4,
            "representative_missing" if signature == LAR_CONSENT else "assent_missing",
            severity,
            said(
                "At %(age)s years %(signature)s is needed and is not recorded.",
                age=age,
                signature=words(signature),
            ),
            about=case.signed[0],
            open_question=doubtful,
        )


def _outgrown(asking: Asking) -> Iterator[ConsentFinding]:
    """A child who assented orally and has been old enough to write for longer than the protocol allows."""
    case, terms = asking.case, asking.study.terms
    if case.retrospective or not case.is_followed or ORAL_ASSENT not in case.kinds:
        return
    if WRITTEN_ASSENT in case.kinds or any(_is_own(event, terms.adult_from) for event in case.consents):
        return
    age = youngest(case.age(asking.study.today - dt.timedelta(days=terms.resign_within_days)))
    if age is not None and WRITTEN_ASSENT in terms.signatures_at(age):
        yield asking.finding(
            4,
            "assent_outgrown",
            "major",
            said(
                "The child assented orally and has been %(age)s for more than %(resign_within_days)s;"
                " written assent is needed and is not recorded.",
                age=age,
                resign_within_days=days(terms.resign_within_days),
            ),
            about=next(event for event in case.log if event.kind == ORAL_ASSENT),
        )


def _despite(asking: Asking, dissent: Event) -> Iterator[ConsentFinding]:
    """What was done to a child who had said no, until the child agreed again."""
    case, placed = asking.case, day_of(dissent)
    if placed is None:
        return
    agreed = [
        span[0]
        for event in case.log
        if event.kind in (ORAL_ASSENT, WRITTEN_ASSENT, OWN_CONSENT, RE_CONSENT)
        and event.signer == "participant"
        and event.id > dissent.id
        and (span := day_of(event)) is not None
    ]
    done = [
        one
        for one in case.everything
        if one.begins
        and placed[1] < one.first_day < dt.date.max
        and not any(placed[0] <= day <= one.first_day for day in agreed)
    ]
    if done:
        first = min(done, key=lambda one: one.first_day)
        yield asking.finding(
            4,
            "despite_dissent",
            "critical" if any(one.is_treatment for one in done) else "major",
            said(
                "The child dissented, and %(and_more)s took place after it.", and_more=_and_more(first, done)
            ),
            about=first.about,
        )


def turned_adult(asking: Asking) -> Iterator[ConsentFinding]:
    """5: someone for whom a representative consented. Transcribed records end with their source."""
    case, terms, today = asking.case, asking.study.terms, asking.study.today
    by_other = [e for e in case.consents if e.kind == LAR_CONSENT or e.signer in REPRESENTATIVES]
    # Somebody who cannot decide is consented for at any age (question 4).
    if case.retrospective or not by_other or any(event.capacity == CANNOT_DECIDE for event in case.signed):
        return
    if (highest := oldest(case.age(today))) is None or highest < terms.adult_from:
        return
    own = [event for event in case.consents if _is_own(event, terms.adult_from)]
    yield from _without_it(asking, own)
    window = dt.timedelta(days=terms.resign_within_days)
    if own:
        placed = [(span[1], event) for event in own if (span := day_of(event)) is not None]
        if placed:
            day, event = min(placed, key=lambda pair: pair[0])
            age = youngest(case.age(day - window))
            if age is not None and age >= terms.adult_from:
                yield asking.finding(
                    5,
                    "adult_consent_late",
                    "minor",
                    said(
                        "The participant signed as an adult more than %(days)s after the birthday.",
                        days=days(window.days),
                    ),
                    about=event,
                )
        return
    if not case.is_followed:
        return
    age = case.age(today - window)
    lowest, highest = youngest(age), oldest(age)
    if lowest is not None and lowest >= terms.adult_from:
        yield asking.finding(
            5,
            "adult_consent_due",
            "major",
            said("The participant has been %(adult_from)s or older for more than %(days)s; adult consent"
" is not recorded.", adult_from=terms.adult_from, days=days(window.days)),
            about=by_other[-1],
        )  # fmt: skip
    elif highest is not None and highest >= terms.adult_from:
        yield asking.finding(
            5,
            "adult_consent_perhaps_due",
            "minor",
            said("The participant is or soon turns %(adult_from)s; the record does not show the birthday."
" Adult consent is due then.", adult_from=terms.adult_from),
            about=by_other[-1],
            open_question=True,
        )  # fmt: skip


def _without_it(asking: Asking, own: list[Event]) -> Iterator[ConsentFinding]:
    """What was done since the birthday without the participant's own consent. Until the days of the protocol have passed
    visits go on by the earlier consent; harvest and infusion do not."""
    case, terms = asking.case, asking.study.terms
    window = dt.timedelta(days=terms.resign_within_days)
    done: list[Procedure] = []
    for one in case.everything:
        day = one.first_day
        if not one.begins or day == dt.date.max:
            continue
        age = youngest(case.age(day if one.is_treatment else day - window))
        if age is None or age < terms.adult_from:
            continue
        if all(signed_by(event, one.at or day) == "no" for event in own):
            done.append(one)
    if done:
        first = min(done, key=lambda one: one.first_day)
        yield asking.finding(
            5,
            "procedure_without_adult_consent",
            "critical" if any(one.is_treatment for one in done) else "major",
            said("The participant was %(adult_from)s or older, and %(and_more)s took place without the"
" participant's own consent.", adult_from=terms.adult_from, and_more=_and_more(first, done)),
            about=first.about,
        )  # fmt: skip


def _is_own(event: Event, adult_from: int) -> bool:
    """Whether it is the signature of an adult for himself or herself."""
    return (
        event.kind in (OWN_CONSENT, RE_CONSENT)
        and (event.signer or "participant") == "participant"
        and (event.age_at_signature is None or event.age_at_signature >= adult_from)
    )


def _and_more(first: Procedure, done: list[Procedure]) -> str:
    return f"“{first.what}”" + (said(" and %(done)s more", done=len(done) - 1) if len(done) > 1 else "")


def is_child(case: Case, day: dt.date, adult_from: int) -> bool:
    """Whether the participant is certainly under age on the day."""
    age = oldest(case.age(day))
    return age is not None and age < adult_from
