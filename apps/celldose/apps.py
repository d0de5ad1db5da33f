from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class CelldoseConfig(AppConfig):
    name = "apps.celldose"
    label = "celldose"
    verbose_name = _("Cell therapy")

    def ready(self) -> None:
        from apps.celldose import course_receivers, order_gates, receivers  # noqa: F401
        from apps.celldose.selectors.custody import NEAR_MISS_LIST
        from studyportal.access.permissions import Permission
        from studyportal.audit import looks
        from studyportal.deviations import lists
        from studyportal.ui.navigation import NavItem, register

        lists.register(NEAR_MISS_LIST)
        order_gates.register()
        register(
            NavItem(
                _("Cell products"),
                "celldose:products",
                permission=Permission.VIEW_DATA,
                order=30,
                icon="flask",
            )
        )
        looks.register("product_sheet", _("Sheet of a cell product, as a file"))
