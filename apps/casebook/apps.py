from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class CasebookConfig(AppConfig):
    name = "apps.casebook"
    label = "casebook"

    def ready(self) -> None:
        from django.urls import reverse

        from apps.casebook import asked, next_form, review_signs  # noqa: F401  asked registers itself
        from studyportal.access.permissions import Permission
        from studyportal.attachments import places as attached
        from studyportal.crf import onwards
        from studyportal.deviations import places
        from studyportal.review import progress
        from studyportal.ui.navigation import NavItem, register

        progress.register_expected(review_signs.expected)
        onwards.register(next_form.step)
        places.register(places.Place("identity-reading", _("Identity check")))
        places.register(
            places.Place(
                "visit",
                _("Visit"),
                lambda one: reverse("casebook:visit", args=[one.participant.code, one.object_id]),
            )
        )

        attached.register(
            attached.Place(
                "visit",
                _("Visit"),
                "visits.Visit",
                url=lambda visit: reverse("casebook:visit", args=[visit.participant.code, visit.pk]),
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
