from django.apps import AppConfig


class VisitsConfig(AppConfig):
    name = "apps.visits"
    label = "visits"

    def ready(self) -> None:
        from apps.visits import receivers  # noqa: F401 (connects them)
        from apps.visits.crfs.gates import not_while_pregnant
        from studyportal.crf import gates

        gates.register(not_while_pregnant)
