from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class CelldoseConfig(AppConfig):
    name = "apps.celldose"
    label = "celldose"
    verbose_name = _("Cell therapy")

    def ready(self) -> None:
        from apps.celldose import receivers  # noqa: F401
        from apps.celldose.selectors.custody import NEAR_MISS_LIST
        from studyportal.deviations import lists

        lists.register(NEAR_MISS_LIST)
