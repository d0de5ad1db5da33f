from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ConsentConfig(AppConfig):
    name = "apps.consent"
    label = "consent"

    def ready(self) -> None:
        from apps.consent import gates, receivers  # noqa: F401 (connects them)
        from studyportal.audit import looks

        looks.register("consent_findings_api", _("Consent findings, by the API"))
