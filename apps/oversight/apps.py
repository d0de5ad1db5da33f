from urllib.parse import urlencode

from django.apps import AppConfig
from django.urls import reverse
from django.utils.translation import gettext_lazy as _


class OversightConfig(AppConfig):
    name = "apps.oversight"
    label = "oversight"

    def ready(self) -> None:
        from studyportal.access.permissions import Permission
        from studyportal.audit import links, looks
        from studyportal.ui.navigation import NavItem, register

        links.register(
            lambda model, pk: (
                f"{reverse('oversight:audit-trail')}?{urlencode({'model': model._meta.label_lower, 'record': pk})}"
            )
        )
        looks.register("findings", _("Consent findings"))
        looks.register("finding", _("One consent finding"))
        looks.register("findings_file", _("Consent findings, downloaded"))
        looks.register("participant_findings", _("Consent findings of one participant"))
        looks.register("consent_log", _("Consent log"))
        looks.register("consent_log_file", _("Consent log, downloaded"))
        looks.register("consent_log_print", _("Consent log, printed"))
        looks.register("consent_entry", _("One entry of the consent log"))
        looks.register("consent_integrity", _("Integrity of the consent log"))
        looks.register("consent_story", _("Consent of one participant"))

        see_findings, see_log = Permission.VIEW_FINDINGS, Permission.VIEW_CONSENT_LOG
        register(
            NavItem(
                _("Consent findings"), "oversight:findings", permission=see_findings, order=70, icon="shield"
            )
        )
        register(
            NavItem(_("Consent log"), "oversight:consent-log", permission=see_log, order=72, icon="file")
        )
        register(
            NavItem(
                _("Integrity of the log"), "oversight:integrity", permission=see_log, order=73, icon="lock"
            )
        )
        register(
            NavItem(
                _("Audit trail"),
                "oversight:audit-trail",
                permission=Permission.VIEW_AUDIT_TRAIL,
                order=74,
                icon="history",
            )
        )
        register(
            NavItem(_("Who looked at what"), "oversight:views", permission=see_findings, order=76, icon="eye")
        )
