"""Reading laboratory results and glucose readings, always within what the user may see."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Collection, Mapping
from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from apps.consent.rules.uses import Stop, Use
from apps.consent.selectors import engine
from apps.enrolment.models import Antibody, AntibodyAtDiagnosis, MedicalHistory
from apps.enrolment.rules.eligibility import Evidence
from apps.labs.models import Analyte, GlucoseChart, GlucoseReading, LabResult, ResultContext
from apps.labs.profile import GlucoseProfile, Reading, profile
from apps.labs.rules import Terms
from apps.visits.selectors import insulin_per_kg_at
from studyportal import protocol
from studyportal.access.models import User
from studyportal.access.permissions import Permission
from studyportal.ui.templatetags.ui_tags import human_date_text, human_unit_text


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


def beyond_consent(stops: Mapping[int, tuple[Stop, ...]]) -> frozenset[int]:
    """The results of samples taken after new data or the use of samples were withdrawn: they are in no analysis, whenever
    they were entered. stops: `engine.stops_at`. One query, none where nobody ended anything."""
    asked = (Use.SAMPLES, Use.NEW_DATA)
    people = [pk for pk, own in stops.items() if any(stop.use in asked for stop in own)]
    if not people:
        return frozenset()
    rows: Any = LabResult.objects.filter(participant_id__in=people).exclude(context=ResultContext.SAFETY)
    names = ("pk", "participant_id", "collected_on", "visit__happened_on")
    return frozenset(
        pk
        for pk, participant_id, collected, happened in rows.values_list(*names)
        if engine.beyond(asked, stops[participant_id], collected or happened)
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


# What was measured after the treatment began says nothing of whether somebody may take part.
AFTER_ENTRY = (ResultContext.FOLLOW_UP, ResultContext.SAFETY)


def evidence_of(participant_ids: Collection[int]) -> dict[int, list[Evidence]]:
    """Participant → the newest result before treatment of each analyte that an eligibility criterion names. One query."""
    wanted = {one.analyte for one in protocol.current().eligibility.values() if one.analyte}
    rows = LabResult.objects.filter(participant_id__in=participant_ids, analyte__in=wanted).exclude(
        context__in=AFTER_ENTRY
    )
    newest: dict[tuple[int, str], LabResult] = {}
    for result in sorted(rows, key=_when):
        if result.reported is not None:
            newest[result.participant_id, str(result.analyte)] = result
    found: dict[int, list[Evidence]] = defaultdict(list)
    for (participant, analyte), result in newest.items():
        found[participant].append(_evidence(analyte, result))
    return found


def _when(result: LabResult) -> tuple[dt.date, int]:
    """For ordering: a result without a date counts as older than any with one."""
    day: Any = result.collected_on
    return (day.earliest if day is not None and day.earliest is not None else dt.date.min), result.pk


def _evidence(analyte: str, result: LabResult) -> Evidence:
    reported: Any = result.reported
    unit = human_unit_text(str(result.unit or ""))
    said = f"{Analyte(analyte).label} {reported} {unit}".strip()
    if result.collected_on is not None:
        said = _("%(result)s of %(day)s") % {"result": said, "day": human_date_text(result.collected_on)}
    return Evidence(
        text=said,
        source=_("laboratory results"),
        analyte=analyte,
        number=None if reported.comparator else result.number_canonical,
    )
