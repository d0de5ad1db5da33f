from typing import Any

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class DeviationsConfig(AppConfig):
    name = "studyportal.deviations"
    label = "deviations"

    def ready(self) -> None:
        from studyportal.access.permissions import Permission
        from studyportal.audit import looks
        from studyportal.ui.navigation import NavItem, register

        looks.register("deviations_file", _("Deviations, downloaded"))
        register(
            NavItem(
                _("Deviations"),
                "deviations:list",
                permission=Permission.VIEW_SAFETY,
                order=52,
                icon="flag",
                count=_to_settle,
            )
        )


def _to_settle(request: Any) -> int | None:
    """Beside the entry, for those who settle them: how many major and critical ones are open."""
    from studyportal.access.permissions import Permission
    from studyportal.deviations import selectors

    if not request.user.may(Permission.MANAGE_DEVIATIONS):
        return None
    return selectors.count_to_settle(request.user)
