"""Many rows into a table at once.

COPY straight into a table behind a wall is refused by PostgreSQL; so rows are copied into a table of the session and
inserted from there, in one statement: the wall judges every row, and the triggers of history run once.
"""

from __future__ import annotations

import io
import json
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Any

from django.db import connection, models

CHUNK = 5_000
_ESCAPES = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})
_INCOMING = "pg_temp.imports_incoming"


def insert(model: type[models.Model], names: Sequence[str], rows: Iterable[Sequence[Any]]) -> int:
    """Insert rows of the fields named, in their order; how many. Columns without a default must all be named.

    A value: None, bool, text, number, date, list of texts (an array), list of dicts in `as_json`.
    """
    with connection.cursor() as cursor:
        columns = _incoming(cursor, model, names, rows)
        table = connection.ops.quote_name(model._meta.db_table)
        cursor.execute(f"INSERT INTO {table} ({columns}) SELECT {columns} FROM {_INCOMING}")
        inserted = int(cursor.rowcount)
        cursor.execute(f"DROP TABLE {_INCOMING}")
    return inserted


def update(
    model: type[models.Model], keys: Sequence[str], names: Sequence[str], rows: Iterable[Sequence[Any]]
) -> int:
    """Update the fields `names` of the rows found by the fields `keys`; each row: its keys, then its values."""
    with connection.cursor() as cursor:
        _incoming(cursor, model, [*keys, *names], rows)
        quote, table = connection.ops.quote_name, connection.ops.quote_name(model._meta.db_table)

        def column(name: str) -> str:
            return quote(_column(model, name))

        sets = ", ".join(f"{column(name)} = i.{column(name)}" for name in names)
        found = " AND ".join(f"t.{column(name)} = i.{column(name)}" for name in keys)
        cursor.execute(f"UPDATE {table} t SET {sets} FROM {_INCOMING} i WHERE {found}")
        updated = int(cursor.rowcount)
        cursor.execute(f"DROP TABLE {_INCOMING}")
    return updated


def as_json(value: list[dict[str, Any]]) -> str:
    return json.dumps(value, ensure_ascii=False) if value else "[]"


def _column(model: type[models.Model], name: str) -> str:
    field: Any = model._meta.get_field(name)
    return str(field.column)


def _incoming(
    cursor: Any, model: type[models.Model], names: Sequence[str], rows: Iterable[Sequence[Any]]
) -> str:
    """Copy the rows into the table of the session; the columns as SQL."""
    quote = connection.ops.quote_name
    columns = ", ".join(quote(_column(model, name)) for name in names)
    cursor.execute(
        f"CREATE TEMP TABLE imports_incoming ON COMMIT DROP AS SELECT {columns}"
        f" FROM {quote(model._meta.db_table)} WITH NO DATA"
    )
    for part in _parts(rows):
        cursor.copy_expert(f"COPY {_INCOMING} ({columns}) FROM STDIN", part)
    cursor.execute(f"ANALYZE {_INCOMING}")
    return columns


def _parts(rows: Iterable[Sequence[Any]]) -> Iterator[io.StringIO]:
    left = iter(rows)
    while part := list(islice(left, CHUNK)):
        yield io.StringIO("".join("\t".join(map(_text, row)) + "\n" for row in part))


def _text(value: Any) -> str:
    """A value in the text format of COPY."""
    if isinstance(value, str):
        # Tabs and line ends are not printable: most texts need no second look.
        return value if value.isprintable() and "\\" not in value else value.translate(_ESCAPES)
    if value is None:
        return "\\N"
    if isinstance(value, bool):
        return "t" if value else "f"
    if isinstance(value, (list, tuple)):
        together = "".join(value)
        if value and together.isprintable() and "\\" not in together and '"' not in together:
            return '{"' + '","'.join(value) + '"}'
        quoted = ",".join('"' + one.replace("\\", "\\\\").replace('"', '\\"') + '"' for one in value)
        return ("{" + quoted + "}").translate(_ESCAPES)
    return str(value).translate(_ESCAPES)
