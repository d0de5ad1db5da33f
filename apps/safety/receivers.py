"""What follows in safety forms when an adverse event was saved."""

from __future__ import annotations

from typing import Any

from django.dispatch import receiver

from apps.enrolment.actions import refresh_status_of
from apps.enrolment.models import EndOfStudy
from apps.enrolment.signals import end_of_study_asked, life_asked
from apps.safety import checks, selectors
from apps.safety.models import AdverseEvent, SafetyReview
from studyportal.crf.actions import rederive
from studyportal.crf.outcomes import Finding
from studyportal.crf.signals import record_saved


@receiver(record_saved, sender=AdverseEvent, dispatch_uid="safety.reviews")
def reviews_anew(sender: Any, *, record: AdverseEvent, created: bool, by: Any = None, **_: Any) -> None:
    """A review that reported an event asked for its form: the query closes now."""
    refresh_status_of(participant_id=record.participant_id, by=by)
    if created:
        for review in SafetyReview.objects.filter(participant_id=record.participant_id, any_event=True):
            rederive(review, reason="An adverse event was recorded")


@receiver(end_of_study_asked, dispatch_uid="safety.end_of_study")
def death_is_an_event(sender: Any, *, record: EndOfStudy, **_: Any) -> list[Finding]:
    if record.reason != "died":
        return []
    fatal = AdverseEvent.objects.filter(participant_id=record.participant_id, outcome="fatal").exists()
    return list(checks.death_is_recorded(record.reason, fatal))


@receiver(record_saved, sender=AdverseEvent, dispatch_uid="safety.end_of_study_anew")
def end_of_study_anew(sender: Any, *, record: AdverseEvent, **_: Any) -> None:
    """The end of study asked for the fatal event: the query closes, or opens again."""
    for end in EndOfStudy.objects.filter(participant_id=record.participant_id, reason="died"):
        rederive(end, reason="An adverse event was saved")


@receiver(life_asked, dispatch_uid="safety.life")
def life(sender: Any, *, participant_ids: Any, **_: Any) -> dict[int, list[Any]]:
    return selectors.lives_of(participant_ids)
