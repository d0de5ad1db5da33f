"""Reading where records stand: a fixed number of queries, whatever their number."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import connection

from studyportal.crf import signing
from studyportal.review import rules
from studyportal.review.kinds import VISIT, Kind, kinds
from studyportal.review.models import Freeze, Lock, Verification
from studyportal.review.rules import ReviewState

Key = tuple[str, int]


def states(records: Mapping[str, Collection[int]]) -> dict[Key, ReviewState]:
    """form → ids of its records, which the caller may see → (form, id) → where it stands.

    A form that is no more, and a record that is not there, are left out. "visit" is a form here: its locks and freezes.
    Five queries at most.
    """
    of = kinds(form for form, ids in records.items() if ids)
    return _states(of, "rec.id", {form: list(records[form]) for form in of})


def states_of(participant_ids: Collection[int]) -> dict[Key, ReviewState]:
    """As `states`, of every record of the participants and of their visits."""
    of = kinds()
    return _states(of, "rec.participant_id", {form: list(participant_ids) for form in of})


@dataclass(frozen=True)
class _Row:
    form: str
    id: int
    complete: bool
    version: int
    site_id: int
    visit_id: int | None
    newest: int


def _states(of: Mapping[str, Kind], column: str, ids: Mapping[str, list[int]]) -> dict[Key, ReviewState]:
    rows = _rows(of, column, ids)
    if not rows:
        return {}
    by_form: dict[str, list[int]] = defaultdict(list)
    for row in rows:
        by_form[row.form].append(row.id)
    held = {form: kind for form, kind in of.items() if form in by_form}
    marks = _marks(held, by_form)
    signed = _signed(held, by_form)
    visits = {row.visit_id for row in rows if row.visit_id is not None}
    locks = _locks([*((row.form, row.id) for row in rows), *((VISIT, pk) for pk in visits)])
    frozen = frozen_sites()
    found = {}
    for row in rows:
        lock = locks.get((row.form, row.id, False))
        visit = locks.get((VISIT, row.visit_id, True)) if row.visit_id is not None else None
        found[row.form, row.id] = rules.folded(
            complete=row.complete,
            version=row.version,
            marks=marks.get((row.form, row.id), {}),
            asked=held[row.form].asked_fields,
            signed=signed.get((row.form, row.id)),
            locked=lock is not None and lock[0] == "locked",
            frozen=None in frozen or row.site_id in frozen or (visit is not None and visit[0] == "frozen"),
            changed_after_lock=lock is not None and row.newest > lock[1],
            visit_id=row.visit_id,
        )
    return found


def _rows(of: Mapping[str, Kind], column: str, ids: Mapping[str, list[int]]) -> list[_Row]:
    branches = [
        f"SELECT '{form}', rec.id, {kind.complete}, rec.version, rec.site_id, {kind.visit_id}, coalesce({kind.newest}, 0)"
        f" FROM {kind.table} rec WHERE {column} = ANY(%s::bigint[])"
        for form, kind in of.items()
    ]
    return [_Row(*row) for row in fetch(" UNION ALL ".join(branches), [ids[form] for form in of])]


def _marks(of: Mapping[str, Kind], ids: Mapping[str, list[int]]) -> dict[Key, dict[str, bool]]:
    branches = [
        f"SELECT '{form}', k.* FROM ({kind.marks('v.object_id = ANY(%s::bigint[])')}) k"
        for form, kind in of.items()
    ]
    found: dict[Key, dict[str, bool]] = defaultdict(dict)
    for form, pk, field, stands in fetch(" UNION ALL ".join(branches), [ids[form] for form in of]):
        found[form, pk][field] = stands
    return found


def _signed(of: Mapping[str, Kind], ids: Mapping[str, list[int]]) -> dict[Key, bool]:
    """Whether a signature stands; without one the record is left out."""
    specs = [kind.spec for kind in of.values() if kind.spec is not None]
    if not specs:
        return {}
    sql = (
        f"SELECT t.form, t.object_id, bool_or(NOT {signing.changed_later_sql(specs)}) FROM signatures_signature t"
        " JOIN unnest(%s::text[], %s::bigint[]) AS asked (form, id) ON asked.form = t.form AND asked.id = t.object_id"
        " GROUP BY 1, 2"
    )
    asked = [(spec.key, pk) for spec in specs for pk in ids[spec.key]]
    return {(form, pk): stands for form, pk, stands in fetch(sql, _columns(asked))}


def _locks(keys: Sequence[tuple[str, int]]) -> dict[tuple[str, int | None, bool], tuple[str, int]]:
    """(form, id, whether of a freeze) → the last act and the newest entry of the history then."""
    sql = (
        "SELECT DISTINCT ON (l.form, l.object_id, l.act IN ('frozen', 'lifted'))"
        " l.form, l.object_id, l.act IN ('frozen', 'lifted'), l.act, l.history_entry FROM review_lock l"
        " JOIN unnest(%s::text[], %s::bigint[]) AS asked (form, id) ON asked.form = l.form AND asked.id = l.object_id"
        " ORDER BY l.form, l.object_id, l.act IN ('frozen', 'lifted'), l.id DESC"
    )
    return {
        (form, pk, of_freeze): (act, entry)
        for form, pk, of_freeze, act, entry in fetch(sql, _columns(sorted(set(keys))))
    }


def frozen_sites() -> dict[int | None, Freeze]:
    """Site (None: the whole study) → the freeze that stands there: one query."""
    last = Freeze.objects.order_by("site_id", "-id").distinct("site_id").select_related("site")
    return {one.site_id: one for one in last if one.act == "frozen"}


def _columns(pairs: Sequence[tuple[str, int]]) -> list[Any]:
    return [[form for form, _pk in pairs], [pk for _form, pk in pairs]]


def fetch(sql: str, params: Sequence[Any]) -> list[tuple[Any, ...]]:
    if not sql:
        return []
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        return list(cursor.fetchall())


def verifications_on(form: str, pk: int) -> list[Verification]:
    """Every mark on a record, newest first."""
    return list(Verification.objects.filter(form=form, object_id=pk).order_by("-id"))


def marked(form: str, pk: int) -> dict[str, Verification]:
    """field ("" for the whole form) → its last mark, if it was not taken back."""
    last = Verification.objects.filter(form=form, object_id=pk).order_by("field", "-id").distinct("field")
    return {one.field: one for one in last if one.act == "verified"}


def locks_on(form: str, pk: int) -> list[Lock]:
    """Every lock and its opening on a record, newest first."""
    return list(Lock.objects.filter(form=form, object_id=pk).order_by("-id"))
