"""What every model of the portal keeps, whoever adds it."""

from __future__ import annotations

from typing import Any

import pytest
from django.apps import apps
from django.conf import settings
from django.db import connection, models

from studyportal.access.grants import is_log, log_tables
from studyportal.access.models import ScopedQuerySet, Site
from studyportal.audit.selectors import event_model_of

OURS = [
    model
    for model in apps.get_models(include_auto_created=True)
    if model.__module__.startswith(("studyportal.", "apps.")) and model._meta.managed
]
HISTORY = [model for model in OURS if hasattr(model, "pgh_tracked_model")]
PLAIN = [model for model in OURS if model not in HISTORY]
PARTICIPANT = apps.get_model(settings.PARTICIPANT_MODEL)


def reaches_participant(model: type[models.Model], seen: frozenset[Any] = frozenset()) -> bool:
    """Whether a row of the model belongs to a participant, directly or through another row."""
    if model is PARTICIPANT:
        return True
    return any(
        reaches_participant(field.related_model, seen | {model})
        for field in model._meta.concrete_fields
        if field.is_relation and field.related_model not in seen | {model}
    )


PARTICIPANT_LEVEL = [model for model in PLAIN if reaches_participant(model)]


def no_record(model: type[models.Model]) -> str:
    """Why rows of the model are no records, whose history nobody needs: in words, on the model itself."""
    return getattr(model, "not_a_record", "")


def test_what_is_no_record_says_why_and_is_walled_off() -> None:
    without_history = [model for model in PARTICIPANT_LEVEL if no_record(model)]
    assert [model._meta.label for model in without_history] == ["identity.PersonIndex", "crf.Draft"]
    for model in without_history:
        assert len(no_record(model)) > 30
        assert getattr(model, "wall", "") in ("own", "sealed"), "seen by nobody but its writer"


def label(model: type[models.Model]) -> str:
    return model._meta.label


def test_there_is_something_to_walk_over() -> None:
    assert len(PARTICIPANT_LEVEL) > 20
    assert PARTICIPANT in PARTICIPANT_LEVEL


@pytest.mark.parametrize("model", PARTICIPANT_LEVEL, ids=label)
def test_a_participant_level_row_carries_its_site(model: type[models.Model]) -> None:
    site = model._meta.get_field("site")
    assert site.related_model is Site
    assert not site.null
    assert isinstance(model._default_manager.all(), ScopedQuerySet)


@pytest.mark.parametrize("model", PARTICIPANT_LEVEL, ids=label)
def test_a_participant_level_row_has_history_or_is_a_log(model: type[models.Model]) -> None:
    if is_log(model) or no_record(model):
        return
    tracked = {field.name for field in event_model_of(model)._meta.concrete_fields}
    missing = {field.name for field in model._meta.concrete_fields} - tracked
    assert not missing, "not kept in the history"


@pytest.mark.django_db
def test_the_triggers_stand_in_the_database() -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT c.relname, t.tgname FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid WHERE NOT tgisinternal"
        )
        standing: dict[str, str] = {}
        for table, name in cursor.fetchall():
            standing[table] = standing.get(table, "") + " " + name
    for model in PARTICIPANT_LEVEL:
        if is_log(model) or no_record(model):
            continue
        names = standing.get(model._meta.db_table, "")
        for event in ("insert_insert", "update_update", "delete_delete"):
            assert event in names, f"{label(model)} has no trigger for {event}"


@pytest.mark.django_db
def test_logs_can_only_be_added_to() -> None:
    history = {model._meta.db_table for model in HISTORY}
    assert history <= set(log_tables())
    with connection.cursor() as cursor:
        for table in log_tables():
            for right, held in (
                ("SELECT", True),
                ("INSERT", table not in history),  # only the trigger adds to history
                ("UPDATE", False),
                ("DELETE", False),
                ("TRUNCATE", False),
            ):
                cursor.execute("SELECT has_table_privilege(%s, %s)", [table, right])
                assert cursor.fetchone() == (held,), f"{right} on {table}"


@pytest.mark.parametrize("model", PLAIN, ids=label)
def test_constraints_speak_to_people(model: type[models.Model]) -> None:
    for constraint in model._meta.constraints:
        said = str(constraint.violation_error_message)
        assert said != str(models.BaseConstraint.default_violation_error_message), constraint.name


@pytest.mark.parametrize("model", PARTICIPANT_LEVEL, ids=label)
def test_nothing_of_a_participant_vanishes_with_something_else(model: type[models.Model]) -> None:
    for field in model._meta.concrete_fields:
        if field.is_relation and not is_log(model):
            assert field.remote_field.on_delete is models.PROTECT, f"{label(model)}.{field.name}"
