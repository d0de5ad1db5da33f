from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ExportsConfig(AppConfig):
    name = "apps.exports"
    label = "exports"

    def ready(self) -> None:
        from apps.exports import receivers  # noqa: F401 (connects them)
        from studyportal.access.permissions import Permission
        from studyportal.ui.navigation import NavItem, register

        register(
            NavItem(
                _("Datasets"), "exports:index", permission=Permission.EXPORT_DATA, order=60, icon="download"
            )
        )
