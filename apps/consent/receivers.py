"""What the consent log holds against the end of a participant's time in the study."""

from __future__ import annotations

from typing import Any

from django.dispatch import receiver

from apps.consent import checks, rules
from apps.consent.models import ConsentEvent
from apps.consent.signals import consent_recorded
from apps.enrolment.models import EndOfStudy
from apps.enrolment.signals import end_of_study_asked
from studyportal.crf.actions import rederive
from studyportal.crf.outcomes import Finding


@receiver(end_of_study_asked, dispatch_uid="consent.end_of_study")
def withdrawal_is_in_the_log(sender: Any, *, record: EndOfStudy, **_: Any) -> list[Finding]:
    if record.reason != "withdrew":
        return []
    entries = ConsentEvent.objects.filter(participant_id=record.participant_id)
    corrected = entries.exclude(corrects=None).values("corrects")
    standing = entries.filter(kind=rules.WITHDRAWAL).exclude(pk__in=corrected)
    return list(checks.end_by_withdrawal(record.reason, standing.exists()))


@receiver(consent_recorded, dispatch_uid="consent.end_of_study_anew")
def end_of_study_anew(sender: Any, *, event: ConsentEvent, **_: Any) -> None:
    """The end of study asked for the withdrawal: the query closes, or opens again after a correction."""
    if event.kind in (rules.WITHDRAWAL, rules.CORRECTION):
        for end in EndOfStudy.objects.filter(participant_id=event.participant_id, reason="withdrew"):
            rederive(end, reason="The consent log was added to")
