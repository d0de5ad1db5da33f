"""Reading laboratory results and glucose readings, always within what the user may see."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db.models import QuerySet

from apps.enrolment.models import Antibody, AntibodyAtDiagnosis, MedicalHistory
from apps.labs.models import GlucoseChart, GlucoseReading, LabResult
from apps.labs.profile import GlucoseProfile, Reading, profile
from apps.labs.rules import Terms
from apps.visits.selectors import insulin_per_kg_at
from studyportal import protocol
from studyportal.access.models import User
from studyportal.access.permissions import Permission


def results(user: User, permission: Permission = Permission.VIEW_DATA) -> QuerySet[LabResult]:
    return (
        LabResult.objects.visible_to(user, permission).select_related("participant", "visit").order_by("id")
    )


def readings(user: User, permission: Permission = Permission.VIEW_DATA) -> QuerySet[GlucoseReading]:
    return (
        GlucoseReading.objects.visible_to(user, permission)
        .select_related("participant", "site", "chart")
        .order_by("id")
    )


def profile_of(chart: GlucoseChart) -> GlucoseProfile:
    """The metrics of one chart."""
    rows = GlucoseReading.objects.filter(chart=chart).order_by("measured_on", "id")
    return profile(Reading(*row) for row in rows.values_list("measured_on", "slot", "value", "unit"))


def terms_of(analyte: str | None) -> Terms | None:
    """What the protocol in force says of an analyte; None when it does not know it."""
    found = protocol.current().analytes.get(analyte) if analyte else None
    if found is None:
        return None
    return Terms(
        label=found.label,
        result=found.result,
        unit=found.unit,
        units=found.units,
        to_canonical=found.converted,
        hard=(found.hard.low, found.hard.high) if found.hard else None,
        plausible=(found.plausible.low, found.plausible.high) if found.plausible else None,
    )


def lab_result_context(record: LabResult) -> Mapping[str, Any]:
    """The protocol's terms, the insulin of the same visit, and since when insulin is taken."""
    context: dict[str, Any] = {"terms": terms_of(record.analyte)}
    if record.analyte == "hba1c":
        context["insulin_per_kg"] = insulin_per_kg_at(record.visit_id)
    if record.analyte == "iaa":
        context["insulin_since"] = (
            MedicalHistory.objects.filter(participant_id=record.participant_id)
            .values_list("insulin_since", flat=True)
            .first()
        )
    if record.context == "at_diagnosis" and record.analyte in Antibody.values:
        context["at_diagnosis"] = (
            AntibodyAtDiagnosis.objects.filter(participant_id=record.participant_id, antibody=record.analyte)
            .values_list("result", flat=True)
            .first()
        )
    return context


def glucose_chart_context(record: GlucoseChart) -> Mapping[str, Any]:
    return {"readings": GlucoseReading.objects.filter(chart_id=record.pk).count() if record.pk else 0}
