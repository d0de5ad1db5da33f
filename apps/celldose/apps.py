from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class CelldoseConfig(AppConfig):
    name = "apps.celldose"
    label = "celldose"
    verbose_name = _("Cell therapy")

    def ready(self) -> None:
        from apps.celldose import course_receivers, receivers  # noqa: F401
        from apps.celldose.selectors.custody import NEAR_MISS_LIST
        from studyportal.deviations import lists

        lists.register(NEAR_MISS_LIST)
        from apps.celldose import order_gates
        from studyportal.access.permissions import Permission
        from studyportal.ui.navigation import NavItem, register

        order_gates.register()
        register(
            NavItem(
                _("Products"),
                "celldose:waiting",
                permission=Permission.HANDLE_PRODUCTS,
                order=25,
                icon="drop",
            )
        )
