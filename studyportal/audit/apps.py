from django.apps import AppConfig


class AuditConfig(AppConfig):
    name = "studyportal.audit"
    label = "audit"

    def ready(self) -> None:
        from django.db.models.signals import post_migrate

        from studyportal.audit import storage

        # Sent for each app when all are migrated: once is enough.
        post_migrate.connect(storage.complete, sender=self, dispatch_uid="audit.storage")
