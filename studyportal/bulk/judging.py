"""The verdict on each row of a form's file.

What the rows name is read at once: participants, parents and the records that are there, one query for each kind. Then
each row is tried as a save would try it (`trial`), which asks what the gates and checks of its form ask of a record.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from zoneinfo import ZoneInfo

from django.apps import apps
from django.conf import settings
from django.utils import timezone
from django.utils.translation import gettext as _

from studyportal.access.models import Site, User
from studyportal.bulk import parents, trial
from studyportal.bulk.columns import COMPLETE, PARTICIPANT, ROW, absent_of, unit_of
from studyportal.bulk.trial import Trial
from studyportal.crf import gates
from studyportal.crf.absence import AbsentReason, label_of
from studyportal.crf.cleaning import Cleaned
from studyportal.crf.models import RecordStatus
from studyportal.crf.outcomes import Finding
from studyportal.crf.outcomes import Problem as FormProblem
from studyportal.crf.spec import CrfSpec
from studyportal.imports.registry import Difference, Problem, Row, Verdict


@dataclass(frozen=True)
class Target:
    """What a row is written to: a record that is there, or a new one of the participant under the parents."""

    raw: Mapping[str, Any]
    participant: Any
    parents: Mapping[str, Any]
    record: Any
    complete: bool


@dataclass
class Surroundings:
    """What the rows of a file name, read once. taken: records that a row of the file has already been found to be."""

    participants: dict[str, Any]
    named: dict[str, dict[tuple[int, str], Any]]
    of_place: dict[tuple[int, ...], list[Any]]
    by_id: dict[int, Any]
    taken: set[int] = field(default_factory=set)
    places: set[tuple[int, ...]] = field(default_factory=set)


class RowRefused(Exception):
    def __init__(self, *problems: Problem) -> None:
        self.problems = problems


def judge(spec: CrfSpec, rows: Sequence[Row], *, site: Site, by: User, hold: bool) -> Iterator[Verdict]:
    """hold: nothing is locked here; the write says which version it saw, and locks as a save does."""
    around = _read_around(spec, rows, site)
    # A moment typed without an offset is meant in the site's own time.
    people = [one.pk for one in around.participants.values()]
    with timezone.override(ZoneInfo(site.timezone)), gates.asked_beforehand(people):
        verdicts = [_verdict(spec, row, around, by) for row in rows]
    return iter(verdicts)


# --- What is there ---------------------------------------------------------------------------------------


def _read_around(spec: CrfSpec, rows: Sequence[Row], site: Site) -> Surroundings:
    model: Any = apps.get_model(settings.PARTICIPANT_MODEL)
    codes = {row.values[PARTICIPANT] for row in rows}
    people = {one.pk: one for one in model._default_manager.filter(site=site, code__in=codes)}
    for one in people.values():
        one.site = site
    named = {name: parents.found(_parent_model(spec, name), people) for name in spec.parents}
    of_pk = {name: {record.pk: record for record in by_name.values()} for name, by_name in named.items()}
    of_place: dict[tuple[int, ...], list[Any]] = defaultdict(list)
    by_id: dict[int, Any] = {}
    for record in spec.model._default_manager.filter(participant_id__in=people).order_by("id"):
        record.site, record.participant = site, people[record.participant_id]
        for name in spec.parents:
            if (parent_id := getattr(record, f"{name}_id")) is not None:
                setattr(record, name, of_pk[name][parent_id])
        of_place[_place(spec, record)].append(record)
        by_id[record.pk] = record
    return Surroundings({one.code: one for one in people.values()}, named, of_place, by_id)


def _parent_model(spec: CrfSpec, name: str) -> Any:
    return spec.model._meta.get_field(name).related_model


def _place(spec: CrfSpec, record: Any) -> tuple[int, ...]:
    return (record.participant_id, *(getattr(record, f"{name}_id") or 0 for name in spec.parents))


# --- One row ---------------------------------------------------------------------------------------------


def _verdict(spec: CrfSpec, row: Row, around: Surroundings, by: User) -> Verdict:
    try:
        participant = _participant(row, around)
        owners = _parents(spec, row, participant, around)
        raw = _payload(spec, row)
    except RowRefused as refused:
        return Verdict("refused", refused.problems)
    complete = row.values.get(COMPLETE) != "no"
    there = around.of_place.get(
        (participant.pk, *(0 if one is None else one.pk for one in owners.values())), []
    )
    try:
        record, cleaned = _found(spec, row, raw, complete, participant, owners, there, around)
    except RowRefused as refused:
        return Verdict("refused", refused.problems)
    if cleaned is None:
        return Verdict("same", target=record)
    group = getattr(participant, "group", None)
    if record is None and group is not None and group not in spec.groups:
        said = _("“%(form)s” is not a form for the group “%(group)s”.") % {"form": spec, "group": group}
        return Verdict("refused", (Problem(PARTICIPANT, "group", said),))
    outcome = trial.tried(
        spec, cleaned, by=by, participant=participant, parents=owners, record=record, complete=complete
    )
    if outcome.problems:
        return Verdict("refused", [_of_column(spec, one) for one in outcome.problems])
    if record is not None and outcome.changes_nothing:
        return Verdict("same", target=record)
    target = Target(raw, participant, owners, record, complete)
    asks = [_of_column(spec, one) for one in outcome.asks]
    if record is None:
        return Verdict("ready", asks, target=target)
    return Verdict("changed", asks, _differences(spec, record, outcome), target)


def _participant(row: Row, around: Surroundings) -> Any:
    found = around.participants.get(row.values[PARTICIPANT])
    if found is None:
        raise RowRefused(
            Problem(PARTICIPANT, "not_found", _("No participant of this site has this code. Check the code."))
        )
    return found


def _parents(spec: CrfSpec, row: Row, participant: Any, around: Surroundings) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name in spec.parents:
        called = row.values.get(name)
        if called is None:
            found[name] = None  # the kernel refuses a required one that is empty
            continue
        found[name] = around.named[name].get((participant.pk, called))
        if found[name] is None:
            known = [
                next(iter(parents.reader_of(type(one)).names(one)))
                for one in {
                    one.pk: one for (owner, _n), one in around.named[name].items() if owner == participant.pk
                }.values()
            ]
            said = _("%(code)s has none that is called “%(called)s”. There are: %(known)s.") % {
                "code": participant.code, "called": called[:40], "known": ", ".join(known[:20]) or _("none"),
            }  # fmt: skip
            raise RowRefused(Problem(name, "not_found", said))
    return found


def _payload(spec: CrfSpec, row: Row) -> dict[str, Any]:
    """What the row states, as a form is saved from it. A cell that is empty states nothing."""
    raw: dict[str, Any] = {}
    absent: dict[str, str] = {}
    for name in spec.entered_fields:
        value, unit = row.values.get(name), row.values.get(unit_of(name))
        if value is not None:
            raw[name] = value if unit is None else {"value": value, "unit": unit}
        elif unit is not None:
            raise RowRefused(
                Problem(unit_of(name), "unit_without_value", _("There is a unit and no value. Give both, or none."))
            )  # fmt: skip
        if (reason := row.values.get(absent_of(name))) is not None:
            absent[name] = reason
    raw["absent"] = absent
    return raw


def _found(
    spec: CrfSpec,
    row: Row,
    raw: Mapping[str, Any],
    complete: bool,
    participant: Any,
    owners: Mapping[str, Any],
    there: Sequence[Any],
    around: Surroundings,
) -> tuple[Any, Cleaned | None]:
    """The record that the row is about (None: a new one) and what is to be stored; no Cleaned: exactly what is there."""
    number = row.values.get(ROW)
    if number is not None:
        record = around.by_id.get(number)
        if record is None or record.participant_id != participant.pk:
            raise RowRefused(
                Problem(ROW, "not_found", _("%(code)s has no record %(row)d of this form.") % {"code": participant.code, "row": number})
            )  # fmt: skip
        moved = [name for name, one in owners.items() if one is not None and getattr(record, f"{name}_id") != one.pk]  # fmt: skip
        if moved:
            raise RowRefused(
                Problem(moved[0], "fixed", _("The record belongs elsewhere; a saved form does not move."))
            )
        return record, trial.read(spec, raw, record=record, complete=complete)
    if not spec.repeats:
        # Two rows of a file may call one visit by two names.
        place = (participant.pk, *(0 if one is None else one.pk for one in owners.values()))
        if place in around.places:
            said = _("An earlier line of the file is about the same record. Keep one.")
            raise RowRefused(Problem(PARTICIPANT, "twice", said))
        around.places.add(place)
        record = there[0] if there else None
        return record, trial.read(spec, raw, record=record, complete=complete)
    cleaned = trial.read(spec, raw, complete=complete)
    if not cleaned.problems:
        stated = trial.stated_in(spec, cleaned)
        for record in there:
            if record.pk not in around.taken and trial.stated_of(spec, record) == stated:
                around.taken.add(record.pk)
                return record, None
    return None, cleaned


# --- Words -----------------------------------------------------------------------------------------------


def _of_column(spec: CrfSpec, one: FormProblem | Finding) -> Problem:
    """A problem of a field under its column; of a reason of absence under that of the reason."""
    name, message = one.field or "", str(one.message)
    field_name, _dot, place = name.partition(".")
    if place and field_name in spec.entered_fields:
        # A cell of rows within the form: `medicines.2.dose`.
        return Problem(field_name, one.code, f"{place}: {message}")
    if name.startswith("absent."):
        name = absent_of(name.removeprefix("absent."))
    elif name in spec.entered_fields and one.code in ("absent_reason", "value_and_absent"):
        name = absent_of(name)
    return Problem(name, one.code, message)


def _differences(spec: CrfSpec, record: Any, outcome: Trial) -> list[Difference]:
    """In words. A complete form changes with a reason only, whatever stood there: as when it is typed."""
    found = [
        Difference(
            name,
            _shown(spec, name, *outcome.before[name]),
            _shown(spec, name, *outcome.after[name]),
            given=record.is_complete,
        )
        for name in outcome.changed
    ]
    if outcome.status_before != outcome.status_after:
        labels = dict(RecordStatus.choices)
        found.append(
            Difference(COMPLETE, str(labels[outcome.status_before]), str(labels[outcome.status_after]), False)
        )
    return found


def _shown(spec: CrfSpec, name: str, value: Any, reason: str) -> str:
    if reason:
        return label_of(reason) if reason in AbsentReason.values else reason
    return spec.fields[name].for_people(value)
