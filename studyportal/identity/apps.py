from django.apps import AppConfig


class IdentityConfig(AppConfig):
    name = "studyportal.identity"
    label = "identity"

    def ready(self) -> None:
        from studyportal.identity import checks  # noqa: F401 (registers)
