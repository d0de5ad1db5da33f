from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class AccessConfig(AppConfig):
    name = "studyportal.access"
    label = "access"

    def ready(self) -> None:
        from django.db.models.signals import post_migrate

        from studyportal.access import grants, walls
        from studyportal.access.permissions import Permission
        from studyportal.ui.navigation import NavItem, register

        # Sent for each app when all are migrated: once is enough.
        post_migrate.connect(grants.close_logs, sender=self, dispatch_uid="access.close_logs")
        post_migrate.connect(walls.build, sender=self, dispatch_uid="access.walls")

        manage, read = Permission.MANAGE_USERS, Permission.VIEW_DELEGATIONS
        register(NavItem(_("People"), "access:people", permission=manage, order=700, icon="people"))
        register(NavItem(_("Sites"), "access:sites", permission=manage, order=710, icon="home"))
        register(NavItem(_("Delegation log"), "access:delegations", permission=read, order=720, icon="key"))
