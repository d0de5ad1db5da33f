"""What allauth asks the portal: no sign-up, no e-mail, our own words, and secrets encrypted at rest."""

from __future__ import annotations

import base64
import functools
import logging
import time
from typing import Any

import qrcode
from allauth.account import app_settings as account_settings
from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.internal.flows.login import get_authentication_records
from allauth.account.internal.stagekit import clear_login
from allauth.core import context
from allauth.core.exceptions import ImmediateHttpResponse
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import generate_totp_secret
from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from qrcode.image.svg import SvgPathImage

from studyportal.access.address import client_address
from studyportal.access.signing_in import second_factor
from studyportal.ui.context import study_name

logger = logging.getLogger("studyportal.access")
WRONG = gettext_lazy("This user name and password do not belong together.")


PLAIN_FROM_THE_PAGE = (
    "account/messages/logged_in.txt",
    "account/messages/logged_out.txt",
    "mfa/messages/recovery_codes_generated.txt",
)


class AccountAdapter(DefaultAccountAdapter):
    """Accounts are made by an administrator; a person signs in by name and password, or by passkey."""

    error_messages = DefaultAccountAdapter.error_messages | {
        "username_password_mismatch": WRONG,
        "account_inactive": WRONG,
        "incorrect_password": gettext_lazy("The password is wrong."),
        "enter_current_password": gettext_lazy("This is not your current password."),
        "too_many_login_attempts": gettext_lazy(
            "Too many wrong codes. Wait a quarter of an hour, then try again."
        ),
        "rate_limited": gettext_lazy("Too many attempts. Wait a little, then try again."),
    }

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False

    def get_client_ip(self, request: HttpRequest) -> str:
        return client_address(request)

    def is_safe_url(self, url: str | None) -> bool:
        """Only an address of this very host: a sign-in leads nowhere else."""
        request = context.request
        return url_has_allowed_host_and_scheme(
            url, allowed_hosts={request.get_host()}, require_https=request.is_secure()
        )

    def pre_authenticate(self, request: HttpRequest, **credentials: Any) -> None:
        """Nothing: wrong passwords are counted by axes, for pages and API alike."""

    def login(self, request: HttpRequest, user: Any) -> None:
        """Between the password and the second step the account may have been closed."""
        if not user.is_active:
            raise ImmediateHttpResponse(self.respond_user_inactive(request, user))
        super().login(request, user)

    def respond_user_inactive(self, request: HttpRequest, user: Any) -> HttpResponse:
        """As for a wrong password: a stranger does not learn that the account exists."""
        clear_login(request)
        messages.error(request, str(WRONG))
        return redirect(settings.LOGIN_URL)

    def add_message(self, request: HttpRequest, level: int, *args: Any, **kwargs: Any) -> None:
        """What is plain from the page itself is not said again."""
        template = args[0] if args else kwargs.get("message_template")
        if template not in PLAIN_FROM_THE_PAGE:
            super().add_message(request, level, *args, **kwargs)

    def get_password_change_redirect_url(self, request: HttpRequest) -> str:
        return reverse("mfa_index")

    def set_password(self, user: Any, password: str) -> None:
        """The person's own choice: what an administrator gave for once is over."""
        user.set_password(password)
        user.password_is_temporary = False
        changed = {"password", "password_is_temporary"}
        user.save(update_fields=changed & {field.name for field in user._meta.concrete_fields})

    def is_reauthentication_required(self, *, app: str, **kwargs: Any) -> bool:
        """Not within five minutes of signing in: the person has just said who they are."""
        records = get_authentication_records(context.request, context.request.user)
        last = max((record["at"] for record in records), default=0)
        return bool(time.time() - last >= account_settings.REAUTHENTICATION_TIMEOUT)


@functools.cache
def _ciphers(keys: tuple[str, ...]) -> MultiFernet:
    def cipher(key: str) -> Fernet:
        derived = HKDF(algorithm=SHA256(), length=32, salt=None, info=b"studyportal second factor")
        return Fernet(base64.urlsafe_b64encode(derived.derive(key.encode())))

    return MultiFernet([cipher(key) for key in keys])


class SecondFactorAdapter(DefaultMFAAdapter):
    error_messages = DefaultMFAAdapter.error_messages | {
        "incorrect_code": gettext_lazy("This code is wrong, was used before, or is out of date."),
        "cannot_delete_authenticator": gettext_lazy(
            "Your role asks for a second factor, and this is the only one. Add another one first."
        ),
    }

    def encrypt(self, text: str) -> str:
        """A copy of the database alone makes no codes: the key is derived from SECRET_KEY."""
        keys = (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)
        return _ciphers(keys).encrypt(text.encode()).decode()

    def decrypt(self, encrypted_text: str) -> str:
        """What no key reads (SECRET_KEY was lost) becomes a secret that nobody has: no code matches it."""
        keys = (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)
        try:
            return _ciphers(keys).decrypt(encrypted_text.encode()).decode()
        except InvalidToken:
            logger.error("A second factor is encrypted under a key that is not here; it must be set up anew")
            return generate_totp_secret()

    def get_totp_issuer(self) -> str:
        return study_name()

    def _get_site_name(self) -> str:
        return study_name()

    def _get_user_identifier(self, user: Any) -> str:
        return str(user.get_username())

    def get_public_key_credential_user_entity(self, user: Any) -> dict[str, Any]:
        return super().get_public_key_credential_user_entity(user) | {"display_name": str(user)}

    def build_totp_svg(self, url: str) -> SafeString:
        """An `<svg>` element for the page itself: the policy allows no data: image."""
        image = qrcode.make(url, image_factory=SvgPathImage, box_size=12)
        return mark_safe(image.to_string(encoding="unicode"))

    def can_delete_authenticator(self, authenticator: Authenticator) -> bool:
        if authenticator.type not in second_factor.FACTORS:
            return True
        return not (second_factor.required_of(authenticator.user) and second_factor.is_last(authenticator))

    def generate_authenticator_name(self, user: Any, type: Any) -> str:
        count = Authenticator.objects.filter(user_id=user.pk, type=type).count()
        return _("Passkey %d") % (count + 1)
