from django.apps import AppConfig
from django.utils.module_loading import autodiscover_modules
from django.utils.translation import gettext_lazy as _


class ImportsConfig(AppConfig):
    name = "studyportal.imports"
    label = "imports"
    verbose_name = _("Imports")

    def ready(self) -> None:
        from studyportal.imports.registry import all_importers
        from studyportal.ui.navigation import NavItem, register

        # An app declares its imports in imports.py.
        autodiscover_modules("imports")
        for importer in all_importers()[:1]:
            register(
                NavItem(
                    _("Imports"), "imports:index", permission=importer.permission, order=45, icon="upload"
                )
            )
