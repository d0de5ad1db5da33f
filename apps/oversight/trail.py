"""The audit trail over every tracked model: one statement, newest first, read by key.

Each history table gives at most one page of its newest rows that fit; the newest of those together are the
page. Only for these few rows is the row before looked up.
"""

from __future__ import annotations

import datetime as dt
import functools
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.apps import apps
from django.db import connection, models

from apps.consent.models import ConsentEvent
from apps.enrolment.models import Participant
from studyportal.access.models import AllSites, User
from studyportal.access.permissions import Permission
from studyportal.audit.selectors import TECHNICAL, FieldChange, event_model_of

NEVER_SHOWN = TECHNICAL | {"site", "participant"}


@dataclass(frozen=True)
class Table:
    """A table of history. at, label, context, key, record, site, participant, person: SQL over its alias e.

    of_user, of_participant: SQL of the condition that the user of that name made it, or that it is about that
    participant ("" when it never is). person: the user
    whom the row is about, "" when it is about none.
    """

    model: type[models.Model]
    name: str
    at: str
    label: str
    context: str
    key: str
    record: str
    site: str
    of_user: str
    participant: str
    of_participant: str
    person: str
    before: str

    @property
    def is_history(self) -> bool:
        """Whether triggers write it: the consent log is its own history."""
        return self.model is not ConsentEvent

    @property
    def code(self) -> str:
        return self.model._meta.label_lower


@dataclass(frozen=True)
class Entry:
    """One change of one record. fields are empty and hidden counts them where the user may not see values."""

    at: dt.datetime
    label: str
    by: str
    source: str
    reason: str
    model: type[models.Model]
    record_id: int
    participant_code: str
    site_id: int | None
    fields: Sequence[FieldChange]
    values_shown: bool
    cursor: str
    reason_code: str = ""
    request: str = ""
    role: str = ""

    @property
    def road(self) -> str:
        """One of the roads; database: past the portal, by a role of the database; "" where the log keeps none."""
        return self.source or ("" if self.by else "database")


@dataclass(frozen=True)
class Choice:
    """What the trail is narrowed to; since and until are moments, the second excluded.

    about: the user whose account, roles and tokens changed. field: only with model.
    """

    participant: str = ""
    username: str = ""
    about: str = ""
    model: str = ""
    record: int | None = None
    field: str = ""
    label: str = ""
    road: str = ""
    reason: str = ""
    words: str = ""
    site: int | None = None
    since: dt.datetime | None = None
    until: dt.datetime | None = None


LABELS = ("insert", "update", "delete")
# What the index of rare roads leaves out (audit.storage).
COMMON_ROADS = ("page", "api", "import")
# The user whom a row about access is about.
PERSONS = {
    "access.user": "e.id",
    "access.membership": "e.user_id",
    "access.apitoken": "e.user_id",
    "audit.secondfactor": "e.user_id",
}
ACCESS = ("access", "audit")  # apps whose history tells who may do what


@functools.cache
def tables() -> dict[str, Table]:
    """Model label → its history: what carries its site, who may do what (access), and the consent log itself."""
    found: dict[str, Table] = {}
    for event in apps.get_models():
        model = getattr(event, "pgh_tracked_model", None)
        if model is None or (model._meta.proxy and model._meta.app_label not in ACCESS):
            continue
        names = {field.name for field in model._meta.fields}
        if "site" not in names and model._meta.app_label not in ACCESS:
            continue
        table = connection.ops.quote_name(event._meta.db_table)
        has_record = "pgh_obj" in {field.name for field in event._meta.fields}
        of_record = "b.pgh_obj_id = u.obj" if has_record else "b.token_key = u.now ->> 'token_key'"
        found[model._meta.label_lower] = Table(
            model=model,
            name=table,
            at="e.pgh_created_at",
            label="e.pgh_label",
            context="e.pgh_context",
            key="e.pgh_id",
            record="e.pgh_obj_id" if has_record else "NULL::bigint",
            site="e.site_id" if "site" in names else "NULL::bigint",
            of_user="e.pgh_by = %s",
            participant=_participant_of(model),
            of_participant=_of_participant(model),
            person=PERSONS.get(model._meta.label_lower, ""),
            before=f"SELECT to_jsonb(b) FROM {table} b WHERE {of_record} AND b.pgh_id < u.key"
            " ORDER BY b.pgh_id DESC LIMIT 1",
        )
    found[ConsentEvent._meta.label_lower] = Table(
        model=ConsentEvent,
        name=ConsentEvent._meta.db_table,
        at="e.entered_at",
        label="'insert'::text",
        context="jsonb_build_object('username', (SELECT a.username FROM access_user a WHERE a.id = e.entered_by_id))",
        key="e.id",
        record="e.id",
        site="e.site_id",
        of_user="e.entered_by_id = (SELECT a.id FROM access_user a WHERE a.username = %s)",
        participant="e.participant_id",
        of_participant="e.participant_id = %s",
        person="",
        before="NULL::jsonb",
    )
    return dict(sorted(found.items()))


