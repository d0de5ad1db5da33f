"""The application adds to the logs, and can do nothing else to them: tried against every one, with its own rights."""

from __future__ import annotations

import io
from typing import Any

import psycopg2.errors
import pytest
from django.db import DatabaseError, connection, transaction

from apps.enrolment import actions as enrolment
from apps.enrolment.models import Participant, ScreeningEntry
from studyportal.access import grants
from studyportal.audit import acting
from studyportal.audit.models import Look
from studyportal.audit.selectors import event_model_of, history_of
from tests.cast import Cast

pytestmark = pytest.mark.django_db

LOGS, HISTORY = grants.log_tables(), grants.history_tables()
TRACKED = [model._meta.db_table for model in grants.tracked_models()]
PARTICIPANT, EVENTS = Participant._meta.db_table, event_model_of(Participant)._meta.db_table


def run(statement: str, params: Any = ()) -> Any:
    with connection.cursor() as cursor:
        cursor.execute(statement, params or None)
        return cursor.fetchall() if cursor.description else None


def refused(statement: str, match: str = "permission denied|must be owner") -> None:
    with pytest.raises(DatabaseError, match=match), transaction.atomic():
        run(statement)


@pytest.fixture
def participant(cast: Cast) -> Participant:
    return enrolment.register(site=cast.mumbai, by=cast.asha)


def test_there_are_logs_to_try() -> None:
    assert len(HISTORY) > 25
    assert {Look._meta.db_table, "consent_consentevent", "exports_exportreceipt", EVENTS} <= set(LOGS)


@pytest.mark.parametrize("table", LOGS)
def test_a_log_is_not_changed_by_any_statement(table: str) -> None:
    column = "pgh_label" if table in HISTORY else "id"
    refused(f"UPDATE {table} SET {column} = {column}")
    refused(f"DELETE FROM {table}")
    refused(f"TRUNCATE {table}")
    refused(f"ALTER TABLE {table} DISABLE TRIGGER ALL")
    refused(f"ALTER TABLE {table} ADD COLUMN more text")
    refused(f"ALTER TABLE {table} RENAME TO elsewhere")
    refused(f"CREATE RULE silent AS ON INSERT TO {table} DO INSTEAD NOTHING")
    refused(f"DROP TABLE {table}")


@pytest.mark.parametrize("table", HISTORY)
def test_a_line_of_history_is_not_forged(table: str) -> None:
    refused(f"INSERT INTO {table} (pgh_id) VALUES (-1)")
    refused(f"INSERT INTO {table} (pgh_label, pgh_created_at) SELECT pgh_label, pgh_created_at FROM {table}")
    refused(
        f"MERGE INTO {table} t USING (SELECT 1) s ON false WHEN NOT MATCHED THEN INSERT (pgh_id) VALUES (1)"
    )
    with (
        pytest.raises(psycopg2.errors.InsufficientPrivilege),
        transaction.atomic(),
        connection.cursor() as c,
    ):
        c.copy_expert(f"COPY {table} (pgh_id) FROM STDIN", io.StringIO("-1\n"))


@pytest.mark.parametrize("table", TRACKED)
def test_the_triggers_of_a_table_stay(table: str) -> None:
    refused(f"ALTER TABLE {table} DISABLE TRIGGER ALL")
    refused(f"ALTER TABLE {table} DISABLE TRIGGER USER")
    refused(f"TRUNCATE {table} CASCADE")
    for (trigger,) in run(
        "SELECT tgname FROM pg_trigger WHERE tgrelid = %s::regclass AND NOT tgisinternal", [table]
    ):
        refused(f"DROP TRIGGER {trigger} ON {table}")
        refused(f"ALTER TABLE {table} DISABLE TRIGGER {trigger}")
        refused(
            f"CREATE OR REPLACE FUNCTION public.{trigger}() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'"
        )
        refused(f"ALTER FUNCTION public.{trigger}() SECURITY INVOKER")
        refused(f"DROP FUNCTION public.{trigger}() CASCADE")


