from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ConsentConfig(AppConfig):
    name = "apps.consent"
    label = "consent"

    def ready(self) -> None:
        from apps.consent import receivers  # noqa: F401 (connects them)
        from studyportal.access.permissions import Permission
        from studyportal.ui.navigation import NavItem, register

        register(
            NavItem(
                _("Consent documents"),
                "consent:documents",
                permission=Permission.VIEW_CONSENT_DOCUMENTS,
                order=77,
                icon="file",
            )
        )
