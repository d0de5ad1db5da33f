from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class EnrolmentConfig(AppConfig):
    name = "apps.enrolment"
    label = "enrolment"

    def ready(self) -> None:
        from django.urls import reverse

        from apps.enrolment import receivers  # noqa: F401 (connects them)
        from studyportal.access.permissions import Permission
        from studyportal.audit import looks
        from studyportal.deviations import places
        from studyportal.ui.navigation import NavItem, register

        places.register(places.Place("eligibility", _("Eligibility")))
        places.register(
            places.Place(
                "start-up",
                _("Enrolment"),
                lambda one: reverse("enrolment:site-start-up", args=[one.site.code]),
            )
        )
        looks.register("screening_log", _("Screening log"))
        looks.register("screening_log_file", _("Screening log, downloaded"))
        looks.register("screening_entry", _("One entry of the screening log"))
        register(
            NavItem(
                _("Screening"),
                "enrolment:screening",
                permission=Permission.VIEW_SCREENING_LOG,
                order=15,
                icon="search",
            )
        )
        register(
            NavItem(
                _("Study start-up"),
                "enrolment:start-up",
                permission=Permission.VIEW_APPROVALS,
                order=78,
                icon="flag",
            )
        )
