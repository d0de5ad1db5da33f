"""The way to the laboratory becomes the first of all hand-overs: the table keeps its rows and their history."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("celldose", "0002_before_hand_over")]

    operations = [
        migrations.RenameModel("Transport", "HandOver"),
        migrations.RenameModel("TransportEvent", "HandOverEvent"),
    ]
