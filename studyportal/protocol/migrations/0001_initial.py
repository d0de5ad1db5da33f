from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    dependencies = []

    operations = [
        migrations.CreateModel(
            name="ProtocolVersion",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("key", models.CharField(max_length=60, verbose_name="study")),
                ("version", models.CharField(max_length=40, verbose_name="version")),
                ("sha256", models.CharField(max_length=64, unique=True, verbose_name="SHA-256")),
                ("text", models.TextField(verbose_name="protocol file")),
                ("loaded_at", models.DateTimeField(auto_now_add=True, verbose_name="loaded at")),
            ],
            options={
                "verbose_name": "protocol version",
                "verbose_name_plural": "protocol versions",
                "ordering": ["-loaded_at", "-id"],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("key", "version"),
                        name="protocol_version_number_once",
                        violation_error_message="This version number is taken by another text; raise the version.",
                    )
                ],
            },
        ),
    ]
