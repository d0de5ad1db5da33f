from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class CelldoseConfig(AppConfig):
    name = "apps.celldose"
    label = "celldose"
    verbose_name = _("Cell therapy")

    def ready(self) -> None:
        from apps.celldose import course_receivers, receivers  # noqa: F401