def _above(model: type[models.Model]) -> tuple[Any, str] | None:
    """The field to the record one step up that knows the participant, and that record's table."""
    for field in model._meta.concrete_fields:
        above = getattr(field, "related_model", None)
        if above is not None and any(f.name == "participant" for f in above._meta.concrete_fields):
            return field, connection.ops.quote_name(above._meta.db_table)
    return None


def _own_participant(model: type[models.Model]) -> str:
    if model is Participant:
        return "e.id"
    has_one = any(field.name == "participant" for field in model._meta.concrete_fields)
    return "e.participant_id" if has_one else ""


def _participant_of(model: type[models.Model]) -> str:
    """SQL of the participant: on the row, or one step up; NULL when it cannot be told."""
    if own := _own_participant(model):
        return own
    if found := _above(model):
        return f"(SELECT r.participant_id FROM {found[1]} r WHERE r.id = e.{found[0].column})"
    return "NULL::bigint"


def _of_participant(model: type[models.Model]) -> str:
    if own := _own_participant(model):
        return f"{own} = %s"
    if found := _above(model):
        return f"e.{found[0].column} IN (SELECT r.id FROM {found[1]} r WHERE r.participant_id = %s)"
    return ""


def recent(
    user: User, choice: Choice, *, older: str = "", newer: str = "", size: int = 50
) -> tuple[list[Entry], str, str]:
    """A page of changes at the sites where the user may see the trail: (entries, older key, newer key).

    Three queries at most: participant, changes, and the rights of the user.
    """
    participant_id = None
    if choice.participant:
        people = Participant.objects.visible_to(user, Permission.VIEW_AUDIT_TRAIL).filter(
            code=choice.participant
        )
        participant_id = people.values_list("pk", flat=True).first()
        if participant_id is None:
            return [], "", ""
    chosen = [table for table in tables().values() if _may_hold(table, choice)]
    if not chosen:
        return [], "", ""
    backwards = bool(newer) and _cursor(newer) is not None
    cursor = _cursor(newer if backwards else older)
    sql, params = _statement(user, choice, chosen, participant_id, cursor, backwards, size + 1)
    with connection.cursor() as database:
        database.execute(sql, params)
        rows = database.fetchall()
    more = len(rows) > size
    rows = rows[:size]
    if backwards:
        rows.reverse()
    entries = [_entry(user, row) for row in rows]
    if not entries:
        return [], "", ""
    more_older = True if backwards else more
    more_newer = more if backwards else cursor is not None
    return entries, entries[-1].cursor if more_older else "", entries[0].cursor if more_newer else ""


