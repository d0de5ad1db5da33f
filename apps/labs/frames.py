"""Laboratory data as documented DataFrames: the only place where these queries meet pandas."""

from __future__ import annotations

from typing import Any

import pandas as pd
from django.db.models import QuerySet

from apps.consent.selectors import engine
from apps.enrolment.models import Participant
from apps.labs.models import GlucoseReading, LabResult
from apps.labs.selectors import beyond_consent
from apps.visits.models import InsulinUse, Visit, VisitStatus

RESULT_COLUMNS = (
    "participant", "group", "site", "synthetic", "visit", "visit_number", "day", "day_from", "day_to",
    "value", "comparator", "reported", "unit", "unit_presumed",
)  # fmt: skip


def analyte_frame(participants: QuerySet[Participant], analyte: str) -> pd.DataFrame:
    """Results of one analyte at visits, one row per result, in the unit of the protocol.

    participant  code
    group        case, control or unassigned
    site         code of the site
    synthetic    bool
    visit        key of the visit in the protocol
    visit_number int, 1 except for unscheduled visits
    day          days from the anchor of the visit; missing where a date is not known to the day
    day_from, day_to  bounds of the same
    value        float in the unit of the protocol; missing where it cannot be derived (unit absent, below a limit)
    comparator   "", "<", "<=", ">" or ">=": a limit has no value
    reported     the text as reported
    unit         unit as reported, missing where absent
    unit_presumed bool: the source gives no unit

    Results that belong to no visit (history) are not in it, nor those beyond what was withdrawn. Rows are ordered by
    participant, visit, id.
    """
    beyond = beyond_consent(engine.stops_at(participant_ids=participants.order_by().values("pk")))
    rows = (
        LabResult.objects.filter(participant__in=participants, analyte=analyte, visit__isnull=False)
        .exclude(pk__in=beyond)
        .order_by("participant__code", "visit__key", "visit__number", "id")
        .values_list(
            "participant__code",
            "participant__group",
            "site__code",
            "participant__synthetic",
            "visit__key",
            "visit__number",
            "visit__day_number",
            "visit__day_from",
            "visit__day_to",
            "number_canonical",
            "reported",
            "unit",
            "unit_basis",
        )
    )
    records = [
        (
            *row[:9],
            row[9],
            row[10].comparator if row[10] else "",
            str(row[10]) if row[10] else None,
            row[11],
            row[12] == "presumed",
        )
        for row in rows
    ]
    return _typed(pd.DataFrame.from_records(records, columns=list(RESULT_COLUMNS)))


def hba1c_frame(participants: QuerySet[Participant]) -> pd.DataFrame:
    """HbA1c in % (NGSP) at visits; columns as analyte_frame."""
    return analyte_frame(participants, "hba1c")


def idaa1c_frame(participants: QuerySet[Participant]) -> pd.DataFrame:
    """Insulin-dose-adjusted HbA1c: participant, group, visit, day, value (float, missing where not derivable)."""
    beyond = beyond_consent(engine.stops_at(participant_ids=participants.order_by().values("pk")))
    rows = (
        LabResult.objects.filter(participant__in=participants, analyte="hba1c", visit__isnull=False)
        .exclude(pk__in=beyond)
        .order_by("participant__code", "visit__key", "id")
        .values_list("participant__code", "participant__group", "visit__key", "visit__day_number", "idaa1c")
    )
    frame = pd.DataFrame.from_records(list(rows), columns=["participant", "group", "visit", "day", "value"])
    return _typed(frame)


def insulin_frame(participants: QuerySet[Participant]) -> pd.DataFrame:
    """Insulin at visits, one row per insulin: participant, group, visit, day, product, daily_dose (IU/day),
    units_per_kg (IU/kg/day); doses are missing where not derivable."""
    rows = (
        InsulinUse.objects.filter(participant__in=participants)
        .order_by("participant__code", "visit__key", "id")
        .values_list(
            "participant__code",
            "participant__group",
            "visit__key",
            "visit__day_number",
            "product",
            "daily_dose",
            "units_per_kg",
        )
    )
    columns = ["participant", "group", "visit", "day", "product", "daily_dose", "units_per_kg"]
    return _typed(pd.DataFrame.from_records(list(rows), columns=columns))


def visit_frame(participants: QuerySet[Participant]) -> pd.DataFrame:
    """Visits: participant, group, visit, visit_number, status, day, window. What is not here was not recorded."""
    rows = (
        Visit.objects.filter(participant__in=participants)
        .exclude(status=VisitStatus.PLANNED)
        .order_by("participant__code", "key", "number")
        .values_list(
            "participant__code", "participant__group", "key", "number", "status", "day_number", "window_state"
        )
    )
    columns = ["participant", "group", "visit", "visit_number", "status", "day", "window"]
    return _typed(pd.DataFrame.from_records(list(rows), columns=columns))


def glucose_frame(participants: QuerySet[Participant]) -> pd.DataFrame:
    """Meter readings: participant, group, chart (id), measured_on, slot, value (float), unit as measured."""
    rows = (
        GlucoseReading.objects.filter(participant__in=participants)
        .order_by("participant__code", "measured_on", "id")
        .values_list(
            "participant__code", "participant__group", "chart_id", "measured_on", "slot", "value", "unit"
        )
    )
    columns = ["participant", "group", "chart", "measured_on", "slot", "value", "unit"]
    return _typed(pd.DataFrame.from_records(list(rows), columns=columns))


_FLOATS = ("value", "daily_dose", "units_per_kg")
_INTEGERS = ("visit_number", "day", "day_from", "day_to")
_BOOLEANS = ("synthetic", "unit_presumed")


def _typed(frame: pd.DataFrame) -> pd.DataFrame:
    """The same types whether or not there are rows: floats for numbers, Int64 for days that may be missing."""
    kinds: dict[str, Any] = {name: "float64" for name in _FLOATS if name in frame}
    kinds |= {name: "Int64" for name in _INTEGERS if name in frame}
    kinds |= {name: "bool" for name in _BOOLEANS if name in frame}
    return frame.astype(kinds)
