from django.apps import AppConfig


class SafetyConfig(AppConfig):
    name = "apps.safety"
    label = "safety"

    def ready(self) -> None:
        from apps.safety import of_product, reactions, receivers  # noqa: F401 (connects them)
