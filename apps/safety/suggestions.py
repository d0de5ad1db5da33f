"""The grade that the participant's laboratory results suggest for an event: which result, which baseline, which limits."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from apps.labs.models import LabResult, ResultContext
from apps.labs.selectors import terms_of
from apps.safety.dictionaries import dictionary
from apps.safety.models import Dictionary, HypoglycaemiaEpisode, Term
from apps.safety.rules import Suggested, Table, suggest
from apps.safety.rules.grades import why_no_table
from studyportal import protocol
from studyportal.crf.outcomes import NotDerivable
from studyportal.crf.partial_date import PartialDate
from studyportal.protocol.units import readable
from studyportal.words import said

# How far from the onset of an event a result may lie to speak for it (working default of this study).
WITHIN_DAYS = 14
# The study's own limit stands where the laboratory gives none: only for glucose, as the protocol has it.
GLUCOSE_LIMIT = ("glucose_meter", "hypoglycaemia_1")


@dataclass(frozen=True)
class Graded:
    """A result near an event. days: from the onset to the sample, negative before it."""

    result: LabResult
    days: int
    suggestion: Suggested | NotDerivable
    chosen: bool = False


def suggestion_of_event(event: Any) -> Suggested | NotDerivable:
    """Of a hypoglycaemia by the glucose of its own form, else by the laboratory result nearest to the onset."""
    version = event.grade_dictionary or Dictionary.CTCAE_5
    if event.pk is not None and event.term == Term.HYPOGLYCAEMIA:
        measured = _glucose_of_episode(event.pk)
        if measured is not None and Term.HYPOGLYCAEMIA in dictionary(version).tables:
            value, unit = measured
            answer = suggest(
                dictionary(version),
                term=Term.HYPOGLYCAEMIA,
                value=value,
                unit=unit,
                lln=_limit_of_protocol(unit),
            )
            if isinstance(answer, Suggested):
                return Suggested(
                    answer.grade, f"{answer.basis}, with the limit of the protocol; glucose of its form"
                )
    return suggestion_for(event.participant_id, event.term, event.onset_on, event.grade_dictionary)


def _glucose_of_episode(event_id: int) -> tuple[Decimal, str] | None:
    """The glucose as it was measured, with its unit; a limit such as “<20” is no measured number."""
    episode: Any = HypoglycaemiaEpisode.objects.filter(event_id=event_id).first()
    if episode is None:
        return None
    for reported, unit in ((episode.glucose, "mg/dL"), (episode.glucose_mmol, "mmol/L")):
        if reported is not None and not reported.comparator:
            return reported.number, unit
    return None


def suggestion_for(
    participant_id: int, term: str | None, onset: PartialDate | None, version: str | None
) -> Suggested | NotDerivable:
    """By the result nearest to the onset. version: key of the dictionary; the current one when none is stated yet."""
    if term is None:
        return NotDerivable(said("term missing"))
    key = version or Dictionary.CTCAE_5
    table = dictionary(key).tables.get(term)
    if table is None:
        return NotDerivable(why_no_table(dictionary(key), term))
    if onset is None or onset.earliest is None:
        return NotDerivable(said("day of onset missing"))
    near = graded_near(participant_id, table, onset, key)
    chosen = next((one for one in near if one.chosen), None)
    if chosen is None:
        names = ", ".join(protocol.current().analytes[one].label for one in table.analytes)
        return NotDerivable(
            said(
                "no result of %(names)s within %(within_days)s days of the onset",
                names=names,
                within_days=WITHIN_DAYS,
            )
        )
    return chosen.suggestion


def graded_around(event: Any) -> list[Graded]:
    """The results around the onset of an event, graded by its term; none where the term has no table. One query."""
    key = event.grade_dictionary or Dictionary.CTCAE_5
    table = dictionary(key).tables.get(event.term) if event.term else None
    if table is None or event.onset_on is None or event.onset_on.earliest is None:
        return []
    return graded_near(event.participant_id, table, event.onset_on, key)


def graded_near(participant_id: int, table: Table, onset: PartialDate, version: str) -> list[Graded]:
    """The results that the term is graded by, around the onset, in order of their days; one is chosen. One query."""
    rows: Iterable[Any] = LabResult.objects.filter(
        participant_id=participant_id, analyte__in=table.analytes
    ).order_by("id")
    rows = [one for one in rows if one.reported is not None]
    baselines = [one for one in rows if one.context == ResultContext.BASELINE]
    near = sorted(
        (
            (_distance(one, onset), one)
            for one in rows
            if _distance(one, onset) is not None and abs(_distance(one, onset) or 0) <= WITHIN_DAYS
        ),
        key=lambda pair: (abs(pair[0] or 0), pair[1].pk),
    )
    if not near:
        return []
    first = near[0][1].pk
    found = [
        Graded(one, days or 0, _graded(one, days or 0, table, baselines, version), one.pk == first)
        for days, one in near
    ]
    return sorted(found, key=lambda one: (one.days, one.result.pk))


def _distance(result: Any, onset: PartialDate) -> int | None:
    """Whole days from the onset to the sample, by the first day that each can mean."""
    collected = result.collected_on
    if collected is None or collected.precision != "day" or onset.earliest is None or onset.latest is None:
        return None
    day: dt.date = collected.earliest
    if onset.earliest <= day <= onset.latest:
        return 0
    return (day - onset.latest).days if day > onset.latest else (day - onset.earliest).days


def _graded(
    result: Any, days: int, table: Table, baselines: list[Any], version: str
) -> Suggested | NotDerivable:
    reported, unit = result.reported, result.unit
    if unit is None:
        return NotDerivable(
            said("the result of %(collected_on)s has no unit", collected_on=result.collected_on)
        )
    if reported.comparator:
        return NotDerivable(
            said(
                "reported as %(reported)s %(unit)s, which is a limit and no measured number",
                reported=reported,
                unit=readable(unit),
            )
        )
    into = unit if table.judges(unit) else table.unit
    value = _in_unit(result.analyte, reported.number, unit, into)
    if value is None:
        return NotDerivable(
            said(
                "%(unit)s does not convert into %(unit_2)s", unit=readable(unit), unit_2=readable(table.unit)
            )
        )
    earlier = [one for one in baselines if one.analyte == result.analyte and one.pk != result.pk]
    baseline = earlier[-1] if earlier else None
    lln = _in_unit(result.analyte, result.normal_low, unit, into)
    uln = _in_unit(result.analyte, result.normal_high, unit, into)
    borrowed = ""
    if lln is None and table.term == "hypoglycaemia":
        lln = _limit_of_protocol(into)
        borrowed = ", with the limit of the protocol" if lln is not None else ""
    answer = suggest(
        dictionary(version),
        term=table.term,
        value=value,
        unit=into,
        lln=lln,
        uln=uln,
        baseline=_of(baseline, "reported", into),
        baseline_uln=_of(baseline, "normal_high", into),
    )
    if isinstance(answer, NotDerivable):
        return NotDerivable(said("%(why)s (result of %(on)s)", why=answer.why, on=result.collected_on))
    when = (
        "on the day of the onset"
        if days == 0
        else f"{abs(days)} d {'after' if days > 0 else 'before'} the onset"
    )
    return Suggested(
        answer.grade, f"{answer.basis}{borrowed}; sample of {result.collected_on.for_people()}, {when}"
    )


def _of(result: Any, name: str, into: str) -> Decimal | None:
    if result is None or result.unit is None:
        return None
    value = getattr(result, name)
    if name == "reported":
        value = None if value is None or value.comparator else value.number
    return _in_unit(result.analyte, value, result.unit, into)


def _in_unit(analyte: str, value: Decimal | None, unit: str, into: str) -> Decimal | None:
    if value is None or unit == into:
        return value
    terms = terms_of(analyte)
    return None if terms is None or terms.unit != into else terms.to_canonical(value, unit)


def _limit_of_protocol(unit: str) -> Decimal | None:
    analyte = protocol.current().analytes.get(GLUCOSE_LIMIT[0])
    if analyte is None or GLUCOSE_LIMIT[1] not in analyte.thresholds:
        return None
    return analyte.thresholds[GLUCOSE_LIMIT[1]].limits.get(unit)  # type: ignore[no-any-return]


def terms_graded_by(analyte: str) -> frozenset[str]:
    """The terms whose grade rests on the analyte, in any version."""
    return frozenset(
        table.term
        for version in Dictionary.values
        for table in dictionary(version).tables.values()
        if analyte in table.analytes
    )
