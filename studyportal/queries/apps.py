from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class QueriesConfig(AppConfig):
    name = "studyportal.queries"
    label = "queries"

    def ready(self) -> None:
        from studyportal.access.permissions import Permission
        from studyportal.audit import looks
        from studyportal.mail import kinds
        from studyportal.queries import digest
        from studyportal.ui.navigation import NavItem, register

        looks.register("queries_file", _("File of the queries"))
        register(
            NavItem(_("Queries"), "queries:board", permission=Permission.VIEW_DATA, order=50, icon="query")
        )
        kinds.register(
            kinds.Kind(
                digest.KIND,
                _("Queries, once a day"),
                _(
                    "How many questions wait for you, and the oldest of them by participant and form. No mail on a day"
                    " on which none waits."
                ),
                digest.PERMISSIONS,
            )
        )
