"""The questions of an ethics auditor (domain.md §5) that the consent log can answer: pure.

Each finding carries the number of its question. What the record cannot decide is a finding with the verdict
"indeterminate", never a silent pass.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Sequence

from apps.consent.findings.approvals import approvals
from apps.consent.findings.case import Case, ConsentFinding, Procedure, Severity, finding, name_of
from apps.consent.rules import (
    COPY_GIVEN,
    CORRECTION,
    LAR_CONSENT,
    OWN_CONSENT,
    RE_CONSENT,
    SIGNATURES,
    WITHDRAWAL,
    WITHDRAWAL_ENDS,
    AgeBand,
    ConsentState,
    Event,
    consent_state,
    effective_events,
    required_signatures,
    words,
)

# A signature entered later than this is shown as entered late.
ENTRY_LAG_DAYS = 7
# Nobody who stands here has begun: a consent may still come.
BEFORE_CONSENT = ("screened", "eligible", "not_eligible", "declined")


def consent_findings(
    case: Case,
    bands: Iterable[AgeBand],
    *,
    today: dt.date,
    current_version: str | None = None,
) -> list[ConsentFinding]:
    """All findings of one participant, by number. current_version: the approved version of today, if known."""
    bands = list(bands)
    log = effective_events(case.events)
    found: list[ConsentFinding] = []
    found += before_first_procedure(case, log, bands)
    found += documents(log)
    found += dates(case, log)
    found += minors(case, log, bands, today)
    found += turned_adult(case, log, today)
    found += particulars(case, log)
    found += amendments(case, log, current_version)
    found += after_withdrawal(case, log)
    found += sessions_covered(case, bands)
    found += approvals(case, _signed(log))
    found += corrections(case)
    return sorted(found, key=lambda f: (f.number, f.code))


def _start(procedure: Procedure) -> dt.date:
    """For ordering: a procedure that cannot be placed comes last."""
    return (
        procedure.on.earliest
        if procedure.on is not None and procedure.on.earliest is not None
        else dt.date.max
    )


def _state_before(case: Case, bands: Sequence[AgeBand], procedure: Procedure) -> ConsentState:
    day = _start(procedure)
    when = None if day == dt.date.max else day
    return consent_state(case.events, bands, procedure.at or when, case.age(when))


def before_first_procedure(
    case: Case, log: Sequence[Event], bands: Sequence[AgeBand]
) -> Iterator[ConsentFinding]:
    """1 and 14."""
    consents = [e for e in log if e.kind in (OWN_CONSENT, LAR_CONSENT, RE_CONSENT)]
    treated = any(p.is_treatment for p in case.procedures)
    if not consents:
        if case.procedures or case.status not in BEFORE_CONSENT:
            yield finding(
                1,
                "no_consent",
                "critical" if treated else "major",
                "No consent is recorded"
                + (
                    f", and “{min(case.procedures, key=_start).what}” took place." if case.procedures else "."
                ),
            )
        else:
            yield finding(
                14, "screened_unconsented", "minor", "In screening, and no consent is recorded yet."
            )
        return
    if not case.procedures:
        return
    first = min(case.procedures, key=_start)
    if first.on is None or first.on.earliest is None:
        yield finding(
            1,
            "order_unknown",
            "major",
            f"“{first.what}” has no date, so the order cannot be shown.",
            open_question=True,
        )
        return
    state = _state_before(case, bands, first)
    if state.in_force == "no":
        yield finding(
            1,
            "procedure_before_consent",
            "critical" if first.is_treatment else "major",
            f"Before “{first.what}” consent was not in force: {_because(state)}.",
        )
    elif state.in_force == "indeterminate":
        yield finding(
            1,
            "order_unknown",
            "major",
            f"It cannot be shown that consent was in force before “{first.what}”: {_because(state)}.",
            open_question=True,
        )


def _because(state: ConsentState) -> str:
    return "; ".join(state.why) or "the signature is not dated before it"


def _signed(log: Sequence[Event]) -> list[Event]:
    return [e for e in log if e.kind in SIGNATURES or e.kind == RE_CONSENT]


def documents(log: Sequence[Event]) -> Iterator[ConsentFinding]:
    """2."""
    for event in _signed(log):
        if event.document_version is None:
            yield finding(
                2,
                "version_missing",
                "major",
                f"The version of the document signed ({name_of(event)}) is not recorded.",
            )
        if event.document_language is None:
            yield finding(
                2,
                "language_missing",
                "minor",
                f"The language of the document signed ({name_of(event)}) is not recorded.",
            )
        if event.purposes is None:
            yield finding(
                2,
                "purpose_missing",
                "major",
                f"What was consented to ({name_of(event)}) is not recorded.",
                open_question=True,
            )


def dates(case: Case, log: Sequence[Event]) -> Iterator[ConsentFinding]:
    """3. The lag of entry says nothing about a record that was transcribed or made by a generator."""
    for event in [*_signed(log), *(e for e in log if e.kind == WITHDRAWAL)]:
        if event.signed_on is None or event.signed_on.earliest is None:
            yield finding(
                3, "undated", "major", f"The {name_of(event)} has no date of signature.", open_question=True
            )
            continue
        if event.signed_on.earliest != event.signed_on.latest:
            yield finding(
                3,
                "date_imprecise",
                "minor",
                f"The {name_of(event)} is not dated to the day.",
                open_question=True,
            )
        if case.retrospective or case.synthetic or event.entered_at is None or event.signed_on.latest is None:
            continue
        lag = (event.entered_at.date() - event.signed_on.latest).days
        if lag > ENTRY_LAG_DAYS:
            yield finding(
                3,
                "entered_late",
                "minor",
                f"The {name_of(event)} was entered {lag} days after its date of signature.",
            )


def minors(
    case: Case, log: Sequence[Event], bands: Sequence[AgeBand], today: dt.date
) -> Iterator[ConsentFinding]:
    """4: judged on the day of the first signature or procedure, as far as it can be placed."""
    signed = _signed(log)
    if not signed:
        return
    placed = [
        e.signed_on.earliest for e in signed if e.signed_on is not None and e.signed_on.earliest is not None
    ]
    age = case.age(min(placed) if placed else today)
    if age is None:
        yield finding(
            4,
            "age_unknown",
            "major",
            "The age at signature is not recorded, so it cannot be told who had to sign.",
            open_question=True,
        )
        return
    youngest = age if isinstance(age, int) else age[0]
    oldest = age if isinstance(age, int) else age[1]
    needed = required_signatures(bands, youngest)
    if LAR_CONSENT not in needed:
        return
    doubtful = LAR_CONSENT not in required_signatures(bands, oldest)
    kinds = {e.kind for e in log}
    treated = any(p.is_treatment for p in case.procedures)
    for signature in needed:
        if signature in kinds or (signature == "oral_assent" and "written_assent" in kinds):
            continue
        severity: Severity = "critical" if signature == LAR_CONSENT and treated else "major"
        yield finding(
            4,
            "representative_missing" if signature == LAR_CONSENT else "assent_missing",
            severity,
            f"At {youngest} years {words(signature)} is needed and is not recorded.",
            open_question=doubtful,
        )
    for event in log:
        if event.kind == LAR_CONSENT and not event.lar_relationship_proof:
            yield finding(
                4,
                "relationship_unproven",
                "major",
                "How the representative's relationship was proven is not recorded.",
            )


def turned_adult(case: Case, log: Sequence[Event], today: dt.date) -> Iterator[ConsentFinding]:
    """5: someone who was consented for as a minor and is 18 now. Transcribed records end with their source."""
    if (
        case.retrospective
        or not any(e.kind == LAR_CONSENT for e in log)
        or case.status in ("completed", "withdrawn")
    ):
        return
    age = case.age(today)
    if age is None:
        return
    youngest, oldest = (age, age) if isinstance(age, int) else age
    if oldest < 18:
        return
    adult = any(
        e.kind in (OWN_CONSENT, RE_CONSENT)
        and (e.signer or "participant") == "participant"
        and (e.age_at_signature is None or e.age_at_signature >= 18)
        for e in log
    )
    if adult:
        return
    if youngest >= 18:
        yield finding(
            5, "adult_consent_due", "major", "The participant is 18 or older; adult consent is not recorded."
        )
    else:
        yield finding(
            5,
            "adult_consent_perhaps_due",
            "minor",
            "The participant is or soon turns 18; the record does not show the birthday. Adult consent is due then.",
            open_question=True,
        )


def particulars(case: Case, log: Sequence[Event]) -> Iterator[ConsentFinding]:
    """6, 7, 8, 9."""
    signed = _signed(log)
    for event in signed:
        if not event.obtained_by:
            yield finding(
                6,
                "obtainer_missing",
                "major",
                f"Who obtained the {name_of(event)} is not recorded.",
                open_question=True,
            )
        if event.audio_visual is None:
            yield finding(
                8,
                "recording_not_stated",
                "minor",
                f"Whether an audio-visual recording of the {name_of(event)} was required and made is not recorded.",
                open_question=True,
            )
        elif event.audio_visual == "required_not_done":
            yield finding(
                8, "recording_missing", "major", f"The {name_of(event)} had to be recorded and was not."
            )
        if case.cannot_read and event.signer == "participant" and not event.witness:
            yield finding(
                7, "witness_missing", "major", f"The signer cannot read; no witness of the {name_of(event)}."
            )
    if signed and not any(e.kind == COPY_GIVEN or e.copy_given for e in log):
        stated = any(e.copy_given is False for e in signed)
        yield finding(
            9,
            "copy_not_given" if stated else "copy_not_stated",
            "minor",
            "No signed copy was given." if stated else "Whether a signed copy was given is not recorded.",
            open_question=not stated,
        )


def amendments(case: Case, log: Sequence[Event], current_version: str | None) -> Iterator[ConsentFinding]:
    """10: only while the participant is followed, and only when an approved version is known."""
    if current_version is None or case.retrospective or case.status in ("completed", "withdrawn"):
        return
    versions = [e.document_version for e in log if e.kind in (OWN_CONSENT, LAR_CONSENT, RE_CONSENT)]
    if versions and any(versions) and current_version not in versions:
        yield finding(
            10, "reconsent_due", "major", f"Version {current_version} is approved and has not been signed."
        )


def after_withdrawal(case: Case, log: Sequence[Event]) -> Iterator[ConsentFinding]:
    """11."""
    for event in log:
        if event.kind != WITHDRAWAL or event.signed_on is None or event.signed_on.latest is None:
            continue
        ended = frozenset().union(*(WITHDRAWAL_ENDS.get(s, frozenset()) for s in event.withdrawal_scopes))
        renewed = [
            e.signed_on.earliest
            for e in log
            if e.kind in (OWN_CONSENT, LAR_CONSENT, RE_CONSENT)
            and e.signed_on is not None
            and e.signed_on.earliest
        ]
        for procedure in case.procedures:
            needs = "procedure" if procedure.is_treatment else "participation"
            day = _start(procedure)
            if needs not in ended or day == dt.date.max or day <= event.signed_on.latest:
                continue
            if any(event.signed_on.latest <= again <= day for again in renewed):
                continue
            yield finding(
                11,
                "beyond_withdrawal",
                "critical" if procedure.is_treatment else "major",
                f"“{procedure.what}” took place after consent to it was withdrawn.",
            )


def sessions_covered(case: Case, bands: Sequence[AgeBand]) -> Iterator[ConsentFinding]:
    """13."""
    for procedure in case.procedures:
        if procedure.kind != "harvest" or procedure.session_number is None:
            continue
        state = _state_before(case, bands, procedure)
        verdict = state.covers_session(procedure.session_number)
        if verdict == "no":
            yield finding(
                13,
                "harvest_not_covered",
                "critical",
                f"No consent in force covers the harvest of session {procedure.session_number}: {_because(state)}.",
            )
        elif verdict == "indeterminate":
            yield finding(
                13,
                "harvest_cover_unknown",
                "major",
                f"It cannot be shown that consent covers the harvest of session {procedure.session_number}: "
                f"{_because(state)}.",
                open_question=True,
            )


def corrections(case: Case) -> Iterator[ConsentFinding]:
    """16. The portal refuses a correction without a reason; rows that came by other roads are looked at here."""
    for event in case.events:
        if event.kind == CORRECTION and not event.note.strip():
            yield finding(16, "correction_unexplained", "major", f"Correction {event.id} gives no reason.")