def _statement(
    user: User,
    choice: Choice,
    chosen: Sequence[Table],
    participant_id: int | None,
    cursor: tuple[dt.datetime, str, int] | None,
    backwards: bool,
    limit: int,
) -> tuple[str, list[Any]]:
    direction, beyond = ("ASC", ">") if backwards else ("DESC", "<")
    sites = user.sites_with(Permission.VIEW_AUDIT_TRAIL)
    branches: list[str] = []
    params: list[Any] = []
    for table in chosen:
        wheres, values = _wheres(table, choice, sites, participant_id)
        if cursor is not None:
            wheres.append(f"({table.at}, %s::text, {table.key}) {beyond} (%s, %s::text, %s)")
            values += [table.code, *cursor]
            # Said once more without the name, so that the index is entered at the place.
            wheres.append(f"{table.at} {beyond}= %s")
            values.append(cursor[0])
        params += [table.code, *values]
        branches.append(
            f"(SELECT %s::text AS model, {table.key}::bigint AS key, {table.at} AS at, {table.label} AS label,"
            f" {table.context} AS context, {table.record}::bigint AS obj, {table.site} AS site_id,"
            f" {table.participant} AS participant_id, to_jsonb(e) AS now FROM {table.name} e WHERE {' AND '.join(wheres) or 'TRUE'}"
            f" ORDER BY {table.at} {direction}, {table.key} {direction} LIMIT {int(limit)})"
        )
    before = " ".join(f"WHEN '{table.code}' THEN ({table.before})" for table in chosen)
    order = f"u.at {direction}, u.model {direction}, u.key {direction}"
    sql = f"""
    SELECT u.model, u.key, u.at, u.label, u.context, u.obj, u.site_id, p.code, u.now, CASE u.model {before} END
    FROM (SELECT * FROM ({" UNION ALL ".join(branches)}) u ORDER BY {order} LIMIT {int(limit)}) u
    LEFT JOIN {Participant._meta.db_table} p ON p.id = u.participant_id
    ORDER BY {order}
    """
    return sql, params


def _may_hold(table: Table, choice: Choice) -> bool:
    """Whether the table can have a row that fits at all."""
    if choice.model in tables() and table.code != choice.model:
        return False
    if not table.is_history and (choice.road or choice.reason or choice.words or choice.field):
        return False
    if not table.is_history and choice.label not in ("", "insert"):
        return False
    return not ((choice.about and not table.person) or (choice.participant and not table.of_participant))


def _wheres(
    table: Table, choice: Choice, sites: frozenset[int] | AllSites, participant_id: int | None
) -> tuple[list[str], list[Any]]:
    """The conditions of a table, each written so that an index of `audit.storage` serves it."""
    wheres: list[str] = []
    params: list[Any] = []

    def also(condition: str, *values: Any) -> None:
        wheres.append(condition)
        params.extend(values)

    if not isinstance(sites, AllSites):
        also(f"{table.site} = ANY(%s::bigint[])", sorted(sites))
    if choice.site is not None:
        also(f"{table.site} = %s", choice.site)
    if participant_id is not None:
        also(table.of_participant, participant_id)
    if choice.username:
        also(table.of_user, choice.username)
    if choice.about:
        also(f"{table.person} = (SELECT a.id FROM access_user a WHERE a.username = %s)", choice.about)
    if choice.record is not None:
        also(f"{table.record} = %s", choice.record)
    if choice.label in LABELS and table.is_history:
        also("e.pgh_label = %s", choice.label)
        if choice.label != "insert":
            also("e.pgh_label <> 'insert'")
    if choice.road:
        also("e.pgh_road = %s", choice.road)
        if choice.road not in COMMON_ROADS:
            also("e.pgh_road NOT IN ('page', 'api', 'import')")
    if choice.reason:
        also("e.pgh_code IS NOT NULL AND e.pgh_code = %s", choice.reason)
    if choice.words:
        also(
            "e.pgh_has_reason AND to_tsvector('simple'::regconfig, e.pgh_context ->> 'reason')"
            " @@ plainto_tsquery('simple'::regconfig, %s)",
            choice.words,
        )
    if choice.field and choice.model == table.code:
        column = connection.ops.quote_name(_column(table.model, choice.field))
        also(
            f"e.pgh_label <> 'insert' AND (e.pgh_label = 'delete' OR e.{column} IS DISTINCT FROM (SELECT b.{column} FROM"
            f" {table.name} b WHERE b.pgh_obj_id = e.pgh_obj_id AND b.pgh_id < e.pgh_id ORDER BY b.pgh_id DESC LIMIT 1))"
        )
    if choice.since is not None:
        also(f"{table.at} >= %s", choice.since)
    if choice.until is not None:
        also(f"{table.at} < %s", choice.until)
    return wheres, params


