"""The way to the laboratory becomes the first of all hand-overs: the table keeps its rows and their history."""

import pgtrigger.migrations
from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("celldose", "0001_initial")]

    operations = [
        pgtrigger.migrations.RemoveTrigger(model_name="transport", name="insert_insert"),
        pgtrigger.migrations.RemoveTrigger(model_name="transport", name="update_update"),
        pgtrigger.migrations.RemoveTrigger(model_name="transport", name="delete_delete"),
        pgtrigger.migrations.RemoveTrigger(model_name="transportevent", name="append_only"),
        migrations.RenameModel("Transport", "HandOver"),
        migrations.RenameModel("TransportEvent", "HandOverEvent"),
    ]
