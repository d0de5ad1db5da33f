from django.apps import AppConfig


class LabsConfig(AppConfig):
    name = "apps.labs"
    label = "labs"

    def ready(self) -> None:
        from apps.labs import receivers  # noqa: F401 (connects them)