def test_the_session_cannot_step_round_the_triggers() -> None:
    refused("SET session_replication_role = replica", "permission denied")
    refused("SET LOCAL session_replication_role = replica", "permission denied")
    refused(
        "CREATE OR REPLACE FUNCTION public._pgtrigger_should_ignore(trigger_name name) RETURNS boolean"
        " LANGUAGE sql AS 'SELECT true'",
    )
    refused(
        "CREATE OR REPLACE FUNCTION public._pgh_attach_context() RETURNS uuid LANGUAGE sql AS 'SELECT NULL::uuid'"
    )
    refused("CREATE FUNCTION public.mine() RETURNS int LANGUAGE sql AS 'SELECT 1'")
    refused("CREATE EVENT TRIGGER mine ON ddl_command_start EXECUTE FUNCTION mine()")


def test_the_librarys_way_past_its_triggers_leads_nowhere(participant: Participant) -> None:
    names = run("SELECT array_agg(tgname) FROM pg_trigger WHERE tgrelid = %s::regclass", [PARTICIPANT])[0][0]
    with transaction.atomic():
        run(f"SET LOCAL pgtrigger.ignore = '{{{','.join(names)}}}'")
        Participant.objects.filter(pk=participant.pk).update(label="unseen")
    assert [f.after for f in history_of(participant)[0].fields] == ["unseen"]


def test_a_temporary_table_does_not_catch_the_history(participant: Participant) -> None:
    with transaction.atomic():
        run(f"CREATE TEMPORARY TABLE {EVENTS} (LIKE {EVENTS} INCLUDING DEFAULTS) ON COMMIT DROP")
        run("SET LOCAL search_path = pg_temp, public")
        Participant.objects.filter(pk=participant.pk).update(label="caught")
        run("SET LOCAL search_path = public")
        assert run(f"SELECT count(*) FROM pg_temp.{EVENTS}") == [(0,)]
        assert run(f"SELECT label FROM public.{EVENTS} ORDER BY pgh_id DESC LIMIT 1") == [("caught",)]


def test_a_function_that_writes_history_cannot_be_hung_on_another_table(participant: Participant) -> None:
    (function,) = [
        name
        for (name,) in run(
            "SELECT p.proname FROM pg_trigger t JOIN pg_proc p ON p.oid = t.tgfoid WHERE t.tgrelid = %s::regclass",
            [PARTICIPANT],
        )
        if name.startswith("pgtrigger_insert_insert")
    ]
    with transaction.atomic():
        run(f"CREATE TEMPORARY TABLE forged (LIKE {PARTICIPANT}) ON COMMIT DROP")
        refused(
            "CREATE TRIGGER t AFTER INSERT ON forged REFERENCING NEW TABLE AS new_values"
            f" FOR EACH STATEMENT EXECUTE FUNCTION public.{function}()",
            "permission denied for function",
        )


@pytest.mark.parametrize("table", TRACKED)
def test_the_key_of_a_record_does_not_change(table: str) -> None:
    """The trigger finds the row before by its key: with another key the change would leave no line."""
    (key,) = [m._meta.pk.column for m in grants.tracked_models() if m._meta.db_table == table]
    refused(f"UPDATE {table} SET {key} = {key}", "permission denied")


def test_no_trigger_function_is_left_open() -> None:
    """As the owner's functions stand: closed to others, names fixed, and those of history as the owner."""
    writers = run(
        "SELECT p.proname, p.prosecdef, p.proconfig, has_function_privilege(p.oid, 'EXECUTE')"
        " FROM pg_proc p WHERE p.proname ~ '^pgtrigger_'"
    )
    assert len(writers) > 100
    for name, as_owner, settings, callable_by_us in writers:
        assert as_owner == name.startswith(
            ("pgtrigger_insert_insert", "pgtrigger_update_update", "pgtrigger_delete_delete")
        ), name
        assert settings == ["search_path=pg_catalog, public, pg_temp"], name
        assert not callable_by_us, name