def _column(model: type[models.Model], name: str) -> str:
    return next(str(field.column) for field in model._meta.concrete_fields if field.name == name)


def fields_of(code: str) -> list[tuple[str, str]]:
    """Name and words of the fields of a model whose changes can be looked for one by one."""
    table = tables().get(code)
    if table is None or not table.is_history or table.record.startswith("NULL"):
        return []
    kept = {field.name for field in event_model_of(table.model)._meta.fields}
    return [
        (field.name, str(field.verbose_name))
        for field in table.model._meta.concrete_fields
        if field.name in kept and field.name not in NEVER_SHOWN
    ]


def everything(user: User, choice: Choice, *, size: int = 500) -> Iterator[Entry]:
    """All entries that fit, oldest first, a page at a time: for files."""
    newer = f"0001-01-02T00:00:00+00:00~{next(iter(tables()))}~0"
    while newer:
        entries, _older, newer = recent(user, choice, newer=newer, size=size)
        yield from reversed(entries)


def _cursor(text: str) -> tuple[dt.datetime, str, int] | None:
    """`moment~model~key`, None when it is none of ours."""
    parts = text.split("~")
    if len(parts) != 3 or parts[1] not in tables() or not parts[2].isascii() or not parts[2].isdigit():
        return None
    try:
        at = dt.datetime.fromisoformat(parts[0])
    except ValueError:
        return None
    return (at, parts[1], int(parts[2])) if at.tzinfo is not None and len(parts[2]) < 19 else None


def _as_mapping(value: Any) -> Mapping[str, Any]:
    """jsonb as the driver gives it: text, or already read."""
    read = json.loads(value) if isinstance(value, str) else value
    return read if isinstance(read, Mapping) else {}


def _entry(user: User, row: Sequence[Any]) -> Entry:
    code, key, at, label, context, record_id, site_id, participant_code, now, before = row
    model = tables()[code].model
    said = _as_mapping(context)
    may_see = (
        model is ConsentEvent or model._meta.app_label in ACCESS or user.may(Permission.VIEW_DATA, site_id)
    )
    row_now = _as_mapping(now)
    return Entry(
        at=at,
        label=label,
        by=str(said.get("username") or ""),
        source=str(said.get("source") or ""),
        reason=str(said.get("reason") or ""),
        model=model,
        record_id=record_id or 0,
        participant_code=participant_code or "",
        site_id=site_id,
        fields=changes_of(model, label, row_now, _as_mapping(before), may_see=may_see),
        values_shown=may_see,
        reason_code=str(said.get("reason_code") or ""),
        request=str(said.get("request") or ""),
        role=str(row_now.get("pgh_role") or ""),
        cursor=f"{at.astimezone(dt.UTC).isoformat()}~{code}~{key}",
    )


def changes_of(
    model: type[models.Model], label: str, now: Mapping[str, Any], before: Mapping[str, Any], *, may_see: bool
) -> list[FieldChange]:
    """What differs between two rows of history; only the names of the fields where values may not be seen."""
    found = []
    for field in model._meta.concrete_fields:
        if field.name in NEVER_SHOWN:
            continue
        column = str(field.column)
        old, new = before.get(column), now.get(column)
        if label == "delete":
            old, new = new, None
        if old == new or (label == "insert" and new in (None, "", [], {})):
            continue
        shown = [words(field, value) if may_see else "" for value in (old, new)]
        found.append(FieldChange(field.name, str(field.verbose_name), *shown))
    return found


def words(field: Any, value: Any) -> str:
    """A value of history as people read it: codes in words, lists joined, long texts cut."""
    if value is None or value == "":
        return ""
    codes = dict(getattr(field, "code_labels", ()) or field.flatchoices or ())
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list):
        return ", ".join(str(codes.get(one, one)) for one in value)
    if isinstance(value, Mapping):
        return "; ".join(f"{name}: {one}" for name, one in value.items())
    text = str(codes.get(value, value))
    return text if len(text) <= 300 else text[:299] + "…"
