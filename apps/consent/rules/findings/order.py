"""Questions 1, 13 and 14: consent comes before what is done. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from apps.consent.rules import PARTICIPATION, PROCEDURE, ConsentState, age_range, consent_state
from apps.consent.rules.due import NO_FACTS
from apps.consent.rules.findings.case import Asking, ConsentFinding, Procedure
from apps.consent.rules.fold import Fold
from studyportal.words import said, series

# Nobody who stands here has begun: a consent may still come.
BEFORE_CONSENT = ("screened", "eligible", "not_eligible", "declined")


def state_before(asking: Asking, procedure: Procedure) -> ConsentState:
    """The state at the moment of the procedure, or on its first possible day. Days that tell a birth date are not said."""
    day = procedure.on.earliest if procedure.on is not None else None
    moment = procedure.at.astimezone(asking.site.zone) if procedure.at is not None else day
    return consent_state(
        asking.case.log,
        asking.study.terms,
        moment,
        asking.case.known_ages.known,
        facts=NO_FACTS,
        reveal=False,
    )


def clearly(asking: Asking, procedure: Procedure, purpose: str, session: int | None = None) -> bool:
    """Whether consent to the purpose was certainly in force: every signature that every possible age asks for was given
    and stood. It is a short way to the yes of `state_before`, which almost everybody has; everybody else takes the long."""
    day = procedure.on.earliest if procedure.on is not None else None
    ages = age_range(asking.case.age(day)) if day is not None else ()
    if not ages:
        return False
    moment = procedure.at.astimezone(asking.site.zone) if procedure.at is not None else day
    fold = Fold(asking.case.log, asking.study.terms, moment, asking.case.known_ages)
    return all(fold.outcome(purpose, age, session)[0] == "yes" for age in ages)


def because(state: ConsentState) -> str:
    return series(state.why) or said("the signature is not dated before it")


def before_first_procedure(asking: Asking) -> Iterator[ConsentFinding]:
    """1."""
    case, first = asking.case, asking.case.first
    if not case.consents:
        if case.procedures or case.status not in BEFORE_CONSENT:
            yield asking.finding(
                1,
                "no_consent",
                "critical" if case.is_treated else "major",
                said("No consent is recorded, and “%(what)s” took place.", what=first.what)
                if first
                else said("No consent is recorded."),
                about=first.about if first else None,
            )
        return
    if first is None:
        return
    if first.on is None or first.on.earliest is None:
        yield asking.finding(
            1,
            "order_unknown",
            "major",
            said("“%(what)s” has no date, so the order cannot be shown.", what=first.what),
            about=first.about,
            open_question=True,
        )
        return
    if clearly(asking, first, PARTICIPATION):
        return
    state = state_before(asking, first)
    if state.in_force == "no":
        yield asking.finding(
            1,
            "procedure_before_consent",
            "critical" if first.is_treatment else "major",
            said(
                "Before “%(what)s” consent was not in force: %(state)s.",
                what=first.what,
                state=because(state),
            ),
            about=first.about,
        )
    elif state.in_force == "indeterminate":
        yield asking.finding(
            1,
            "order_unknown",
            "major",
            said(
                "It cannot be shown that consent was in force before “%(what)s”: %(state)s.",
                what=first.what,
                state=because(state),
            ),
            about=first.about,
            open_question=True,
        )


def sessions_covered(asking: Asking) -> Iterator[ConsentFinding]:
    """13: the first harvest and the first infusion of each session."""
    case = asking.case
    treatments = [one for one in case.procedures if one.is_treatment and one.session_number is not None]
    seen: set[tuple[str, int | None]] = set()
    for procedure in sorted(treatments, key=lambda one: (one.session_number or 0, one.first_day)):
        number = procedure.session_number
        if (procedure.kind, number) in seen or number is None:
            continue
        seen.add((procedure.kind, number))
        if clearly(asking, procedure, PROCEDURE, number):
            continue
        state = state_before(asking, procedure)
        verdict = state.covers_session(number)
        if verdict == "no":
            yield asking.finding(
                13,
                f"{procedure.kind}_not_covered",
                "critical",
                said(
                    "No consent in force covers the %(kind)s of session %(number)s: %(state)s.",
                    kind=procedure.kind,
                    number=number,
                    state=because(state),
                ),
                about=procedure.about,
            )
        elif verdict == "indeterminate":
            yield asking.finding(
                13,
                f"{procedure.kind}_cover_unknown",
                "major",
                said(
                    "It cannot be shown that consent covers the %(kind)s of session %(number)s: %(state)s.",
                    kind=procedure.kind,
                    number=number,
                    state=because(state),
                ),
                about=procedure.about,
                open_question=True,
            )


def screened_only(asking: Asking) -> Iterator[ConsentFinding]:
    """14, of registered participants; those who never became any are told from the screening log."""
    case = asking.case
    if not case.consents and not case.procedures and case.status in BEFORE_CONSENT:
        yield asking.finding(
            14, "screened_unconsented", "minor", said("In screening, and no consent is recorded yet.")
        )
