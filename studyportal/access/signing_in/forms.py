"""allauth's forms with the portal's field names, and with the lock-out before every secret."""

from __future__ import annotations

import logging
from typing import Any

from allauth.account import forms as account_forms
from allauth.account.adapter import get_adapter as account_adapter
from allauth.core import context
from allauth.mfa.adapter import get_adapter
from allauth.mfa.base import forms as code_forms
from allauth.mfa.totp import forms as totp_forms
from allauth.mfa.webauthn import forms as passkey_forms
from django import forms
from django.utils.translation import gettext_lazy as _

from studyportal.access.signing_in import second_factor

logger = logging.getLogger("studyportal.access")
NAME_LENGTH = 80


# --- Passwords -------------------------------------------------------------------------------------------


class SignInForm(account_forms.LoginForm):
    """The name is posted as `username`, as password managers and scripts know it."""

    def add_prefix(self, field_name: str) -> str:
        return "username" if field_name == "login" else super().add_prefix(field_name)

    @property
    def username(self) -> forms.BoundField:
        return self["login"]


class PasswordAgainForm(account_forms.ReauthenticateForm):
    password = account_forms.PasswordField(label=_("Password"), autocomplete="current-password")


class ChangePasswordForm(account_forms.ChangePasswordForm):
    """The current password is asked through `authenticate`, so that guesses at it are counted."""

    oldpassword = account_forms.PasswordField(label=_("Current password"), autocomplete="current-password")
    password1 = account_forms.SetPasswordField(label=_("New password"))
    password2 = account_forms.PasswordField(label=_("New password, again"), autocomplete="new-password")

    def clean_oldpassword(self) -> str:
        given: str = self.cleaned_data["oldpassword"]
        if not account_adapter().reauthenticate(self.user, given):
            raise account_adapter().validation_error("enter_current_password")
        return given

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        new = cleaned.get("password1")
        if new and new == cleaned.get("oldpassword"):
            self.add_error("password1", _("Choose another password than the current one."))
        return cleaned


# --- Codes -----------------------------------------------------------------------------------------------


class _LockedOut:
    """While the lock-out is in force not even a right code counts; afterwards each counts once."""

    user: Any
    cleaned_data: dict[str, Any]

    def clean_code(self) -> str:
        if second_factor.locked_out(context.request, self.user):
            raise account_adapter().validation_error("too_many_login_attempts")
        code: str = super().clean_code()  # type: ignore[misc]
        if not second_factor.first_use(self.user, code):
            second_factor.count_failure(context.request, self.user)
            raise get_adapter().validation_error("incorrect_code")
        return code


class CodeForm(_LockedOut, code_forms.AuthenticateForm):
    pass


class CodeAgainForm(_LockedOut, code_forms.ReauthenticateForm):
    pass


class AddAppForm(totp_forms.ActivateTOTPForm):
    """The first code of a new app: it proves that the secret arrived, and counts for nothing else."""

    code = forms.CharField(label=_("Six digits of the app"))

    def clean_code(self) -> str:
        code: str = super().clean_code()
        second_factor.first_use(self.user, code)
        return code


# --- Passkeys --------------------------------------------------------------------------------------------


class _ReadPasskey:
    """What a browser sends as a passkey is decoded by fido2, which raises whatever the nonsense provokes."""

    user: Any
    counted = True

    def full_clean(self) -> None:
        try:
            super().full_clean()  # type: ignore[misc]
        except Exception:  # every way of not being a passkey ends in the same message
            logger.info("A passkey could not be read", exc_info=True)
            self.add_error("credential", get_adapter().validation_error("incorrect_code"))  # type: ignore[attr-defined]
        errors = self.errors if getattr(self, "_errors", None) else {}  # type: ignore[attr-defined]
        if self.counted and self.user is not None and "credential" in errors:
            second_factor.count_failure(context.request, self.user)

    def clean_credential(self) -> Any:
        if self.user is not None and second_factor.locked_out(context.request, self.user):
            raise account_adapter().validation_error("too_many_login_attempts")
        return super().clean_credential()  # type: ignore[misc]


class PasskeyForm(_ReadPasskey, passkey_forms.AuthenticateWebAuthnForm):
    pass


class PasskeyAgainForm(_ReadPasskey, passkey_forms.ReauthenticateWebAuthnForm):
    pass


class PasskeySignInForm(_ReadPasskey, passkey_forms.LoginWebAuthnForm):
    """Nobody is known yet, so nobody is counted: a stranger could lock others out."""


class AddPasskeyForm(passkey_forms.AddWebAuthnForm):
    name = forms.CharField(label=_("Name"), required=False, max_length=NAME_LENGTH)
    passwordless = forms.BooleanField(
        label=_("Sign in with this passkey alone, without the password"), required=False
    )

    def clean(self) -> dict[str, Any]:
        try:
            cleaned: dict[str, Any] = super().clean()
        except forms.ValidationError:
            raise
        except Exception:  # see _ReadPasskey
            logger.info("A passkey could not be read", exc_info=True)
            raise get_adapter().validation_error("incorrect_code") from None
        return cleaned


class RenamePasskeyForm(passkey_forms.EditWebAuthnForm):
    name = forms.CharField(label=_("Name"), max_length=NAME_LENGTH)
