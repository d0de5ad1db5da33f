from django.apps import AppConfig
from django.utils.module_loading import autodiscover_modules


class JobsConfig(AppConfig):
    name = "studyportal.jobs"
    label = "jobs"

    def ready(self) -> None:
        # Web processes must know the kinds too: they check parameters and permission when a job is asked for.
        autodiscover_modules("tasks")

        from django.utils.translation import gettext_lazy as _

        from studyportal.ui.navigation import NavItem, register

        register(NavItem(_("Jobs"), "jobs", order=800, icon="clock"))
