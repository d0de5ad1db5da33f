"""What a printed casebook holds: every form of the registry of one participant, in the order of the visits."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from django.utils.translation import gettext as _

from apps.enrolment.models import Participant
from apps.visits.models import Visit
from apps.visits.selectors import holdings, schedules
from studyportal.audit.selectors import Change, history_of
from studyportal.crf import display
from studyportal.crf.registry import all_specs, get
from studyportal.crf.signing import signatures_of
from studyportal.crf.spec import CrfSpec
from studyportal.queries.models import Query
from studyportal.signatures.selectors import Shown


@dataclass(frozen=True)
class Printed:
    """One saved form. history: oldest first, empty when it was not asked for."""

    spec: CrfSpec
    record: Any
    belongs_to: str
    queries: list[Query]
    signatures: list[Shown]
    history: list[Change]


@dataclass(frozen=True)
class Part:
    """A part of the casebook under one heading. detail: when a visit was, or is due. blank: forms to be filled by hand."""

    title: str
    detail: str = ""
    records: list[tuple[CrfSpec, Any]] = field(default_factory=list)
    blank: list[CrfSpec] = field(default_factory=list)


def filled(participant: Participant) -> list[Part]:
    """Everything that is saved. Two queries, and one for each form of the registry."""
    parents = {visit.pk: visit for visit in Visit.objects.filter(participant=participant)}
    by_visit: dict[int, list[tuple[CrfSpec, Any]]] = {}
    alone: list[tuple[CrfSpec, Any]] = []
    others: list[tuple[CrfSpec, Any]] = []
    for spec in all_specs():
        related = [name for name in spec.parents if name != "visit"]
        rows = spec.model._default_manager.filter(participant=participant).order_by("id")
        for record in rows.select_related("site", "participant", *related):
            visit_id = getattr(record, "visit_id", None) if "visit" in spec.parents else None
            if visit_id in parents:
                by_visit.setdefault(visit_id, []).append((spec, record))
            elif spec.parents:
                others.append((spec, record))
            else:
                alone.append((spec, record))
    parts = [Part(_("About the participant"), records=alone)]
    told = set()
    for row in schedules([participant])[participant.pk]:
        if row.visit is not None:
            told.add(row.visit.pk)
            parts.append(Part(row.label, _day(row.visit), by_visit.get(row.visit.pk, [])))
    parts += [
        Part(visit.label, _day(visit), by_visit.get(pk, []))
        for pk, visit in parents.items()
        if pk not in told
    ]
    parts.append(Part(_("Sessions, products and events"), records=others))
    return [part for part in parts if part.records or part.detail]


def blank(participant: Participant) -> list[Part]:
    """The forms that the protocol asks of the participant, empty: to be filled by hand where there is no screen."""
    editions = holdings.Editions()
    expected = editions.of(participant)
    keys = {spec.key for spec in all_specs()}
    about = [spec for spec in holdings.participant_forms() if participant.group in spec.groups]
    parts = [Part(_("About the participant"), blank=about)]
    for row in schedules([participant])[participant.pk]:
        if not row.of_plan:
            continue
        forms = expected.forms(row.key, participant.group, required_only=False)
        at_visit = [get(key) for key in forms if key in keys and "visit" in get(key).parents]
        window = (
            ""
            if row.due is None
            else _("%(first)s to %(last)s")
            % {
                "first": row.due.earliest.isoformat(),
                "last": row.due.latest.isoformat(),
            }
        )
        parts.append(Part(row.label, window, blank=at_visit))
    return [part for part in parts if part.blank]


def count(parts: list[Part]) -> int:
    return sum(len(part.records) + len(part.blank) for part in parts)


def printed(part: Part, participant: Participant, *, with_history: bool) -> Iterator[Printed]:
    """The saved forms of a part, each with what was asked, signed and changed."""
    asked: dict[tuple[str, int | None], list[Query]] = {}
    for query in Query.objects.filter(participant=participant).order_by("id"):
        asked.setdefault((query.form, query.object_id), []).append(query)
    for spec, record in part.records:
        yield Printed(
            spec=spec,
            record=record,
            belongs_to=", ".join(
                words for name, words in display.parents_in_words(spec, record) if "visit" not in name.lower()
            ),
            queries=asked.get((spec.key, record.pk), []),
            signatures=signatures_of(spec, record),
            history=display.history_in_words(spec, history_of(record))[::-1] if with_history else [],
        )


def _day(visit: Visit) -> str:
    happened_on: Any = visit.happened_on
    if visit.status == "missed":
        return _("missed")
    if happened_on is None:
        return _("no date")
    return str(happened_on.for_people())
