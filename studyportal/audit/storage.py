"""How history is kept in the database, beyond what its models say: one place for every table of history.

After each migration every table of history has
- `pgh_role`: the database role that wrote. A change past the portal has no context; the role still says whose hand
  it was.
- `pgh_by`, `pgh_road`, `pgh_code`, `pgh_has_reason`: what the audit trail is searched by, taken from the context.
  They are columns, not expressions over the context: behind row-level security an index on `context ->> …` is not
  used, since the operator is not leakproof, and every search would read all of history.
- the indexes of these (figures: docs/decisions/0013-looks-and-reasons.md).

None of it is in the models: the columns fill themselves, and no statement that writes names them.
"""

from __future__ import annotations

from typing import Any

from django.db import connections

from studyportal.access.grants import history_tables

COLUMNS = {
    "pgh_role": "name",
    "pgh_by": "text GENERATED ALWAYS AS (pgh_context ->> 'username') STORED",
    "pgh_road": "text GENERATED ALWAYS AS (coalesce(pgh_context ->> 'source', 'database')) STORED",
    "pgh_code": "text GENERATED ALWAYS AS (pgh_context ->> 'reason_code') STORED",
    "pgh_has_reason": "boolean GENERATED ALWAYS AS (coalesce(pgh_context ? 'reason', false)) STORED",
}
INDEXES = {
    # newest first, and by day
    "trail_at": "(pgh_created_at, pgh_id)",
    # by person
    "trail_by": "(pgh_by, pgh_created_at, pgh_id)",
    # Few rows have a reason, or are no first entry: these indexes are small, and cost nothing where they are not met.
    "trail_why": "(pgh_code, pgh_created_at, pgh_id) WHERE pgh_code IS NOT NULL",
    "trail_words": "(pgh_created_at, pgh_id) WHERE pgh_has_reason",
    "trail_changes": "(pgh_created_at, pgh_id) WHERE pgh_label <> 'insert'",
    # Pages, API and imports write nearly everything; what came by another road is rare and looked for.
    "trail_road": "(pgh_road, pgh_created_at, pgh_id) WHERE pgh_road NOT IN ('page', 'api', 'import')",
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
            " WHERE table_name = ANY(%s) AND column_name LIKE 'pgh\\_%%'",
            [tables, tables],
        )
        standing = {row[0] for row in cursor.fetchall()}
        statements = []
        for table in tables:
            adding = [
                f"ADD COLUMN {name} {kind}"
                for name, kind in COLUMNS.items()
                if f"{table}.{name}" not in standing
            ]
            if adding:
                # The default comes second: of rows that are there already nobody knows the role.
                statements.append(
                    f"ALTER TABLE {quote(table)} {', '.join(adding)};"
                    f"ALTER TABLE {quote(table)} ALTER COLUMN pgh_role SET DEFAULT session_user"
                )
            statements += [
                f"CREATE INDEX {quote(f'{table}_{name}')} ON {quote(table)} {definition}"
                for name, definition in INDEXES.items()
                if f"{table}_{name}" not in standing
            ]
        if statements:
            cursor.execute("; ".join(statements))
