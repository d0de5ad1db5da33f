from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class SafetyConfig(AppConfig):
    name = "apps.safety"
    label = "safety"

    def ready(self) -> None:
        from django.core.checks import register as register_check

        from apps.safety import (  # noqa: F401 (connects them)
            banners,
            of_product,
            reactions,
            receivers,
            receivers_clocks,
        )
        from apps.safety.checks_of_protocol import roles_are_known
        from apps.safety.dictionaries import dictionaries_fit, terms_are_known
        from studyportal.access.permissions import Permission
        from studyportal.audit import looks
        from studyportal.ui.banners import register as register_banners
        from studyportal.ui.navigation import NavItem, register

        register_banners(banners.alerts)
        register_check(dictionaries_fit)
        register_check(terms_are_known)
        register_check(roles_are_known)
        looks.register("adverse_events", _("Adverse events"))
        looks.register("adverse_event", _("One adverse event"))
        looks.register("safety_report_file", _("Report of a serious event, downloaded"))
        register(
            NavItem(
                _("Adverse events"),
                "safety:events",
                permission=Permission.VIEW_SAFETY,
                order=44,
                icon="alert",
            )
        )
        register(
            NavItem(
                _("Safety"),
                "safety:overview",
                permission=Permission.VIEW_SAFETY,
                order=45,
                icon="shield",
                count=banners.unreported_count,
            )
        )
