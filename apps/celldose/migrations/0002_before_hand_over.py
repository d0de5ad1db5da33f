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
    ]
