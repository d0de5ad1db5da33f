from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class CasebookConfig(AppConfig):
    name = "apps.casebook"
    label = "casebook"

    def ready(self) -> None:
        from django.urls import reverse

        from apps.casebook import asked, next_form, review_signs  # noqa: F401  asked registers itself
        from apps.casebook.calendar import reminders
        from studyportal.access.permissions import Permission
        from studyportal.attachments import places as attached
        from studyportal.audit import looks
        from studyportal.crf import onwards
        from studyportal.deviations import places
        from studyportal.mail import kinds as mails
        from studyportal.review import progress
        from studyportal.ui.navigation import NavItem, register

        looks.register("casebook_file", _("Casebook as a file"))
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
                _("Calendar"),
                "casebook:calendar",
                permission=Permission.VIEW_DATA,
                order=15,
                icon="calendar",
            )
        )
        mails.register(
            mails.Kind(
                reminders.KIND,
                _("Visits to arrange"),
                _(
                    "Each morning: visits of your site that are overdue, and windows that close or open within a week."
                ),
                (Permission.ENTER_DATA,),
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
