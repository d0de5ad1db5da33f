from django.apps import AppConfig
from django.core.checks import register


class UiConfig(AppConfig):
    name = "studyportal.ui"
    label = "ui"

    def ready(self) -> None:
        from studyportal.ui.checks import navigation_points_somewhere

        register(navigation_points_somewhere)
