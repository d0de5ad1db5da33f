from django.apps import AppConfig


class FilesConfig(AppConfig):
    name = "studyportal.files"
    label = "files"

    def ready(self) -> None:
        from django.utils.translation import gettext_lazy as _

        from studyportal.access.permissions import Permission
        from studyportal.ui.navigation import NavItem, register

        register(
            NavItem(
                _("Delegation documents"),
                "files:documents",
                permission=Permission.VIEW_DELEGATIONS,
                order=725,
                icon="file",
            )
        )
