"""The log of looks moves to studyportal.audit, row by row: a log is not begun anew."""

from django.db import migrations

COPY = """
INSERT INTO audit_look (at, user_id, what, participant_code, site_id, detail, road, request)
SELECT at, user_id, CASE page WHEN 'views' THEN 'looks' ELSE page END, participant_code, site_id, detail, 'page', ''
FROM oversight_accesslogentry ORDER BY id
"""


class Migration(migrations.Migration):
    dependencies = [("oversight", "0001_initial"), ("audit", "0002_look")]

    operations = [
        migrations.RunSQL(COPY, migrations.RunSQL.noop),
        # The foreign keys of the copied rows are checked now: a table with checks due cannot be altered.
        migrations.RunSQL("SET CONSTRAINTS ALL IMMEDIATE", migrations.RunSQL.noop),
        migrations.DeleteModel(name="AccessLogEntry"),
    ]
