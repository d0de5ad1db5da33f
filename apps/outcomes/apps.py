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
        looks.register("safety_tables_file", _("Safety tables, downloaded"))
        looks.register("safety_tables_by_group", _("Safety tables by group, opened"))
        looks.register("safety_tables_unmasked", _("Letters of masked safety tables, read"))
        register(
            NavItem(
                _("Safety tables"),
                "outcomes:safety-index",
                permission=Permission.VIEW_SAFETY_TABLES,
                order=55,
                icon="shield",
            )
        )
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
