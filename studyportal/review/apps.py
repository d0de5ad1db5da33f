from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ReviewConfig(AppConfig):
    name = "studyportal.review"
    label = "review"

    def ready(self) -> None:
        from studyportal.access.permissions import Permission
        from studyportal.audit import looks
        from studyportal.crf import gates, panels
        from studyportal.review import checks, gate, record_page  # noqa: F401 (checks register themselves)
        from studyportal.ui.navigation import NavItem, register

        gates.register(gate.closed)
        panels.register(record_page.head_panel)
        panels.register(record_page.foot_panel)
        panels.register_history(record_page.history)
        looks.register("review_file", _("Progress of the review, downloaded"))
        # In the menu of who reviews and who audits; who enters data finds it under the addresses that lead there.
        register(
            NavItem(_("Review"), "review:index", permission=Permission.VIEW_AUDIT_TRAIL, order=51, icon="eye")
        )
