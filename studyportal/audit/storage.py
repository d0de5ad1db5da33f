"""How history is kept in the database, beyond what its models say: one place for every table of history.

After each migration every table of history has
- `pgh_role`: the database role that wrote. A change past the portal has no context; the role still says whose hand
  it was. Not in the models: the column fills itself, and no statement of the portal names it.
- the indexes by which the audit trail is searched (figures: docs/decisions/0013-looks-and-reasons.md).
"""

from __future__ import annotations

from typing import Any

from django.db import connections

from studyportal.access.grants import history_tables

INDEXES = {
    # newest first, and by day
    "trail_at": "(pgh_created_at, pgh_id)",
    # by person
    "trail_by": "((pgh_context ->> 'username'), pgh_created_at, pgh_id)",
    # Few rows have a reason, or are no first entry: these indexes are small, and cost nothing where they are not met.
    "trail_why": "((pgh_context ->> 'reason_code'), pgh_created_at, pgh_id)"
    " WHERE (pgh_context ->> 'reason_code') IS NOT NULL",
    "trail_words": "USING gin (to_tsvector('simple'::regconfig, pgh_context ->> 'reason'))"
    " WHERE (pgh_context ->> 'reason') IS NOT NULL",
    "trail_changes": "(pgh_created_at, pgh_id) WHERE pgh_label <> 'insert'",
    # Pages, API and imports write nearly everything; what came by another road is rare and looked for.
    "trail_road": "(coalesce(pgh_context ->> 'source', 'database'), pgh_created_at, pgh_id)"
    " WHERE coalesce(pgh_context ->> 'source', 'database') NOT IN ('page', 'api', 'import')",
}


def complete(using: str = "default", **_: Any) -> None:
    """After a migration: what is missing is added, what stands is left alone."""
    connection = connections[using]
    quote = connection.ops.quote_name
    with connection.cursor() as cursor:
        tables = sorted(set(history_tables()) & set(connection.introspection.table_names(cursor)))
        cursor.execute(
            "SELECT indexname FROM pg_indexes WHERE tablename = ANY(%s) AND schemaname = current_schema()"
            " UNION ALL SELECT table_name || '.' || column_name FROM information_schema.columns"
            " WHERE table_name = ANY(%s) AND column_name = 'pgh_role'",
            [tables, tables],
        )
        standing = {row[0] for row in cursor.fetchall()}
        statements = []
        for table in tables:
            if f"{table}.pgh_role" not in standing:
                # The default comes second: of rows that are there already nobody knows the role.
                statements.append(
                    f"ALTER TABLE {quote(table)} ADD COLUMN pgh_role name;"
                    f"ALTER TABLE {quote(table)} ALTER COLUMN pgh_role SET DEFAULT session_user"
                )
            statements += [
                f"CREATE INDEX {quote(f'{table}_{name}')} ON {quote(table)} {definition}"
                for name, definition in INDEXES.items()
                if f"{table}_{name}" not in standing
            ]
        if statements:
            cursor.execute("; ".join(statements).replace("%", "%%"))
