from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class SafetyConfig(AppConfig):
    name = "apps.safety"
    label = "safety"

    def ready(self) -> None:
        from django.core.checks import register as register_check

        from apps.safety import of_product, reactions, receivers  # noqa: F401 (connects them)
        from apps.safety.dictionaries import dictionaries_fit, terms_are_known
        from studyportal.access.permissions import Permission
        from studyportal.audit import looks
        from studyportal.ui.navigation import NavItem, register

        register_check(dictionaries_fit)
        register_check(terms_are_known)
        looks.register("adverse_events", _("Adverse events"))
        looks.register("adverse_event", _("One adverse event"))
        register(
            NavItem(
                _("Adverse events"),
                "safety:events",
                permission=Permission.VIEW_SAFETY,
                order=44,
                icon="alert",
            )
        )
