"""The triggers of the transport go before it is renamed: a migration of its own, which rebuilds no other model."""

import pgtrigger.migrations
from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("celldose", "0001_initial")]

    operations = [
        pgtrigger.migrations.RemoveTrigger(model_name="transport", name="insert_insert"),
        pgtrigger.migrations.RemoveTrigger(model_name="transport", name="update_update"),
        pgtrigger.migrations.RemoveTrigger(model_name="transport", name="delete_delete"),
        pgtrigger.migrations.RemoveTrigger(model_name="transportevent", name="append_only"),
        # A trigger that is removed leaves its function behind.
        migrations.RunSQL(
            """
            DROP FUNCTION IF EXISTS pgtrigger_append_only_da8f5();
            DROP FUNCTION IF EXISTS pgtrigger_delete_delete_066f4();
            DROP FUNCTION IF EXISTS pgtrigger_insert_insert_72d70();
            DROP FUNCTION IF EXISTS pgtrigger_update_update_52a72();
            """,
            migrations.RunSQL.noop,
        ),
    ]
