"""The content of an entry for the chain: of an instance that is about to be saved, and of the row as it stands."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.db import connections, models

from apps.consent.rules import canonical
from apps.consent.rules.verification import Entry

# The columns of the chain itself; the salt comes into the content by its own road.
CHAIN = frozenset({"sequence", "salt", "content_sha256", "previous_sha256", "sha256"})
# Whom an entry names, as everybody knows them: none of these ever changes, and a file of the log is read without the
# portal's tables.
BY_NAME = {"participant": "code", "site": "code", "entered_by": "username", "obtainer": "username"}
BATCH = 2000


def fields_of(model: Any) -> tuple[Any, ...]:
    """The columns that the content holds."""
    return tuple(field for field in model._meta.concrete_fields if field.name not in CHAIN)


def content_of(event: Any) -> dict[str, Any]:
    """The content of an instance that has its id and its salt."""
    values: dict[str, Any] = {}
    for field in fields_of(type(event)):
        value = getattr(event, field.attname)
        if value is not None and field.name in BY_NAME:
            value = getattr(getattr(event, field.name), BY_NAME[field.name])
        else:
            value = field.get_prep_value(value)
        values[field.name] = _kept(field, value)
    return canonical.content_of(values, event.salt)


def _kept(field: Any, value: Any) -> Any:
    """An empty text where null cannot be says that there is none."""
    return None if value == "" and not field.null else value


# --- As it stands ----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Read:
    """An entry with its content as the row has it now."""

    entry: Entry
    content: dict[str, Any]


class Rows:
    """The rows of the log as the wall shows them, in the order of their numbers; batch by batch, whatever the length.

    model: the log's, also as a migration knows it.
    """

    def __init__(self, model: Any, using: str = "default") -> None:
        self._connection = connections[using]
        self._fields = fields_of(model)
        # Name, what says that there is nothing (beside null), and whether the driver gives JSON as text.
        self._columns = [
            (field.name, None if field.null else "", isinstance(field, models.JSONField))
            for field in self._fields
        ]
        self._table = model._meta.db_table
        self._select = self._statement(model)

    def _statement(self, model: Any) -> str:
        quote = self._connection.ops.quote_name
        columns, joins = [], []
        for number, field in enumerate(self._fields):
            if field.name in BY_NAME:
                table = quote(field.related_model._meta.db_table)
                columns.append(f"n{number}.{quote(BY_NAME[field.name])}")
                joins.append(f"LEFT JOIN {table} n{number} ON n{number}.id = e.{quote(field.column)}")
            else:
                columns.append(f"e.{quote(field.column)}")
        return (
            f"SELECT e.id, e.sequence, e.previous_sha256, e.content_sha256, e.sha256, e.salt, {', '.join(columns)}"
            f" FROM {quote(self._table)} e {' '.join(joins)}"
        )

    def numbered(self, *, after: int = 0, until: int | None = None) -> Iterator[Read]:
        """Entries after that number, in order; of two with one number (which should not be) the elder first."""
        last = (after, 2**62)
        bound = 2**62 if until is None else until
        while True:
            rows = self._fetch(
                "WHERE (e.sequence, e.id) > (%s, %s) AND e.sequence <= %s ORDER BY e.sequence, e.id LIMIT %s",
                [*last, bound, BATCH],
            )
            for row in rows:
                last = (row[1], row[0])
                yield self._read(row)
            if len(rows) < BATCH:
                return

    def of(self, ids: list[int]) -> dict[int, Read]:
        """Number → entry, of these ids."""
        return {row[1]: self._read(row) for row in self._fetch("WHERE e.id = ANY(%s)", [ids])}

    def unlinked(self) -> Iterator[tuple[int, dict[str, Any]]]:
        """Id and values of what has no number yet, in the order of the ids. For the migration."""
        last = 0
        while True:
            rows = self._fetch("WHERE e.sequence IS NULL AND e.id > %s ORDER BY e.id LIMIT %s", [last, BATCH])
            for row in rows:
                last = row[0]
                yield row[0], self._values(row[6:])
            if len(rows) < BATCH:
                return

    def _fetch(self, where: str, parameters: list[Any]) -> list[tuple[Any, ...]]:
        with self._connection.cursor() as cursor:
            cursor.execute(f"{self._select} {where}", parameters)
            found: list[tuple[Any, ...]] = cursor.fetchall()
            return found

    def _read(self, row: tuple[Any, ...]) -> Read:
        _id, sequence, previous, stored, own, salt, *values = row
        named = self._values(values)
        content = canonical.content_of(named, salt or "")
        entered_at: dt.datetime | None = named.get("entered_at")
        return Read(
            Entry(
                sequence,
                previous or "",
                stored or "",
                own or "",
                canonical.content_sha256(content),
                entered_at,
            ),
            content,
        )

    def _values(self, values: Any) -> dict[str, Any]:
        """What the row holds; what holds nothing is left out."""
        return {
            name: json.loads(value) if is_json and isinstance(value, str) else value
            for (name, nothing, is_json), value in zip(self._columns, values, strict=True)
            if value is not None and value != nothing
        }
