"""Which forms a participant has: one query over all form tables, whatever the number of participants."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from django.db import connection

from studyportal import protocol
from studyportal.crf.registry import all_specs
from studyportal.crf.spec import CrfSpec

# Expected once in a participant's life, at the first visit of the protocol that names them.
UNASSIGNED_READS_AS = "case"


@dataclass(frozen=True)
class Held:
    """The records of one form of one participant at one visit (visit_id None: at none).

    details: what tells the records apart where a form is filled once per analyte.
    """

    form: str
    participant_id: int
    visit_id: int | None
    count: int
    complete: int
    first_id: int
    details: frozenset[str]

    @property
    def is_complete(self) -> bool:
        return self.count == self.complete


@dataclass(frozen=True)
class Progress:
    """Forms that are complete, of those that the protocol expects by now."""

    complete: int
    expected: int

    @property
    def text(self) -> str:
        return f"{self.complete} / {self.expected}"


def held_forms(participant_ids: Collection[int]) -> list[Held]:
    """Every form of the participants, whom the caller may see."""
    specs = all_specs()
    if not specs:
        return []
    sql = " UNION ALL ".join(_branch(spec) for spec in specs)
    with connection.cursor() as cursor:
        cursor.execute(sql, [value for spec in specs for value in (spec.key, list(participant_ids))])
        return [
            Held(form, participant_id, visit_id, count, complete, first, frozenset(details or ()))
            for form, participant_id, visit_id, count, complete, first, details in cursor.fetchall()
        ]


def _branch(spec: CrfSpec) -> str:
    quote = connection.ops.quote_name
    visit = "t.visit_id" if "visit" in spec.parents else "NULL::bigint"
    detail = "array_agg(DISTINCT t.analyte)" if "analyte" in spec.fields else "NULL::text[]"
    return (
        f"SELECT %s::text, t.participant_id, {visit}, count(*), count(*) FILTER (WHERE t.status = 'complete'),"
        f" min(t.id), {detail} FROM {quote(spec.model._meta.db_table)} t"
        " WHERE t.participant_id = ANY(%s::bigint[]) GROUP BY 2, 3"
    )


def visit_forms() -> tuple[CrfSpec, ...]:
    """Forms that are filled at a visit."""
    return tuple(spec for spec in all_specs() if "visit" in spec.parents)


def participant_forms() -> tuple[CrfSpec, ...]:
    """Forms about the participant, outside visits and sessions."""
    return tuple(spec for spec in all_specs() if not spec.parents)


class Expectations:
    """What one version of the protocol expects, looked up once for a page: reading it for each cell of a grid is slow.

    plan: left out, the version that runs.
    """

    def __init__(self, plan: protocol.Protocol | None = None) -> None:
        self.plan: protocol.Protocol = protocol.current() if plan is None else plan
        self._forms: dict[tuple[str, str, bool], tuple[str, ...]] = {}
        self._analytes: dict[str, frozenset[str]] = {}

    def forms(self, visit_key: str, group: str, *, required_only: bool = True) -> tuple[str, ...]:
        """As `expected_at`."""
        key = (visit_key, group, required_only)
        if (found := self._forms.get(key)) is None:
            found = self._forms[key] = self._forms_at(*key)
        return found

    def _forms_at(self, visit_key: str, group: str, required_only: bool) -> tuple[str, ...]:
        if visit_key not in self.plan.visits:
            return ()
        reads_as = group if group in self.plan.groups else UNASSIGNED_READS_AS
        return tuple(
            form.form
            for form in self.plan.visits[visit_key].forms_for(reads_as, required_only=required_only)
            if form.per != "component"
        )

    def analytes(self, visit_key: str) -> frozenset[str]:
        """As `expected_analytes`."""
        if (found := self._analytes.get(visit_key)) is None:
            visit = self.plan.visits.get(visit_key)
            found = self._analytes[visit_key] = frozenset() if visit is None else frozenset(visit.analytes)
        return found

    def is_done(self, form: str, visit_key: str, held: Held | None) -> bool:
        """Whether a form of a visit is complete; one per analyte needs every analyte of the visit."""
        if held is None or not held.is_complete:
            return False
        return form != "lab-result" or self.analytes(visit_key) <= held.details


class Editions:
    """The expectations of each version, looked up once: of a participant, and of a visit that was held before."""

    def __init__(self) -> None:
        self._by_version: dict[str, Expectations] = {}

    def _under(self, plan: protocol.Protocol) -> Expectations:
        if (found := self._by_version.get(plan.version)) is None:
            found = self._by_version[plan.version] = Expectations(plan)
        return found

    def of(self, participant: protocol.versions.Assigned) -> Expectations:
        """By the version that counts for the participant today."""
        return self._under(protocol.of(participant))

    def at(self, held_under: str, participant: protocol.versions.Assigned) -> Expectations:
        """By the version under which a visit was held; without one, that of the participant."""
        try:
            return self._under(protocol.version(held_under)) if held_under else self.of(participant)
        except protocol.UnknownVersion:
            return self.of(participant)


def expected_at(visit_key: str, group: str, *, required_only: bool = True) -> tuple[str, ...]:
    """Forms of a visit that the protocol expects of the group, without those of a cell session."""
    return Expectations().forms(visit_key, group, required_only=required_only)


def expected_analytes(visit_key: str) -> frozenset[str]:
    return Expectations().analytes(visit_key)


def is_done(form: str, visit_key: str, held: Held | None) -> bool:
    return Expectations().is_done(form, visit_key, held)


def progress(
    group: str,
    visits: Iterable[tuple[int, str]],
    held: Iterable[Held],
    expectations: Expectations | None = None,
    held_under: Mapping[int, Expectations] | None = None,
) -> Progress:
    """visits: (id, key) of the visits that took place. Forms about the participant are expected once.

    Those that the protocol names for loss and end of study are expected of nobody. held_under: visit id → what the
    version expects under which that visit was held, where it is another than `expectations`.
    """
    plan = expectations or Expectations()
    at: dict[tuple[int | None, str], Held] = {(one.visit_id, one.form): one for one in held}
    when_they_apply = plan.plan.forms_when_they_apply
    about = {spec.key for spec in participant_forms() if not spec.repeats and spec.key not in when_they_apply}
    complete = expected = 0
    for form in about:
        expected += 1
        complete += plan.is_done(form, "", at.get((None, form)))
    for visit_id, key in visits:
        own = plan if held_under is None else held_under.get(visit_id, plan)
        for form in own.forms(key, group):
            if form in about:
                continue
            expected += 1
            complete += own.is_done(form, key, at.get((visit_id, form)))
    return Progress(complete, expected)


def progress_of_visit(
    key: str, group: str, visit_id: int, held: Mapping[tuple[int | None, str], Held], plan: Expectations
) -> Progress:
    """Expected forms of one visit that took place; those about the participant count when they are there at all."""
    complete = expected = 0
    for form in plan.forms(key, group):
        expected += 1
        own = held.get((visit_id, form)) or held.get((None, form))
        complete += plan.is_done(form, key, own)
    return Progress(complete, expected)
