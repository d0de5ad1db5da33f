"""What enrolment does when the platform beneath it asks or tells."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.dispatch import receiver
from django.utils.translation import gettext as _

from apps.enrolment.actions import screening
from apps.enrolment.models import (
    AntibodyAtDiagnosis,
    Demographics,
    EndOfStudy,
    Hospitalisation,
    LostToFollowUp,
    MedicalHistory,
    Participant,
    ScreeningEntry,
    ScreeningOutcome,
)
from apps.enrolment.signals import enrolment_asked
from studyportal.access.clock import today_at
from studyportal.access.models import User
from studyportal.crf.actions import rederive
from studyportal.crf.fields import PartialDateField
from studyportal.crf.outcomes import Problem
from studyportal.crf.partial_date import PartialDate
from studyportal.deviations import actions as deviations
from studyportal.identity import duplicates
from studyportal.identity import signals as identity
from studyportal.identity.signals import OnRecord

ENROLLED_TWICE = "enrolled_twice"
FORMS = (MedicalHistory, AntibodyAtDiagnosis, Hospitalisation, LostToFollowUp, EndOfStudy)
# Dates of a participant that nobody states.
FOLLOWS_FROM_OTHERS = ("status_since",)


@receiver(identity.birth_date_asked, dispatch_uid="enrolment.dates_on_record")
def dates_on_record(*, participant: Participant, **_kwargs: Any) -> list[OnRecord]:
    """Every date of the participant, of the screening and of the time before the study: nobody lives through them
    before being born."""
    records = [
        participant,
        *ScreeningEntry.objects.filter(participant=participant),
        *(record for model in FORMS for record in model._default_manager.filter(participant=participant)),
    ]
    return [found for record in records for found in _dates(record)]


def _dates(record: Any) -> Iterator[OnRecord]:
    for field in record._meta.concrete_fields:
        if isinstance(field, PartialDateField) and field.name not in FOLLOWS_FROM_OTHERS:
            date = getattr(record, field.name)
            if date is not None and date.latest is not None:
                yield OnRecord(str(field.label), date.for_people(), date.latest)
    index_date = getattr(record, "index_date", None)
    if index_date is not None:
        said = PartialDate.of(index_date)
        yield OnRecord(str(record._meta.get_field("index_date").verbose_name), said.for_people(), index_date)


@receiver(identity.identity_recorded, dispatch_uid="enrolment.look_at_age_again")
def look_at_age_again(*, participant: Participant, **_kwargs: Any) -> None:
    """The age in the demographics is compared with the birth date that now stands."""
    record = Demographics.objects.filter(participant=participant).first()
    if record is not None:
        rederive(record, reason="The identity was recorded")


@receiver(identity.same_person_settled, dispatch_uid="enrolment.report_enrolled_twice")
def report_enrolled_twice(
    *, stays: Participant, left: Participant, by: User, reason: str, **_kwargs: Any
) -> None:
    """One person under two codes is a deviation of both sites. Neither is told of the other's code."""
    for participant, what in (
        (stays, _("The same person has a second participant code. This code stays in the analysis.")),
        (
            left,
            _(
                "The same person has another participant code, which stays in the analysis; this one does not."
            ),
        ),
    ):
        deviations.raise_by_hand(
            participant=participant,
            code=ENROLLED_TWICE,
            description=f"{what} {reason}",
            classification="major",
            kind="eligibility",
            occurred_on=today_at(participant.site),
            by=by,
        )
    entry = ScreeningEntry.objects.filter(participant=left, outcome=ScreeningOutcome.OPEN).first()
    if entry is not None:
        today = PartialDate.of(today_at(left.site))
        screening.conclude(entry=entry, outcome=ScreeningOutcome.DUPLICATE.value, by=by, on=str(today))


@receiver(enrolment_asked, dispatch_uid="enrolment.left_out_is_not_enrolled")
def left_out_is_not_enrolled(*, participant: Participant, **_kwargs: Any) -> list[Problem]:
    """Who is the same person as another participant, who stays in the analysis, is not enrolled again."""
    if not duplicates.left_out([participant.pk]):
        return []
    return [
        Problem(
            None,
            "left_out_of_analysis",
            _(
                "A data manager settled that this person has another participant code, which stays in the analysis."
                " Nobody is enrolled twice; if it is somebody else after all, ask the data manager to settle it anew."
            ),
        )
    ]
