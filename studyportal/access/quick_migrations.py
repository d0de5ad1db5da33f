"""Building the schema in seconds: migrations that only create things need not rebuild every model each time.

Django keeps, beside the database, a set of model classes for the state after each operation. It rebuilds a
changed model and everything related to it, recursively. Here everything is related to the participant, so
each of some 300 operations of an empty database rebuilt all models: 40 s of processor time, quadratic in the
number of forms.

A new or widened model can be built alone, and a constraint, index or trigger is in the operation itself, so
within a migration that only creates, nothing else is rebuilt. A migration that does anything else gets fresh classes.
The SQL that reaches the database is the same.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db.migrations import (
    AddConstraint,
    AddField,
    AddIndex,
    AlterField,
    AlterModelOptions,
    CreateModel,
    Migration,
    RemoveConstraint,
    RunSQL,
)
from django.db.migrations.state import ProjectState
from pgtrigger.migrations import AddTrigger, RemoveTrigger

# An altered field is built with its own model too: no field that others refer to is altered so.
CREATING = (
    CreateModel,
    AddField,
    AlterField,
    AlterModelOptions,
    AddConstraint,
    RemoveConstraint,
    AddIndex,
    AddTrigger,
    RemoveTrigger,
    RunSQL,
)
STALE = "_classes_lack_options"


def only_creates(migration: Migration) -> bool:
    return all(isinstance(operation, CREATING) for operation in migration.operations)


def _reload_alone(state: ProjectState, app_label: str, model_name: str, delay: bool = False) -> None:
    if "apps" in state.__dict__:
        state._reload({(app_label, model_name)})
        state.is_delayed = True


def _append_option(state: ProjectState, app_label: str, model_name: str, option: str, value: Any) -> None:
    options = state.models[app_label, model_name].options
    options[option] = [*options.get(option, []), value]
    state.is_delayed = True


def _add_trigger(operation: AddTrigger, app_label: str, state: ProjectState) -> None:
    _append_option(state, app_label, operation.model_name_lower, "triggers", operation.trigger)


@contextmanager
def quick() -> Iterator[None]:
    """Within it, migrations that only create are applied without rebuilding related models."""
    plain_apply = Migration.apply
    patches = {
        (ProjectState, "reload_model"): _reload_alone,
        (ProjectState, "_append_option"): _append_option,
        (AddTrigger, "state_forwards"): _add_trigger,
    }
    plain = {(owner, name): getattr(owner, name) for owner, name in patches}

    def apply(self: Migration, project_state: ProjectState, *args: Any, **kwargs: Any) -> ProjectState:
        if not only_creates(self):
            if getattr(project_state, STALE, False):
                project_state.__dict__.pop("apps", None)
                project_state.__dict__.pop(STALE)
            return plain_apply(self, project_state, *args, **kwargs)
        for (owner, name), patch in patches.items():
            setattr(owner, name, patch)
        try:
            state = plain_apply(self, project_state, *args, **kwargs)
        finally:
            for (owner, name), function in plain.items():
                setattr(owner, name, function)
        setattr(state, STALE, True)
        return state

    Migration.apply = apply  # type: ignore[method-assign]
    try:
        yield
    finally:
        Migration.apply = plain_apply  # type: ignore[method-assign]
