"""The audit trail over every tracked model: one statement, newest first, read by key.

Each history table gives at most one page of its newest rows that fit; the newest of those together are the
page. Only for these few rows is the row before looked up.
"""

from __future__ import annotations

import datetime as dt
import functools
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.apps import apps
from django.db import connection, models

from apps.consent.models import ConsentEvent
from apps.enrolment.models import Participant
from studyportal.access.models import AllSites, User
from studyportal.access.permissions import Permission
from studyportal.audit.selectors import TECHNICAL, FieldChange

NEVER_SHOWN = TECHNICAL | {"site", "participant"}


@dataclass(frozen=True)
class Table:
    """A table of history. at, label, context, key: SQL over its alias e; participant: SQL of the participant's id."""

    model: type[models.Model]
    name: str
    at: str
    label: str
    context: str
    key: str
    participant: str
    before: str

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
    site_id: int
    fields: Sequence[FieldChange]
    values_shown: bool
    cursor: str


@dataclass(frozen=True)
class Choice:
    """What the trail is narrowed to; since and until are moments, the second excluded."""

    participant: str = ""
    username: str = ""
    model: str = ""
    since: dt.datetime | None = None
    until: dt.datetime | None = None


@functools.cache
def tables() -> dict[str, Table]:
    """Model label → its history: every tracked model that carries its site, and the consent log itself."""
    found: dict[str, Table] = {}
    for event in apps.get_models():
        model = getattr(event, "pgh_tracked_model", None)
        if model is None or model._meta.proxy or "site" not in {field.name for field in model._meta.fields}:
            continue
        table = connection.ops.quote_name(event._meta.db_table)
        found[model._meta.label_lower] = Table(
            model=model,
            name=table,
            at="e.pgh_created_at",
            label="e.pgh_label",
            context="e.pgh_context::jsonb",
            key="e.pgh_id",
            participant=_participant_of(model),
            before=f"SELECT to_jsonb(b) FROM {table} b WHERE b.pgh_obj_id = u.obj AND b.pgh_id < u.key"
            " ORDER BY b.pgh_id DESC LIMIT 1",
        )
    found[ConsentEvent._meta.label_lower] = Table(
        model=ConsentEvent,
        name=ConsentEvent._meta.db_table,
        at="e.entered_at",
        label="'insert'::text",
        context="jsonb_build_object('username', (SELECT a.username FROM access_user a WHERE a.id = e.entered_by_id))",
        key="e.id",
        participant="e.participant_id",
        before="NULL::jsonb",
    )
    return dict(sorted(found.items()))


def _participant_of(model: type[models.Model]) -> str:
    """SQL of the participant: on the row, or one step up; NULL when it cannot be told."""
    if model is Participant:
        return "e.id"
    names = {field.name: field for field in model._meta.concrete_fields}
    if "participant" in names:
        return "e.participant_id"
    for field in names.values():
        above = getattr(field, "related_model", None)
        if above is not None and any(f.name == "participant" for f in above._meta.concrete_fields):
            table = connection.ops.quote_name(above._meta.db_table)
            return f"(SELECT r.participant_id FROM {table} r WHERE r.id = e.{field.column})"
    return "NULL::bigint"


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
    chosen = [tables()[choice.model]] if choice.model in tables() else list(tables().values())
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
        wheres: list[str] = []
        params.append(table.code)
        if not isinstance(sites, AllSites):
            wheres.append("e.site_id = ANY(%s::bigint[])")
            params.append(sorted(sites))
        if participant_id is not None:
            wheres.append(f"{table.participant} = %s")
            params.append(participant_id)
        if choice.username:
            wheres.append(f"{table.context} ->> 'username' = %s")
            params.append(choice.username.replace("\x00", ""))
        if choice.since is not None:
            wheres.append(f"{table.at} >= %s")
            params.append(choice.since)
        if choice.until is not None:
            wheres.append(f"{table.at} < %s")
            params.append(choice.until)
        if cursor is not None:
            wheres.append(f"({table.at}, %s::text, {table.key}) {beyond} (%s, %s::text, %s)")
            params += [table.code, *cursor]
        branches.append(
            f"(SELECT %s::text AS model, {table.key}::bigint AS key, {table.at} AS at, {table.label} AS label,"
            f" {table.context} AS context, e.id::bigint AS obj, e.site_id, {table.participant} AS participant_id,"
            f" to_jsonb(e) AS now FROM {table.name} e WHERE {' AND '.join(wheres) or 'TRUE'}"
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
    may_see = model is ConsentEvent or user.may(Permission.VIEW_DATA, site_id)
    return Entry(
        at=at,
        label=label,
        by=str(said.get("username") or ""),
        source=str(said.get("source") or ""),
        reason=str(said.get("reason") or ""),
        model=model,
        record_id=record_id,
        participant_code=participant_code or "",
        site_id=site_id,
        fields=changes_of(model, label, _as_mapping(now), _as_mapping(before), may_see=may_see),
        values_shown=may_see,
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
