from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ConsentConfig(AppConfig):
    name = "apps.consent"
    label = "consent"

    def ready(self) -> None:
        from django.db.models.signals import post_migrate

        from apps.consent import chain, chain_checks, receivers  # noqa: F401 (connects and registers them)
        from studyportal.audit import looks

        post_migrate.connect(chain.build, sender=self, dispatch_uid="consent.chain")
        looks.register("consent_log_export", _("Consent log, downloaded with its chain"))
