from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class AccessConfig(AppConfig):
    name = "studyportal.access"
    label = "access"

    def ready(self) -> None:
        from django.db.models.signals import post_migrate

        from studyportal.access import checks, grants, walls  # noqa: F401 (registers its checks)
        from studyportal.access.permissions import Permission
        from studyportal.ui.navigation import NavItem, register

        # Sent for each app when all are migrated: once is enough.
        post_migrate.connect(grants.close_logs, sender=self, dispatch_uid="access.close_logs")
        post_migrate.connect(walls.build, sender=self, dispatch_uid="access.walls")
        self._listen_to_signing_in()

        manage, read = Permission.MANAGE_USERS, Permission.VIEW_DELEGATIONS
        register(NavItem(_("People"), "access:people", permission=manage, order=700, icon="people"))
        register(NavItem(_("Sites"), "access:sites", permission=manage, order=710, icon="home"))
        register(NavItem(_("Delegation log"), "access:delegations", permission=read, order=720, icon="key"))

    def _listen_to_signing_in(self) -> None:
        from allauth.account.signals import password_changed
        from allauth.mfa.models import Authenticator
        from allauth.mfa.signals import authentication_failed
        from axes.signals import user_locked_out
        from django.contrib.auth.signals import user_logged_in, user_logged_out, user_login_failed
        from django.db.models.signals import post_delete, post_save

        from studyportal.access.signing_in import log as sign_in_log
        from studyportal.access.signing_in import second_factor, sessions

        user_logged_in.connect(sessions.begin, dispatch_uid="access.begin")
        user_logged_in.connect(sign_in_log.signed_in, dispatch_uid="access.signed_in")
        user_logged_out.connect(sign_in_log.signed_out, dispatch_uid="access.signed_out")
        user_login_failed.connect(sign_in_log.failed, dispatch_uid="access.failed")
        user_locked_out.connect(sign_in_log.locked_out, dispatch_uid="access.locked_out")
        password_changed.connect(sign_in_log.password_changed, dispatch_uid="access.password_changed")
        authentication_failed.connect(second_factor.on_wrong_code, dispatch_uid="access.wrong_code")
        for signal in (post_save, post_delete):
            signal.connect(second_factor.forget, sender=Authenticator, dispatch_uid="access.forget_factor")
        post_save.connect(sign_in_log.factor_added, sender=Authenticator, dispatch_uid="access.factor_added")
        post_delete.connect(
            sign_in_log.factor_removed, sender=Authenticator, dispatch_uid="access.factor_gone"
        )
