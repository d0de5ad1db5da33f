from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ConsentConfig(AppConfig):
    name = "apps.consent"
    label = "consent"

    def ready(self) -> None:
        from django.db.models.signals import post_migrate

        from apps.consent import chain, chain_checks, gates, receivers  # noqa: F401 (connects and registers them)
        from studyportal.access.permissions import Permission
        from studyportal.audit import looks
        from studyportal.ui.navigation import NavItem, register

        post_migrate.connect(chain.build, sender=self, dispatch_uid="consent.chain")
        looks.register("consent_log_export", _("Consent log, downloaded with its chain"))
        looks.register("consent_findings_api", _("Consent findings, by the API"))
        register(
            NavItem(
                _("Consent documents"),
                "consent:documents",
                permission=Permission.VIEW_CONSENT_DOCUMENTS,
                order=77,
                icon="file",
            )
        )
