"""What follows in safety forms when an adverse event was saved."""

from __future__ import annotations

from typing import Any

from django.dispatch import receiver

from apps.enrolment.actions import refresh_status_of
from apps.enrolment.signals import life_asked
from apps.safety import selectors
from apps.safety.models import AdverseEvent, SafetyReview
from studyportal.crf.actions import rederive
from studyportal.crf.signals import record_saved


@receiver(record_saved, sender=AdverseEvent, dispatch_uid="safety.reviews")
def reviews_anew(sender: Any, *, record: AdverseEvent, created: bool, by: Any = None, **_: Any) -> None:
    """A review that reported an event asked for its form: the query closes now."""
    refresh_status_of(participant_id=record.participant_id, by=by)
    if created:
        for review in SafetyReview.objects.filter(participant_id=record.participant_id, any_event=True):
            rederive(review, reason="An adverse event was recorded")


@receiver(life_asked, dispatch_uid="safety.life")
def life(sender: Any, *, participant_ids: Any, **_: Any) -> dict[int, list[Any]]:
    return selectors.lives_of(participant_ids)
