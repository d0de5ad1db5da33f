from django.apps import AppConfig


class ConsentConfig(AppConfig):
    name = "apps.consent"
    label = "consent"

    def ready(self) -> None:
        from apps.consent import gates, receivers  # noqa: F401 (connects them)
