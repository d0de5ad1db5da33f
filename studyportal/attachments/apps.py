from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class AttachmentsConfig(AppConfig):
    name = "studyportal.attachments"
    label = "attachments"

    def ready(self) -> None:
        from studyportal.attachments import panel
        from studyportal.attachments.selectors import LOOK
        from studyportal.audit import looks
        from studyportal.crf import panels

        looks.register(LOOK, _("Attachment of a record"))
        panels.register(panel.of_form)
