from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class OutcomesConfig(AppConfig):
    name = "apps.outcomes"
    label = "outcomes"

    def ready(self) -> None:
        from studyportal.access.permissions import Permission
        from studyportal.audit import looks
        from studyportal.ui.navigation import NavItem, register

        looks.register("outcome_table_file", _("Outcome table, downloaded"))
        looks.register("flow_file", _("Flow of participants, downloaded"))
        register(
            NavItem(
                _("Flow"),
                "outcomes:flow",
                permission=Permission.VIEW_OUTCOMES,
                order=45,
                icon="chart",
            )
        )
        register(
            NavItem(
                _("Outcome tables"),
                "outcomes:index",
                permission=Permission.VIEW_OUTCOMES,
                order=50,
                icon="table",
            )
        )
