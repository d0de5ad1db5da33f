from django.apps import AppConfig


class AccessConfig(AppConfig):
    name = "studyportal.access"
    label = "access"

    def ready(self) -> None:
        from django.db.models.signals import post_migrate

        from studyportal.access import grants

        post_migrate.connect(grants.close_logs, dispatch_uid="access.close_logs")
