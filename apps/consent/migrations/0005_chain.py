"""The chain: every entry that stands is numbered and linked in the order of its id, and none can be without any more."""

import secrets

from django.db import migrations, models

from apps.consent.rules import canonical


def link_what_stands(apps, schema_editor):
    # Imported here: the functions read rows by the model that they are given, and the format never changes.
    from apps.consent.chain_content import Rows

    database = schema_editor.connection
    model = apps.get_model("consent", "ConsentEvent")
    table = database.ops.quote_name(model._meta.db_table)
    number, before, last = 0, canonical.FIRST, None
    with database.cursor() as cursor:
        # Nothing changes an entry but this, once: the trigger that refuses is put back below.
        cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
        # Values are read batch by batch while the rows before are written: ids only grow.
        for pk, values in Rows(model, database.alias).unlinked():
            salt = secrets.token_hex(16)
            content = canonical.content_sha256(canonical.content_of(values, salt))
            number += 1
            sha256 = canonical.link(number, before, content)
            cursor.execute(
                f"UPDATE {table} SET sequence = %s, salt = %s, content_sha256 = %s, previous_sha256 = %s, sha256 = %s"
                " WHERE id = %s",
                [number, salt, content, before, sha256, pk],
            )
            before, last = sha256, number
        cursor.execute(f"ALTER TABLE {table} ENABLE TRIGGER USER")
        cursor.execute(
            "INSERT INTO consent_chainhead (id, count, sha256, updated_at) VALUES (1, %s, %s, now())",
            [number, before if last else ""],
        )


class Migration(migrations.Migration):
    dependencies = [
        ("consent", "0004_recording"),
    ]

    operations = [
        migrations.CreateModel(
            name="CheckpointKey",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("key_id", models.CharField(max_length=16, unique=True, verbose_name="key")),
                ("public_key", models.CharField(max_length=64, verbose_name="public key (Ed25519, base64)")),
                ("since", models.DateTimeField(verbose_name="in use since")),
                ("endorsed_by", models.CharField(blank=True, max_length=16, verbose_name="endorsed by the key")),
                ("endorsement", models.CharField(blank=True, max_length=128, verbose_name="endorsement")),
            ],
            options={
                "verbose_name": "key of checkpoints",
                "verbose_name_plural": "keys of checkpoints",
                "ordering": ["id"],
            },
        ),
        migrations.RunPython(link_what_stands, migrations.RunPython.noop),
        migrations.AlterField(
            model_name="consentevent",
            name="sequence",
            field=models.BigIntegerField(editable=False, unique=True, verbose_name="number in the chain"),
        ),
        migrations.AlterField(
            model_name="consentevent",
            name="salt",
            field=models.CharField(editable=False, max_length=32),
        ),
        migrations.AlterField(
            model_name="consentevent",
            name="content_sha256",
            field=models.CharField(editable=False, max_length=64),
        ),
        migrations.AlterField(
            model_name="consentevent",
            name="previous_sha256",
            field=models.CharField(editable=False, max_length=64),
        ),
        migrations.AlterField(
            model_name="consentevent",
            name="sha256",
            field=models.CharField(editable=False, max_length=64, unique=True, verbose_name="SHA-256"),
        ),
    ]  # fmt: skip
