"""Rights of the application's database role: logs can be added to and read, and nothing else.

The role of web, API and workers owns no table (see docs/decisions/0002-database-roles.md). Ordinary tables
are opened to it by the owner's default privileges; here the logs are closed again.
"""

from __future__ import annotations

from typing import Any

import pghistory.trigger
import pgtrigger
from django.apps import apps
from django.db import connections, models

APPLICATION_ROLE = "studyportal_app"


def is_log(model: type[models.Model]) -> bool:
    """Whether rows of the model may only be added: history rows, and models that say `append_only`."""
    return hasattr(model, "pgh_tracked_model") or bool(getattr(model, "append_only", False))


def log_tables() -> list[str]:
    return sorted(m._meta.db_table for m in apps.get_models() if m._meta.managed and is_log(m))


def kept_tables() -> list[str]:
    """Tables that functions of the database write on the owner's behalf (`kept_by_database`): read, and nothing else."""
    return sorted(
        m._meta.db_table
        for m in apps.get_models()
        if m._meta.managed and bool(getattr(m, "kept_by_database", False))
    )


def history_tables() -> list[str]:
    """The logs that triggers write."""
    return sorted(
        m._meta.db_table for m in apps.get_models() if m._meta.managed and hasattr(m, "pgh_tracked_model")
    )


def tracked_models() -> list[type[models.Model]]:
    """The models whose changes go into history."""
    found = {m.pgh_tracked_model for m in apps.get_models() if hasattr(m, "pgh_tracked_model")}
    concrete = {m._meta.concrete_model for m in found}
    return sorted((m for m in concrete if m._meta.managed), key=lambda m: m._meta.label)


def close_logs(using: str = "default", **kwargs: Any) -> None:
    """After a migration: the application's role adds to logs and does nothing else to them.

    It has no UPDATE, DELETE and TRUNCATE on any log. Into history it cannot even insert by itself: the triggers do
    that with the owner's rights (`_seal_triggers`), so that every line of history comes from a change that happened.
    """
    connection = connections[using]
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [APPLICATION_ROLE])
        if cursor.fetchone() is None:
            return
        existing = set(connection.introspection.table_names(cursor))
        quote = connection.ops.quote_name
        application = quote(APPLICATION_ROLE)
        history = set(history_tables())
        statements = []
        for table in log_tables():
            if table in existing:
                rights = (
                    "INSERT, UPDATE, DELETE, TRUNCATE" if table in history else "UPDATE, DELETE, TRUNCATE"
                )
                statements.append(f"REVOKE {rights} ON {quote(table)} FROM {application}")
        statements += [
            f"REVOKE INSERT, UPDATE, DELETE, TRUNCATE ON {quote(table)} FROM {application}"
            for table in kept_tables()
            if table in existing
        ]
        statements += [
            _keep_key(model, quote) for model in tracked_models() if model._meta.db_table in existing
        ]
        # Nothing writes to pghistory's shared context (see audit's migration), and nothing shall.
        if "pghistory_context" in existing:
            statements.append(f"REVOKE ALL ON pghistory_context FROM {application}")
        # The list of applied migrations belongs to the owner.
        if "django_migrations" in existing:
            statements.append(
                f"REVOKE INSERT, UPDATE, DELETE, TRUNCATE ON django_migrations FROM {application}"
            )
        cursor.execute("; ".join(statements))
        _seal_triggers(cursor)


def _keep_key(model: type[models.Model], quote: Any) -> str:
    """The key of a tracked row cannot be changed: the trigger finds the row before by it, and would see nothing."""
    table, application = quote(model._meta.db_table), quote(APPLICATION_ROLE)
    columns = ", ".join(
        quote(field.column)
        for field in model._meta.local_concrete_fields
        if not field.primary_key and not isinstance(field, models.GeneratedField)
    )
    return (
        f"REVOKE UPDATE ON {table} FROM {application}; GRANT UPDATE ({columns}) ON {table} TO {application}"
    )


def _seal_triggers(cursor: Any) -> None:
    """The functions of our triggers do what they say, whoever sets what in the session.

    - Those that write history run as their owner, so that the application's role needs no right on history.
    - None can be hung on another table (a temporary one, say) by who may create tables.
    - Names in them are the schema's: a temporary table of the same name is not found before.
    - `pgtrigger.ignore`, with which the library lets a session pass by its triggers, is the owner's alone: who changes
      the keys of identity seals history anew, and no process that serves people can.
    """
    writers = {
        trigger.get_pgid(model)
        for model, trigger in pgtrigger.registered()
        if isinstance(trigger, pghistory.trigger.Event)
    }
    cursor.execute(
        "SELECT p.oid::regprocedure::text, p.proname, p.prosecdef, p.proconfig IS NOT NULL AND p.proacl IS NOT NULL"
        " FROM pg_proc p WHERE p.proname LIKE 'pgtrigger\\_%' AND p.prorettype = 'trigger'::regtype"
        " AND pg_get_userbyid(p.proowner) = current_user"
    )
    statements = []
    for function, name, as_owner, closed in cursor.fetchall():
        if closed and as_owner == (name in writers):
            continue
        rights = "SECURITY DEFINER" if name in writers else "SECURITY INVOKER"
        statements.append(
            f"ALTER FUNCTION {function} {rights} SET search_path = pg_catalog, public, pg_temp;"
            f"REVOKE EXECUTE ON FUNCTION {function} FROM PUBLIC"
        )
    # Each migration that adds a trigger writes this function anew.
    cursor.execute("SELECT current_user")
    (owner,) = cursor.fetchone()
    statements.append(
        "CREATE OR REPLACE FUNCTION public._pgtrigger_should_ignore(trigger_name name) RETURNS boolean"
        " LANGUAGE plpgsql AS $$ BEGIN"
        # Whose session it is: inside a trigger that writes history everybody is the owner.
        " RETURN CASE current_setting('role') WHEN 'none' THEN session_user ELSE current_setting('role') END"
        f" = '{owner}' AND trigger_name = ANY (coalesce(nullif(current_setting('pgtrigger.ignore', true), ''), '{{}}')::text[]);"
        " END $$"
    )
    cursor.execute("; ".join(statements))
