from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class CasebookConfig(AppConfig):
    name = "apps.casebook"
    label = "casebook"

    def ready(self) -> None:
        from django.urls import reverse

        from apps.casebook import asked  # noqa: F401  registers itself
        from studyportal.access.permissions import Permission
        from studyportal.deviations import places
        from studyportal.ui.navigation import NavItem, register

        places.register(places.Place("identity-reading", _("Identity check")))
        places.register(
            places.Place(
                "visit",
                _("Visit"),
                lambda one: reverse("casebook:visit", args=[one.participant.code, one.object_id]),
            )
        )

        register(
            NavItem(
                _("Worklist"), "casebook:worklist", permission=Permission.ENTER_DATA, order=10, icon="list"
            )
        )
        register(
            NavItem(
                _("Participants"),
                "casebook:participants",
                permission=Permission.VIEW_DATA,
                order=20,
                icon="people",
            )
        )
