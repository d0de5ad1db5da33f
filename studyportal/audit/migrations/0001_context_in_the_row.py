"""No shared context table: who and why stand in each row of history.

The statement triggers of the installed django-pghistory call `_pgh_attach_context()` even when the context is
kept in the event row. As delivered it upserts into a table that nothing reads, at the cost of a write per write,
and the application's role would need UPDATE on it. Here it does nothing.
"""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("pghistory", "0007_auto_20250421_0444")]

    operations = [
        migrations.RunSQL(
            "CREATE OR REPLACE FUNCTION _pgh_attach_context() RETURNS uuid LANGUAGE sql AS 'SELECT NULL::uuid'",
            migrations.RunSQL.noop,
        )
    ]
