"""What follows in the laboratory when weight or insulin of a visit, or the history, were saved."""

from __future__ import annotations

from typing import Any

from django.dispatch import receiver

from apps.enrolment.models import AntibodyAtDiagnosis
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
