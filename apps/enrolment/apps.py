from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class EnrolmentConfig(AppConfig):
    name = "apps.enrolment"
    label = "enrolment"

    def ready(self) -> None:
        from apps.enrolment import receivers  # noqa: F401 (connects them)
        from studyportal.access.permissions import Permission
        from studyportal.ui.navigation import NavItem, register

        register(
            NavItem(
                _("Study start-up"),
                "enrolment:start-up",
                permission=Permission.VIEW_APPROVALS,
                order=78,
                icon="flag",
            )
        )
