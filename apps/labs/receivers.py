"""What follows in the laboratory when weight, insulin or history were saved, and what it knows of eligibility."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from django.dispatch import receiver

from apps.enrolment.models import AntibodyAtDiagnosis
from apps.enrolment.rules.eligibility import Evidence
from apps.enrolment.signals import evidence_asked
from apps.labs import selectors
from apps.labs.models import LabResult
from apps.visits.models import InsulinUse, VitalSigns
from studyportal.crf.actions import rederive
from studyportal.crf.signals import record_saved


@receiver(record_saved, sender=InsulinUse, dispatch_uid="labs.idaa1c_of_insulin")
@receiver(record_saved, sender=VitalSigns, dispatch_uid="labs.idaa1c_of_weight")
def insulin_adjusted_hba1c_anew(sender: Any, *, record: Any, **_: Any) -> None:
    """IDAA1c rests on the insulin and the weight of the same visit."""
    for result in LabResult.objects.filter(visit_id=record.visit_id, analyte="hba1c"):
        rederive(result, reason="Insulin or weight at this visit was saved")


@receiver(record_saved, sender=AntibodyAtDiagnosis, dispatch_uid="labs.antibody_at_diagnosis")
def results_at_diagnosis_anew(sender: Any, *, record: AntibodyAtDiagnosis, **_: Any) -> None:
    """The history and the report of the laboratory are held together."""
    for result in LabResult.objects.filter(
        participant_id=record.participant_id, analyte=record.antibody, context="at_diagnosis"
    ):
        rederive(result, reason="The antibody at diagnosis was saved")


@receiver(evidence_asked, dispatch_uid="labs.evidence")
def evidence(sender: Any, *, participant_ids: Collection[int], **_more: Any) -> dict[int, list[Evidence]]:
    return selectors.evidence_of(participant_ids)
