"""The charts of a casebook, from its records. A value is drawn only where its day and its number are known."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _

from apps.casebook.selectors import Casebook
from apps.celldose.models import CellSession
from apps.labs.models import GlucoseReading, GlucoseSlot, LabResult
from apps.labs.selectors import Reading
from apps.visits.models import InsulinUse
from studyportal.crf.absence import label_of
from studyportal.crf.partial_date import PartialDate
from studyportal.ui.charts import Band, LineChart, Mark, Point, ProfileChart, ProfileDay, Series

# The newest days of a glucose profile that are drawn.
PROFILE_DAYS = 28


@dataclass(frozen=True)
class Charted:
    """A chart, and what stands in the casebook but could not be drawn, in words."""

    chart: LineChart | ProfileChart
    left_out: Sequence[str] = ()


def placed(day: PartialDate | None) -> dt.date | None:
    """Where a partial date is drawn: the middle of what is possible; None when it has no bounds."""
    if day is None or day.earliest is None or day.latest is None:
        return None
    return day.earliest + (day.latest - day.earliest) / 2


def precision(day: PartialDate | None) -> str:
    if day is None or day.precision == "day":
        return ""
    return _("dated by month") if day.precision == "month" else _("dated by year")


def charts_of(book: Casebook) -> list[Charted]:
    """HbA1c, C-peptide, insulin per day and the glucose profile; those without any record are left out."""
    marks = infusion_marks(book.sessions)
    found = [
        laboratory(book.lab_results, "hba1c", _("HbA1c"), "%", marks, Band(_("Below 7.0 %"), None, 7.0)),
        laboratory(book.lab_results, "c_peptide", _("C-peptide"), "ng/mL", marks, None),
        insulin(book.insulin, marks),
        glucose(book.readings),
    ]
    return [one for one in found if one is not None]


def infusion_marks(sessions: Iterable[CellSession]) -> tuple[Mark, ...]:
    return tuple(
        Mark(day, _("Session %(number)s") % {"number": session.number})
        for session in sessions
        if (day := placed(session.performed_on)) is not None
    )


def laboratory(
    results: Iterable[LabResult],
    analyte: str,
    title: str,
    unit: str,
    marks: Sequence[Mark],
    band: Band | None,
) -> Charted | None:
    points: list[Point] = []
    left_out: list[str] = []
    for result in results:
        if result.analyte != analyte:
            continue
        day = result.collected_on or (result.visit.happened_on if result.visit else None)
        number, at = result.number_canonical, placed(day)
        said = f"{result.reported} {result.unit or _('(no unit)')}" if result.reported else _("no number")
        if number is None:
            why = label_of(result.absent_reason("number_canonical")) or _("number missing")
            left_out.append(_("%(value)s: %(why)s") % {"value": said, "why": why})
        elif at is None:
            left_out.append(_("%(value)s: day not known") % {"value": said})
        else:
            points.append(Point(at, float(number), precision(day)))
    if not points and not left_out:
        return None
    chart = LineChart(
        key=f"chart-{analyte}",
        title=title,
        unit=unit,
        x_label=_("Day of the sample"),
        series=(Series(title, sorted(points, key=lambda point: point.x)),),
        bands=(band,) if band else (),
        events=marks if points else (),
    )
    return Charted(chart, left_out)


def insulin(uses: Iterable[InsulinUse], marks: Sequence[Mark]) -> Charted | None:
    """Total per visit; one insulin whose daily dose is not known makes the total unknown."""
    per_visit: dict[int, list[InsulinUse]] = defaultdict(list)
    for use in uses:
        per_visit[use.visit_id].append(use)
    points: list[Point] = []
    left_out: list[str] = []
    for listed in per_visit.values():
        visit = listed[0].visit
        at = placed(visit.happened_on)
        doses = [use.daily_dose for use in listed]
        unknown = any(dose is None for dose in doses)
        if at is None:
            left_out.append(_("%(visit)s: day not known") % {"visit": visit.label})
        elif unknown:
            left_out.append(_("%(visit)s: a daily dose is not derivable") % {"visit": visit.label})
            points.append(Point(at, None, precision(visit.happened_on)))
        else:
            total = sum((dose for dose in doses if dose is not None), Decimal(0))
            points.append(Point(at, float(total), precision(visit.happened_on)))
    if not points and not left_out:
        return None
    chart = LineChart(
        key="chart-insulin",
        title=_("Insulin per day"),
        unit="IU",
        x_label=_("Day of the visit"),
        series=(Series(_("All insulins"), sorted(points, key=lambda point: point.x)),),
        events=marks if points else (),
        from_zero=True,
    )
    return Charted(chart, left_out)


def glucose(readings: Sequence[GlucoseReading]) -> Charted | None:
    """The newest days of self-measured glucose, in mg/dL."""
    if not readings:
        return None
    days = sorted({reading.measured_on for reading in readings}, reverse=True)[:PROFILE_DAYS]
    at: dict[tuple[dt.date, str], float] = {}
    for one in readings:
        at[one.measured_on, one.slot] = float(Reading(one.measured_on, one.slot, one.value, one.unit).mg_dl)
    used = [slot for slot in GlucoseSlot.values if any((day, slot) in at for day in days)]
    labels: dict[str, Any] = dict(GlucoseSlot.choices)
    chart = ProfileChart(
        key="chart-glucose",
        title=_("Glucose by time of day, last %(n)d days with readings") % {"n": len(days)},
        unit="mg/dL",
        slots=tuple(str(labels[slot]) for slot in used),
        days=tuple(
            ProfileDay(f"{day.day} {day:%b %Y}", tuple(at.get((day, slot)) for slot in used))
            for day in days[::-1]
        ),
        bands=(Band(_("Target 70 to 180 mg/dL"), 70, 180),),
    )
    return Charted(chart)