def test_sealing_again_changes_nothing(as_owner: Any) -> None:
    before = run(
        "SELECT proname, prosecdef, proacl::text FROM pg_proc WHERE proname ~ '^pgtrigger_' ORDER BY 1"
    )
    with as_owner():
        grants.close_logs()
    assert (
        run("SELECT proname, prosecdef, proacl::text FROM pg_proc WHERE proname ~ '^pgtrigger_' ORDER BY 1")
        == before
    )


# --- Every way of writing leaves its line ----------------------------------------------------------------


def lines(label: str) -> list[tuple[Any, ...]]:
    return run(
        f"SELECT pgh_label, label, pgh_context ->> 'username' FROM {EVENTS} WHERE label = %s ORDER BY pgh_id",
        [label],
    )


def raw_row(cast: Cast, number: int, label: str) -> Participant:
    model = enrolment.register(site=cast.mumbai, by=cast.asha)
    return Participant(
        **{
            field.attname: getattr(model, field.attname)
            for field in Participant._meta.concrete_fields
            if field.name not in ("id", "code", "label")
        },
        code=f"MUM-9{number:03}-X",
        label=label,
    )


def test_bulk_create(cast: Cast) -> None:
    rows = [raw_row(cast, number, "bulk") for number in range(3)]
    with acting(user=cast.meera, source="import"):
        Participant.objects.bulk_create(rows)
    assert lines("bulk") == [("insert", "bulk", "meera")] * 3


def test_update_and_delete_of_a_queryset(cast: Cast, participant: Participant) -> None:
    with acting(user=cast.meera, source="command"):
        ScreeningEntry.objects.filter(participant=participant).delete()
        Participant.objects.filter(pk=participant.pk).update(label="gone")
        Participant.objects.filter(pk=participant.pk).delete()
    assert lines("gone") == [("update", "gone", "meera"), ("delete", "gone", "meera")]


def test_raw_statements(participant: Participant) -> None:
    ScreeningEntry.objects.filter(participant=participant).delete()
    run(f"UPDATE {PARTICIPANT} SET label = 'raw' WHERE id = %s", [participant.pk])
    run(f"DELETE FROM {PARTICIPANT} WHERE id = %s", [participant.pk])
    assert [line[:2] for line in lines("raw")] == [("update", "raw"), ("delete", "raw")]


def test_copy(participant: Participant) -> None:
    """Behind row-level security COPY goes into a table of the session, and one statement takes it from there."""
    columns = [
        connection.ops.quote_name(f.column) for f in Participant._meta.concrete_fields if not f.primary_key
    ]
    values = ["'MUM-9999-X'" if c == '"code"' else "'copied'" if c == '"label"' else c for c in columns]
    row = io.StringIO()
    with connection.cursor() as cursor:
        cursor.copy_expert(f"COPY (SELECT {', '.join(values)} FROM {PARTICIPANT}) TO STDOUT", row)
        cursor.execute(f"CREATE TEMPORARY TABLE copied (LIKE {PARTICIPANT}) ON COMMIT DROP")
        cursor.execute("ALTER TABLE copied ALTER id DROP NOT NULL")
        for table in ("copied", PARTICIPANT):
            row.seek(0)
            statement = f"COPY {table} ({', '.join(columns)}) FROM STDIN"
            if table == "copied":
                cursor.copy_expert(statement, row)
                continue
            with pytest.raises(psycopg2.errors.FeatureNotSupported), transaction.atomic():
                cursor.copy_expert(statement, row)
        cursor.execute(
            f"INSERT INTO {PARTICIPANT} ({', '.join(columns)}) SELECT {', '.join(columns)} FROM copied"
        )
    assert [line[:2] for line in lines("copied")] == [("insert", "copied")]
