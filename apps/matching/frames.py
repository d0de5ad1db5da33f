"""Cases, candidates and HbA1c as DataFrames: the only place of this app where the ORM meets pandas.

Columns: `statistics.population`. Days are days since 1 January 1970.

- A case has a spell as case; its Day 0 is the day of the first session, when known to the day.
- A candidate had a spell as control, also when treated later: at risk from enrolment (or the beginning of the spell, if
  later) until, and without, the day of treatment, withdrawal from visits or data, loss, death or completion. Where a
  day is not known, what cannot be shown to be at risk is not: an entry counts from its last possible day, an end from
  its first, and an end without a date from the beginning.
- Ages count on from the age recorded at enrolment: the birth date is sealed and not used. A partial date of diagnosis is
  the middle of its bounds; an age at diagnosis (completed years, as the age at enrolment is) counts on the same scale.
- Who is settled to be the same person as another participant is neither, nor is who asked for erasure or does not let
  what was collected be retained. Results of samples taken after they were withdrawn are not used.
- HbA1c is in % (NGSP), dated by its sample or else its visit, by the last possible day. What was measured at diagnosis
  is history and not used, nor is a result below or above a limit.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from apps.consent.selectors import engine
from apps.enrolment.models import Demographics, MedicalHistory, Participant
from apps.enrolment.rules import LifeEvent, Spell
from apps.enrolment.selectors import lives_of, spells_for
from apps.labs.models import LabResult, ResultContext
from apps.labs.selectors import beyond_consent
from apps.matching.statistics.design import DAYS_PER_YEAR
from apps.matching.statistics.matching import fingerprint
from apps.matching.statistics.population import CANDIDATES, CASES, MEASUREMENTS
from apps.visits.selectors import anchor_dates
from studyportal.crf.partial_date import PartialDate
from studyportal.identity.duplicates import left_out

EPOCH = dt.date(1970, 1, 1)
NOTHING = float("nan")


@dataclass(frozen=True)
class Frames:
    """Everything that a run is computed from, read at one moment. ids: code → participant and site."""

    cases: pd.DataFrame
    candidates: pd.DataFrame
    hba1c: pd.DataFrame
    ids: dict[str, tuple[int, int]]

    @property
    def sha256(self) -> str:
        return fingerprint(self.cases, self.candidates, self.hba1c)


def read(
    site_ids: Collection[int] | None,
    *,
    include_synthetic: bool,
    only: Collection[int] | None = None,
) -> Frames:
    """The frames of the sites (None: all). only: ids of participants, where not all are asked for."""
    found = Participant.objects.select_related("site").order_by("id")
    if site_ids is not None:
        found = found.filter(site_id__in=site_ids)
    if not include_synthetic:
        found = found.filter(synthetic=False)
    if only is not None:
        found = found.filter(pk__in=only)
    stops = engine.stops_at(site_ids)
    out = left_out() | engine.left_out_of_analysis(stops=stops).keys()
    people = [person for person in found if person.pk not in out]
    ids = [person.pk for person in people]
    spells, lives, anchors = spells_for(people), lives_of(people), anchor_dates(people)
    persons = _persons(people)
    cases, candidates = [], []
    for person in people:
        own = spells.get(person.pk, ())
        life = lives.get(person.pk, [])
        if any(spell.group == "case" for spell in own):
            cases.append((*persons[person.pk], _index(anchors[person.pk].get("session_1"), life)))
        control = next((spell for spell in own if spell.group == "control"), None)
        if control is not None:
            candidates.append((*persons[person.pk], *at_risk(person, control, life)))
    return Frames(
        cases=_typed(cases, CASES),
        candidates=_typed(candidates, CANDIDATES),
        hba1c=_hba1c(ids, beyond_consent(stops)),
        ids={person.code: (person.pk, person.site_id) for person in people},
    )


def day_number(day: dt.date | None) -> float:
    return NOTHING if day is None else float((day - EPOCH).days)


def day_of(number: float) -> dt.date:
    return EPOCH + dt.timedelta(days=int(number))


def middle(date: PartialDate | None) -> float:
    """The middle of the days that a partial date can mean; NaN for an age or nothing."""
    if date is None or date.earliest is None or date.latest is None:
        return NOTHING
    return (day_number(date.earliest) + day_number(date.latest)) / 2


def _index(day0: PartialDate | None, life: Iterable[LifeEvent]) -> float:
    """Day 0: the visit of the first session, or else the infusion itself; NaN unless known to the day."""
    if day0 is None:
        first = [event.on for event in life if event.kind == "treated" and event.number == 1 and event.on]
        day0 = first[0] if first else None
    return day_number(None if day0 is None else day0.exact)


def at_risk(person: Participant, control: Spell, life: Iterable[LifeEvent]) -> tuple[float, float]:
    """From when until when (NaN: still) the person is followed as a control."""
    enrolled: Any = person.enrolled_on
    start = day_number(None if enrolled is None else enrolled.latest)
    if control.starts is not None and control.starts.latest is not None:
        start = max(
            start, day_number(control.starts.latest)
        )  # NaN stays: nobody is followed before enrolment
    ends: list[PartialDate | None] = []
    if control.ended_by:
        ends.append(control.ends)
    events = list(life)
    ends += [event.on for event in events if event.kind == "treated"]
    ends += [event.on for event in events if event.ends_participation and not _found_again(event, events)]
    if not ends:
        return start, NOTHING
    days = [start if on is None or on.earliest is None else day_number(on.earliest) for on in ends]
    return start, min(days)


def _found_again(lost: LifeEvent, events: Iterable[LifeEvent]) -> bool:
    """Whether somebody lost was found later: then he or she never left."""
    return lost.kind == "lost" and any(
        event.kind == "found"
        and (
            lost.on is None
            or event.on is None
            or (event.on.latest or dt.date.max) >= (lost.on.earliest or dt.date.min)
        )
        for event in events
    )


def _persons(people: Collection[Participant]) -> dict[int, tuple[str, str, str | None, float, float, float]]:
    """Participant id → code, site, sex, entry, born, onset. Two queries."""
    ids = [person.pk for person in people]
    known = {
        pk: (sex, age)
        for pk, sex, age in Demographics.objects.filter(participant_id__in=ids).values_list(
            "participant_id", "sex", "age_at_enrolment"
        )
    }
    diagnosed: dict[int, Any] = dict(
        MedicalHistory.objects.filter(participant_id__in=ids).values_list("participant_id", "diagnosed_on")
    )
    rows = {}
    for person in people:
        enrolled: Any = person.enrolled_on
        sex, age = known.get(person.pk, (None, None))
        entry = middle(enrolled)
        born = NOTHING if age is None else entry - float(age) * DAYS_PER_YEAR
        rows[person.pk] = (
            person.code, person.site.code, sex, entry, born, _onset(diagnosed.get(person.pk), born),
        )  # fmt: skip
    return rows


def _onset(diagnosed: PartialDate | None, born: float) -> float:
    if diagnosed is not None and diagnosed.age is not None:
        return born + diagnosed.age * DAYS_PER_YEAR
    return middle(diagnosed)


def _hba1c(ids: Collection[int], beyond: Collection[int]) -> pd.DataFrame:
    results = (
        LabResult.objects.filter(participant_id__in=ids, analyte="hba1c", number_canonical__isnull=False)
        .exclude(context=ResultContext.AT_DIAGNOSIS)
        .exclude(pk__in=beyond)
        .order_by("id")
        .values_list(
            "participant__code", "collected_on", "visit__happened_on", "number_canonical", "reported"
        )
    )
    rows = []
    for code, collected, happened, value, reported in results:
        on = collected if collected is not None and collected.latest is not None else happened
        if on is None or on.latest is None or (reported is not None and reported.comparator):
            continue
        rows.append((code, day_number(on.latest), float(value)))
    return _typed(rows, MEASUREMENTS)


def _typed(rows: Collection[tuple[Any, ...]], columns: tuple[str, ...]) -> pd.DataFrame:
    """The same types whether or not there are rows."""
    frame = pd.DataFrame.from_records(list(rows), columns=list(columns))
    texts = {"code", "site", "sex"}
    return frame.astype({name: object if name in texts else np.float64 for name in columns})
