"""Rights of the application's database role: logs can be added to and read, and nothing else.

The role of web, API and workers owns no table (see docs/decisions/0002-database-roles.md). Ordinary tables
are opened to it by the owner's default privileges; here the logs are closed again.
"""

from __future__ import annotations

from typing import Any

from django.apps import apps
from django.db import connections, models

APPLICATION_ROLE = "studyportal_app"


def is_log(model: type[models.Model]) -> bool:
    """Whether rows of the model may only be added: history rows, and models that say `append_only`."""
    return hasattr(model, "pgh_tracked_model") or bool(getattr(model, "append_only", False))


def log_tables() -> list[str]:
    return sorted(m._meta.db_table for m in apps.get_models() if m._meta.managed and is_log(m))


def close_logs(using: str = "default", **kwargs: Any) -> None:
    """After a migration: take UPDATE, DELETE and TRUNCATE on every log from the application's role."""
    connection = connections[using]
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [APPLICATION_ROLE])
        if cursor.fetchone() is None:
            return
        existing = set(connection.introspection.table_names(cursor))
        quote = connection.ops.quote_name
        for table in log_tables():
            if table in existing:
                cursor.execute(
                    f"REVOKE UPDATE, DELETE, TRUNCATE ON {quote(table)} FROM {quote(APPLICATION_ROLE)}"
                )
        # Nothing writes to pghistory's shared context (see audit's migration), and nothing shall.
        if "pghistory_context" in existing:
            cursor.execute(f"REVOKE ALL ON pghistory_context FROM {quote(APPLICATION_ROLE)}")
        # The list of applied migrations belongs to the owner.
        if "django_migrations" in existing:
            cursor.execute(
                f"REVOKE INSERT, UPDATE, DELETE, TRUNCATE ON django_migrations FROM {quote(APPLICATION_ROLE)}"
            )
