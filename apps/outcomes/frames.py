"""Participants and values as DataFrames: the only place of this app where the ORM meets pandas."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import date, datetime
from typing import Any

import pandas as pd
from django.db.models import Max, QuerySet

from apps.consent.models import ConsentEvent, Kind
from apps.consent.rules import effective_events
from apps.enrolment.models import Participant
from apps.labs.frames import hba1c_frame, visit_frame
from apps.labs.models import LabResult
from apps.outcomes.spells import Times, times_of
from apps.outcomes.statistics.cohort import CENSORED_ON, PARTICIPANT_COLUMNS
from apps.outcomes.statistics.plan import VisitPlan
from apps.outcomes.statistics.tables import Analyte
from apps.visits.models import Visit, VisitStatus
from apps.visits.selectors import anchor_dates
from studyportal import protocol
from studyportal.crf.partial_date import PartialDate
from studyportal.identity.duplicates import left_out

# The grades of withdrawal after which no further visit is expected to bring values.
ENDS_VISITS = {"visits", "new_data", "erasure_request"}


def participants_frame(site_ids: Collection[int] | None) -> pd.DataFrame:
    """One row per participant of the sites (None: all) and time in a group, in order of entry.

    Columns `PARTICIPANT_COLUMNS`; and `CENSORED_ON`, the day on which a control was treated, once anybody was.

    index_date: day 0 of the participant's group, the latest day that a partial date allows, None when
    unknown. withdrawn_on: the day of the first withdrawal from visits or of new data, None otherwise.
    Who is settled to be the same person as another participant is left out.
    Groups that the protocol does not name ("unassigned") are among the rows.
    """
    found = Participant.objects.select_related("site").order_by("id")
    if site_ids is not None:
        found = found.filter(site_id__in=site_ids)
    out = left_out()
    people = [person for person in found if person.pk not in out]
    anchors, withdrawals = anchor_dates(people), _withdrawals(site_ids)
    groups, times = protocol.current().groups, times_of(site_ids)
    rows = []
    for person in people:
        # Who crossed over is first a control, censored on the day of the treatment, and a case from then on.
        spells = times.of(person.pk) if person.pk in times.several else ()
        for group, index_date, ends in [
            *((spell.group, spell.index_date, spell.ends) for spell in spells[:-1]),
            (person.group, None, None),
        ]:
            day0 = anchors[person.pk].get(groups[group].anchor) if group in groups else None
            if index_date is not None:
                day0 = PartialDate.of(index_date)
            rows.append(
                (
                    person.code,
                    group,
                    person.site.code,
                    person.synthetic,
                    None if day0 is None else day0.latest,
                    withdrawals.get(person.pk),
                    None if ends is None else ends.earliest,
                )
            )
    frame = pd.DataFrame(rows, columns=[*PARTICIPANT_COLUMNS, CENSORED_ON]).astype(
        {"index_date": object, "withdrawn_on": object, CENSORED_ON: object}
    )
    return frame if times.several else frame.drop(columns=CENSORED_ON)


def _withdrawals(site_ids: Collection[int] | None) -> dict[int, date]:
    """Participant id → day of the first entry, as corrected, that withdraws from visits or from new data."""
    events = ConsentEvent.objects.filter(kind__in=(Kind.WITHDRAWAL, Kind.CORRECTION)).order_by("id")
    if site_ids is not None:
        events = events.filter(site_id__in=site_ids)
    rows = {event.pk: event for event in events}
    days: dict[int, date] = {}
    # As corrected, and without what was taken back.
    for event in effective_events(row.as_event() for row in rows.values()):
        if not set(event.withdrawal_scopes) & ENDS_VISITS:
            continue
        row, signed = rows[event.id], None if event.signed_on is None else event.signed_on.latest
        day = signed or row.entered_at.date()
        days[row.participant_id] = min(day, days.get(row.participant_id, day))
    return days


def latest_change(site_ids: Collection[int] | None) -> datetime | None:
    """When the participants, visits or laboratory results were last changed: the moment a table is as of."""
    moments = []
    for model in (Participant, Visit, LabResult):
        rows = model._default_manager.all()
        if site_ids is not None:
            rows = rows.filter(site_id__in=site_ids)
        moments.append(rows.aggregate(at=Max("updated_at"))["at"])
    return max((at for at in moments if at is not None), default=None)


def hba1c_values(site_ids: Collection[int] | None) -> pd.DataFrame:
    """HbA1c in % (NGSP): at most one row per participant × scheduled visit; participant, visit, value, reason.

    value: float, NaN where absent; reason: why, None where there is a value. Of several results at one visit
    the last entered that has a number counts. A visit that was missed is a row with the reason "visit missed".
    Once anybody crossed over there is the column `group`, the group in which the visit took place: what was
    measured from the day of the treatment on is no value of a control.
    """
    people = (
        Participant.objects.all() if site_ids is None else Participant.objects.filter(site_id__in=site_ids)
    )
    groups = _groups_at_visits(times_of(site_ids))
    key = ["participant", "visit", *(["group"] if groups is not None else [])]
    results = _in_their_groups(hba1c_frame(people), groups)
    stated = _stated_reasons(people)
    results["reason"] = [
        None if pd.notna(row.value) else _reason(row, stated.get((row.participant, row.visit)))
        for row in results.itertuples(index=False)
    ]
    results["has_value"] = results["value"].notna()
    results = results.sort_values([*key, "has_value"], kind="stable")
    results = results.drop_duplicates(key, keep="last")
    missed = visit_frame(people)
    missed = _in_their_groups(missed[missed["status"] == VisitStatus.MISSED], groups)
    missed = missed.assign(value=float("nan"), reason="visit missed")
    columns = [*key, "value", "reason"]
    both = pd.concat([results[columns], missed[columns].astype({"value": "float64"})], ignore_index=True)
    return both.drop_duplicates(key, keep="first").reset_index(drop=True)


def _groups_at_visits(times: Times) -> dict[tuple[str, str, int], str] | None:
    """(participant, visit, number) → the group at that visit, of those who crossed over; None: nobody did."""
    if not times.several:
        return None
    rows: Any = Visit.objects.filter(participant_id__in=times.several).values_list(
        "participant_id", "participant__code", "key", "number", "happened_on"
    )
    return {
        (code, key, number): times.of(pk)[times.index_of(pk, day, number)].group
        for pk, code, key, number, day in rows
    }


def _in_their_groups(frame: pd.DataFrame, groups: Mapping[tuple[str, str, int], str] | None) -> pd.DataFrame:
    """The rows of scheduled visits; of those who crossed over with the group in which each took place."""
    if groups is None:
        return frame[frame["visit_number"] == 1].copy()
    known = {code for code, _visit, _number in groups}
    kept = frame[(frame["visit_number"] == 1) | frame["participant"].isin(known)].copy()
    kept["group"] = [
        groups.get((row.participant, row.visit, int(row.visit_number)), row.group)
        for row in kept.itertuples(index=False)
    ]
    return kept


def _reason(row: Any, stated: str | None) -> str:
    """Why a result has no value in the unit of the protocol."""
    if stated:
        return stated
    if row.comparator:
        return "outside the limits of the assay"
    if pd.isna(row.reported):
        return "no number reported"
    return "unit not stated" if pd.isna(row.unit) else "not convertible"


def _stated_reasons(people: QuerySet[Participant]) -> dict[tuple[str, str], str]:
    """(participant, visit) → the reason that a person gave for the absent HbA1c."""
    found = LabResult.objects.filter(
        participant__in=people, analyte="hba1c", visit__isnull=False, absent__has_key="reported"
    )
    return {
        (code, visit): absent["reported"]
        for code, visit, absent in found.values_list("participant__code", "visit__key", "absent")
    }


def visit_plans(analyte: str) -> tuple[VisitPlan, ...]:
    """The scheduled visits of the protocol at which the analyte is due, in order."""
    return tuple(
        VisitPlan(visit.key, visit.label, visit.target_day, visit.latest_day, tuple(visit.groups))
        for visit in protocol.current().visits.values()
        if visit.target_day is not None and visit.latest_day is not None and analyte in visit.analytes
    )


def analyte_of(key: str) -> Analyte:
    """The analyte as the tables need it; LookupError when the protocol has none with this key."""
    found = protocol.current().analytes[key]
    return Analyte(key, found.label, found.unit_label or found.unit or "", found.loinc or "", found.decimals)
