from django.apps import AppConfig


class VisitsConfig(AppConfig):
    name = "apps.visits"
    label = "visits"

    def ready(self) -> None:
        from apps.visits import receivers  # noqa: F401 (connects them)
