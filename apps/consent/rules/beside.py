"""Consent for a session that is near; copy, recording and witness of each signature. Pure."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence

from apps.consent.rules.due import NAMES, Due, DueKind, Facts
from apps.consent.rules.events import (
    COPY_GIVEN,
    LAR_CONSENT,
    OPTIONAL_ITEMS,
    ORAL_ASSENT,
    PROCEDURE,
    RECORDED,
    REPRESENTATIVES,
    WITNESSED,
    Event,
)
from apps.consent.rules.fold import ASSENTS, Fold
from apps.consent.rules.signed import bounds, signed_by
from apps.consent.rules.signers import required
from studyportal.words import said


def sessions(fold: Fold, ages: Sequence[int], facts: Facts, covered: Mapping[int, str]) -> Iterator[Due]:
    """Consent for a session that is near. covered: session → verdict."""
    if fold.day is None or not ages:
        return
    for number, planned in facts.coming:
        day = None if planned is None else planned.earliest
        if covered.get(number) == "yes" or day is None:
            continue
        if day - fold.day > dt.timedelta(days=fold.terms.session_warning_days):
            continue
        absent = [s for s in fold.needed(ages[0], PROCEDURE) if fold.best(s, PROCEDURE, number) != "yes"] or [
            fold.consenting(ages)
        ]
        for signature in absent:
            yield Due(
                kind="session",
                signature=signature,
                from_on=day - dt.timedelta(days=fold.terms.session_warning_days),
                by_on=day,
                overdue=fold.day > day,
                why=said(
                    "Session %(number)s is near, and %(name)s does not cover its harvest and infusion",
                    number=number,
                    name=NAMES.get(signature, signature),
                ),
                session=number,
            )


def beside(fold: Fold, facts: Facts) -> Iterator[Due]:
    """Copy, recording and witness of each signature that was given."""
    about = {(e.kind, e.concerns) for e in fold.log if signed_by(e, fold.on) != "no"}
    for event in fold.given:
        if event.kind == OPTIONAL_ITEMS or fold.when(event) == "no":
            continue
        span = bounds(event)
        day = None if span is None else span[1]
        if event.kind not in ASSENTS and not (
            event.copy_given or (COPY_GIVEN, event.id) in about or (COPY_GIVEN, None) in about
        ):
            by_on = None if day is None else day + dt.timedelta(days=fold.terms.copy_within_days)
            yield _beside(fold, "copy", COPY_GIVEN, event, by_on, said("No signed copy is recorded"))
        by_other = event.signer in REPRESENTATIVES or event.kind == LAR_CONSENT
        reads = event.signer_can_read if by_other or event.signer_can_read is not None else facts.can_read
        witnessed = event.witness or (WITNESSED, event.id) in about
        if reads is False and event.kind != ORAL_ASSENT and not witnessed:
            yield _beside(
                fold,
                "witness",
                WITNESSED,
                event,
                day,
                said("The signer cannot read, and no witness is recorded"),
            )
        age = event.age_at_signature
        if age is None and fold.ages is not None and span is not None:
            known = fold.ages.on(span[0])
            age = None if known is None else known[0]
        asked = required(fold.terms, age, event.capacity, facts.can_read).recording or (
            reads is False and fold.terms.recording == "vulnerable"
        )
        if (
            asked
            and (RECORDED, event.id) not in about
            and (
                event.audio_visual is None
                or (event.audio_visual == "required_not_done" and not event.recording_reason)
            )
        ):
            yield _beside(
                fold,
                "recording",
                RECORDED,
                event,
                day,
                said("An audio-visual recording is asked for and not recorded"),
            )


def _beside(fold: Fold, kind: DueKind, entry: str, event: Event, by_on: dt.date | None, why: str) -> Due:
    span = bounds(event)
    return Due(
        kind=kind,
        signature=entry,
        from_on=None if span is None else span[0],
        by_on=by_on,
        overdue=by_on is not None and fold.day is not None and fold.day > by_on,
        why=f"{why}: {NAMES.get(event.kind, event.kind.replace('_', ' '))}",
        concerns=event.id,
    )
