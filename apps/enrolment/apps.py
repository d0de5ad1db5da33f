from django.apps import AppConfig


class EnrolmentConfig(AppConfig):
    name = "apps.enrolment"
    label = "enrolment"

    def ready(self) -> None:
        from apps.enrolment import receivers  # noqa: F401 (connects them)
