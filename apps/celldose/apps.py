from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class CelldoseConfig(AppConfig):
    name = "apps.celldose"
    label = "celldose"
    verbose_name = _("Cell therapy")

    def ready(self) -> None:
        from apps.celldose import receivers  # noqa: F401
        from studyportal.audit import looks

        looks.register("product_sheet", _("Sheet of a cell product, as a file"))
