"""Signing in, one's security and sessions: allauth's views under the names by which allauth itself finds them.

Only what is used is here. There is no sign-up, no e-mail and no social account, and no address for them.
"""

from __future__ import annotations

from typing import Any

from django.urls import path
from django.views.decorators.cache import never_cache

from studyportal.access.declare import requires
from studyportal.access.permissions import Permission
from studyportal.access.signing_in.gate import always_open
from studyportal.access.views import account, sign_in


def entrance(view: Any) -> Any:
    """A page on the way in."""
    return requires(Permission.PUBLIC)(never_cache(view))


def own(view: Any) -> Any:
    """A page about the person's own account, open to who must still set it up; kept by no cache."""
    return always_open(requires(Permission.SIGNED_IN)(never_cache(view)))


SECURITY = "account/security/"
urlpatterns = [
    path("sign-in/", sign_in.sign_in, name="account_login"),
    path("sign-out/", sign_in.sign_out, name="account_logout"),
    path("account/second-step/", entrance(account.SecondStep.as_view()), name="mfa_authenticate"),
    path("account/passkey/", entrance(account.PasskeySignIn.as_view()), name="mfa_login_webauthn"),
    path("account/again/", own(account.PasswordAgain.as_view()), name="account_reauthenticate"),
    path("account/again/code/", own(account.CodeAgain.as_view()), name="mfa_reauthenticate"),
    path("account/again/passkey/", own(account.PasskeyAgain.as_view()), name="mfa_reauthenticate_webauthn"),
    path("account/password/", own(account.ChangePassword.as_view()), name="account_change_password"),
    path(SECURITY, own(account.Security.as_view()), name="mfa_index"),
    path(SECURITY + "app/", own(account.AddApp.as_view()), name="mfa_activate_totp"),
    path(SECURITY + "app/remove/", own(account.RemoveApp.as_view()), name="mfa_deactivate_totp"),
    path(SECURITY + "codes/", own(account.RecoveryCodes.as_view()), name="mfa_view_recovery_codes"),
    path(
        SECURITY + "codes/new/", own(account.NewRecoveryCodes.as_view()), name="mfa_generate_recovery_codes"
    ),
    path(SECURITY + "passkeys/add/", own(account.AddPasskey.as_view()), name="mfa_add_webauthn"),
    path(SECURITY + "passkeys/<int:pk>/", own(account.RenamePasskey.as_view()), name="mfa_edit_webauthn"),
    path(
        SECURITY + "passkeys/<int:pk>/remove/",
        own(account.RemovePasskey.as_view()),
        name="mfa_remove_webauthn",
    ),
    path("account/session/", own(account.session_state), name="account_session"),
    path("account/sessions/", own(account.session_list), name="usersessions_list"),
    path("account/sessions/others/end/", own(account.session_end_others), name="account_sessions_end_others"),
    path("account/sessions/<int:pk>/end/", own(account.session_end), name="account_session_end"),
]
