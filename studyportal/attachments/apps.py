from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class AttachmentsConfig(AppConfig):
    name = "studyportal.attachments"
    label = "attachments"

    def ready(self) -> None:
        from studyportal.access.permissions import Permission
        from studyportal.attachments import panel
        from studyportal.attachments.selectors import LOOK
        from studyportal.audit import looks
        from studyportal.crf import panels
        from studyportal.ui.navigation import NavItem, register

        looks.register(LOOK, _("Attachment of a record"))
        panels.register(panel.of_form)
        # Beside a record everybody finds them; the list is for who looks over all of them.
        register(
            NavItem(
                _("Attachments"),
                "attachments:list",
                permission=Permission.VIEW_AUDIT_TRAIL,
                order=730,
                icon="file",
            )
        )
