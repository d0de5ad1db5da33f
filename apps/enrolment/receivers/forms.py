"""What follows in the forms of enrolment when another of them, or the participant, was saved."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from django.dispatch import receiver

from apps.enrolment.actions import eligibility, refresh_status_of
from apps.enrolment.models import (
    AntibodyAtDiagnosis,
    Demographics,
    EndOfStudy,
    Hospitalisation,
    LostToFollowUp,
    MedicalHistory,
)
from apps.enrolment.selectors.eligibility import entry_of
from apps.enrolment.signals import participant_saved
from studyportal.crf.actions import rederive
from studyportal.crf.signals import record_saved


def _anew(model: Any, participant_id: int, why: str, **only: Any) -> None:
    for record in model.objects.filter(participant_id=participant_id, **only):
        rederive(record, reason=why)


@receiver(record_saved, sender=Demographics, dispatch_uid="enrolment.history_of_demographics")
def history_anew(sender: Any, *, record: Demographics, **_: Any) -> None:
    """The bounds of the age at diagnosis rest on the age at enrolment."""
    _anew(MedicalHistory, record.participant_id, "The demographics were saved")


@receiver(participant_saved, dispatch_uid="enrolment.history_of_participant")
def history_of_enrolment_anew(
    sender: Any, *, participant: Any, created: bool, changed: Collection[str], **_: Any
) -> None:
    if not created and "enrolled_on" in changed:
        _anew(MedicalHistory, participant.pk, "The day of enrolment changed")


@receiver(record_saved, sender=AntibodyAtDiagnosis, dispatch_uid="enrolment.history_of_antibodies")
def history_of_antibody_anew(sender: Any, *, record: AntibodyAtDiagnosis, **_: Any) -> None:
    _anew(MedicalHistory, record.participant_id, "An antibody at diagnosis was saved")


@receiver(record_saved, sender=MedicalHistory, dispatch_uid="enrolment.after_history")
def what_rests_on_history_anew(sender: Any, *, record: MedicalHistory, **_: Any) -> None:
    """Insulin antibodies are read by the first insulin, stays for ketoacidosis and ages by what the history says."""
    why = "The medical history was saved"
    _anew(AntibodyAtDiagnosis, record.participant_id, why, antibody="iaa")
    _anew(Hospitalisation, record.participant_id, why, reason="dka")
    _anew(Demographics, record.participant_id, why)


@receiver(record_saved, sender=LostToFollowUp, dispatch_uid="enrolment.end_of_loss")
def end_anew(sender: Any, *, record: LostToFollowUp, by: Any = None, **_: Any) -> None:
    refresh_status_of(participant_id=record.participant_id, by=by)
    _anew(EndOfStudy, record.participant_id, "A loss to follow-up was saved")


@receiver(record_saved, sender=EndOfStudy, dispatch_uid="enrolment.loss_of_end")
def loss_anew(sender: Any, *, record: EndOfStudy, by: Any = None, **_: Any) -> None:
    refresh_status_of(participant_id=record.participant_id, by=by)
    _anew(LostToFollowUp, record.participant_id, "The end of study was saved")


@receiver(participant_saved, dispatch_uid="enrolment.eligibility_of_group")
def eligibility_anew(
    sender: Any, *, participant: Any, created: bool, changed: frozenset[str], by: Any, **_more: Any
) -> None:
    """Another group has other criteria: whoever is enrolled may not meet them."""
    if created or not changed & {"group", "enrolled_on"} or participant.enrolled_on is None:
        return
    entry = entry_of(participant)
    if entry is not None:
        eligibility.reconcile(entry, by=by)
