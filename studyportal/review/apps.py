from django.apps import AppConfig


class ReviewConfig(AppConfig):
    name = "studyportal.review"
    label = "review"

    def ready(self) -> None:
        from studyportal.crf import gates
        from studyportal.review import checks, gate  # noqa: F401 (checks register themselves)

        gates.register(gate.closed)
