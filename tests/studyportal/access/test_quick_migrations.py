"""Which migrations may take the short way. That both ways give one schema was compared with pg_dump."""

import pytest
from django.db import migrations, models
from django.db.migrations import Migration
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.state import ProjectState

from studyportal.access.quick_migrations import only_creates, quick


def migration(*operations: object) -> Migration:
    made = Migration("0001", "access")
    made.operations = list(operations)
    return made


CREATE = migrations.CreateModel("Thing", [("id", models.BigAutoField(primary_key=True))])
WIDEN = migrations.AddField("thing", "size", models.IntegerField(null=True))
HOLD = migrations.AddConstraint(
    "thing", models.CheckConstraint(condition=models.Q(size__gt=0), name="thing_size_positive")
)


@pytest.mark.parametrize(
    ("operation", "expected"),
    [
        (CREATE, True),
        (WIDEN, True),
        (HOLD, True),
        (migrations.AlterField("thing", "size", models.IntegerField()), True),
        (migrations.RemoveField("thing", "size"), False),
        (migrations.RunPython(migrations.RunPython.noop), False),
        (migrations.RunSQL("SELECT 1"), True),
    ],
)
def test_only_what_touches_no_other_model_is_quick(operation: object, expected: bool):
    assert only_creates(migration(CREATE, operation)) is expected


def test_the_patches_are_gone_afterwards():
    before = Migration.apply, ProjectState.reload_model
    with pytest.raises(RuntimeError), quick():
        raise RuntimeError
    assert (Migration.apply, ProjectState.reload_model) == before


@pytest.mark.django_db
def test_a_later_migration_sees_complete_models(as_owner):
    """A quick migration leaves constraints out of the classes; the next one, which is not, has them."""
    from django.db import connection

    seen = {}

    def look(apps, schema_editor):
        meta = apps.get_model("access", "Thing")._meta
        seen["constraints"] = [c.name for c in meta.constraints]
        seen["fields"] = [f.name for f in meta.fields]

    state = MigrationLoader(None).project_state()
    with as_owner(), quick(), connection.schema_editor() as editor:
        _ = state.apps
        state = migration(CREATE, WIDEN, HOLD).apply(state, editor)
        migration(migrations.RunPython(look)).apply(state, editor)
    assert seen == {"constraints": ["thing_size_positive"], "fields": ["id", "size"]}
