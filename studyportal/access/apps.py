from django.apps import AppConfig


class AccessConfig(AppConfig):
    name = "studyportal.access"
    label = "access"

    def ready(self) -> None:
        from django.db.models.signals import post_migrate

        from studyportal.access import grants, walls

        # Sent for each app when all are migrated: once is enough.
        post_migrate.connect(grants.close_logs, sender=self, dispatch_uid="access.close_logs")
        post_migrate.connect(walls.build, sender=self, dispatch_uid="access.walls")
