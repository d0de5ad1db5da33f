from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class EnrolmentConfig(AppConfig):
    name = "apps.enrolment"
    label = "enrolment"

    def ready(self) -> None:
        from apps.enrolment import receivers  # noqa: F401 (connects them)
        from studyportal.access.permissions import Permission
        from studyportal.audit import looks
        from studyportal.ui.navigation import NavItem, register

        looks.register("screening_log", _("Screening log"))
        looks.register("screening_log_file", _("Screening log, downloaded"))
        looks.register("screening_entry", _("One entry of the screening log"))
        register(
            NavItem(
                _("Screening"),
                "enrolment:screening",
                permission=Permission.VIEW_SCREENING_LOG,
                order=15,
                icon="search",
            )
        )
