"""What follows in safety when something is saved here or elsewhere. Thin: each calls one action or selector."""

from __future__ import annotations

from typing import Any

from django.dispatch import receiver

from apps.celldose.models import Infusion
from apps.enrolment.actions import refresh_status_of
from apps.enrolment.models import EndOfStudy
from apps.enrolment.signals import end_of_study_asked, life_asked
from apps.labs.models import LabResult
from apps.safety import checks, selectors
from apps.safety.actions import follow_ups
from apps.safety.models import AdverseEvent, DkaEpisode, FollowUp, HypoglycaemiaEpisode, SafetyReview
from apps.safety.suggestions import terms_graded_by
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


@receiver(record_saved, sender=AdverseEvent, dispatch_uid="safety.twins")
def twins_anew(sender: Any, *, record: AdverseEvent, **_: Any) -> None:
    """Whether another event of the same term is the same one depends on both."""
    if record.term is None:
        return
    own = AdverseEvent.objects.filter(participant_id=record.participant_id, term=record.term)
    for other in own.exclude(pk=record.pk):
        rederive(other, reason="Another event of this term was saved")


@receiver(record_saved, sender=FollowUp, dispatch_uid="safety.follow_up")
def event_takes_over(sender: Any, *, record: FollowUp, by: Any = None, **_: Any) -> None:
    follow_ups.take_over(follow_up=record, by=by)


@receiver(record_saved, sender=DkaEpisode, dispatch_uid="safety.dka")
@receiver(record_saved, sender=HypoglycaemiaEpisode, dispatch_uid="safety.hypoglycaemia")
def event_of_episode_anew(sender: Any, *, record: Any, **_: Any) -> None:
    """The event asked for the form, and term and form are held together."""
    rederive(record.event, reason=f"The form “{record._meta.verbose_name}” was saved")


@receiver(record_saved, sender=LabResult, dispatch_uid="safety.grade")
def suggested_grades_anew(sender: Any, *, record: LabResult, **_: Any) -> None:
    terms = terms_graded_by(str(record.analyte or ""))
    if terms:
        for event in AdverseEvent.objects.filter(participant_id=record.participant_id, term__in=terms):
            rederive(event, reason="A laboratory result was saved")


@receiver(record_saved, sender=Infusion, dispatch_uid="safety.cause")
def causes_anew(sender: Any, *, record: Infusion, **_: Any) -> None:
    """Whether a product can have caused an event depends on when it was given."""
    for event in AdverseEvent.objects.filter(
        participant_id=record.participant_id, related_to_product__isnull=False
    ):
        rederive(event, reason="An infusion was saved")


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
