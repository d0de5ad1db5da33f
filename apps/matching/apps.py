from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class MatchingConfig(AppConfig):
    name = "apps.matching"
    label = "matching"
    verbose_name = _("Matching")

    def ready(self) -> None:
        from studyportal.access.permissions import Permission
        from studyportal.audit import looks
        from studyportal.ui.navigation import NavItem, register

        looks.register("matched_sets_file", _("Matched sets, downloaded"))
        register(
            NavItem(
                _("Matching"), "matching:index", permission=Permission.VIEW_MATCHING, order=48, icon="people"
            )
        )
