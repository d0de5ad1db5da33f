"""What the consent log answers to enrolment, and what follows there from an entry. Thin."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable
from typing import Any

from django.dispatch import receiver
from django.utils.translation import gettext as _

from apps.consent import checks, rules, selectors, signals
from apps.consent.models import ConsentEvent
from apps.consent.rules import effective_events
from apps.consent.rules.uses import Use
from apps.consent.selectors import engine
from apps.enrolment.actions import refresh_status_of
from apps.enrolment.models import EndOfStudy, Participant
from apps.enrolment.rules import LifeEvent
from apps.enrolment.rules.eligibility import Evidence
from apps.enrolment.signals import (
    end_of_study_asked,
    enrolment_asked,
    evidence_asked,
    index_date_asked,
    life_asked,
)
from studyportal.crf.actions import rederive
from studyportal.crf.outcomes import Finding, Problem
from studyportal.crf.partial_date import PartialDate
from studyportal.words import translated


@receiver(signals.consent_recorded, dispatch_uid="consent.status")
def status_anew(sender: Any, *, event: Any, by: Any, **_more: Any) -> None:
    refresh_status_of(participant_id=event.participant_id, by=by)


@receiver(life_asked, dispatch_uid="consent.life")
def life(sender: Any, *, participant_ids: Collection[int], **_more: Any) -> dict[int, list[LifeEvent]]:
    return selectors.lives_of(participant_ids)


@receiver(enrolment_asked, dispatch_uid="consent.enrolment")
def consent_before_enrolment(
    sender: Any, *, participant: Participant, on: PartialDate, **_more: Any
) -> Iterable[Problem]:
    ruling = engine.of([participant])[participant.pk].ruling(Use.VISIT, on)
    if ruling.verdict != "no":
        return ()
    why = f" ({'; '.join(map(translated, ruling.why))})" if ruling.why else ""
    return (
        Problem(
            "enrolled_on",
            "no_consent",
            _(
                "Consent to take part is not in force on %(day)s%(why)s. Record the consent, or correct the day."
            )
            % {"day": on.for_people(), "why": why},
        ),
    )


@receiver(index_date_asked, dispatch_uid="consent.index_date")
def consent_before_index_date(
    sender: Any, *, participant: Participant, index_date: dt.date, **_more: Any
) -> Iterable[Problem]:
    """A control is followed from its index date, and nobody is followed before consent; a past record may be."""
    if participant.retrospective:
        return ()
    days = [
        event.on.earliest
        for event in selectors.lives_of([participant.pk]).get(participant.pk, [])
        if event.kind == "consented" and event.on is not None and event.on.earliest is not None
    ]
    if not days or min(days) <= index_date:
        return ()
    return (
        Problem(
            "index_date",
            "before_consent",
            _("Consent was given %s, after this index date. Choose a case whose Day 0 comes later.")
            % PartialDate.of(min(days)).for_people(),
        ),
    )


@receiver(end_of_study_asked, dispatch_uid="consent.end_of_study")
def withdrawal_is_in_the_log(sender: Any, *, record: EndOfStudy, **_: Any) -> list[Finding]:
    if record.reason != "withdrew":
        return []
    log = effective_events(event.as_event() for event in selectors.events_of(record.participant))
    return list(checks.end_by_withdrawal(record.reason, any(one.kind == rules.WITHDRAWAL for one in log)))


@receiver(signals.consent_recorded, dispatch_uid="consent.end_of_study_anew")
def end_of_study_anew(sender: Any, *, event: ConsentEvent, **_: Any) -> None:
    """The end of study asked for the withdrawal: the query closes, or opens again after a correction."""
    if event.kind in (rules.WITHDRAWAL, rules.CORRECTION):
        for end in EndOfStudy.objects.filter(participant_id=event.participant_id, reason="withdrew"):
            rederive(end, reason="The consent log was added to")


@receiver(evidence_asked, dispatch_uid="consent.evidence")
def evidence(
    sender: Any, *, participant_ids: Collection[int], on: PartialDate | None, **_more: Any
) -> dict[int, list[Evidence]]:
    return selectors.evidence_of(participant_ids, on)
