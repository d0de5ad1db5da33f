from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class IdentityConfig(AppConfig):
    name = "studyportal.identity"
    label = "identity"

    def ready(self) -> None:
        from django.db.models.signals import post_migrate

        from studyportal.access.permissions import Permission
        from studyportal.audit import looks
        from studyportal.identity import checks, crossing, duplicates  # noqa: F401 (registers)
        from studyportal.ui.navigation import NavItem, register

        post_migrate.connect(crossing.build, sender=self, dispatch_uid="identity.crossing")
        looks.register("identity_comparison", _("Identity, compared with the whole study"))
        looks.register("possible_duplicates", _("Possible duplicates between sites"))
        looks.register("signed_sheet", _("Signed sheet of a participant"))
        register(
            NavItem(
                _("Possible duplicates"),
                "identity:duplicates",
                permission=Permission.RESOLVE_DUPLICATES,
                order=60,
                icon="people",
                count=duplicates.open_pairs_for,
            )
        )
