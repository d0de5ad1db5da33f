"""Sign-in of a script by name and password: no way around the second factor."""

from __future__ import annotations

from typing import Any

from allauth.mfa.models import Authenticator
from django.contrib.auth import authenticate
from django.http import HttpRequest
from django.utils.translation import gettext as _

from studyportal.access.signing_in import gate, second_factor
from studyportal.api.problems import ProblemError


def sign_in(*, request: HttpRequest, username: str, password: str, code: str = "") -> Any:
    """The user, or a problem: 401 wrong or missing, 403 for who must first do something on the pages.

    Wrong passwords and wrong codes are counted by the lock-out; its middleware answers with 429.
    """
    user = authenticate(request, username=username, password=password)
    if user is None:
        raise ProblemError(401, "wrong_credentials", _("This user name and password do not belong together."))
    if Authenticator.objects.filter(user_id=user.pk).exists():
        _second_step(user, code)
    gate.check(user, request)
    return user


def _second_step(user: Any, code: str) -> None:
    if not code.strip():
        raise ProblemError(
            401,
            "second_factor_required",
            _("Send `code` too: six digits of your authenticator app, or a recovery code.")
            if second_factor.has_app(user)
            else _(
                "Your second factor is a passkey, which a script cannot use. Send a recovery code as `code`, or make"
                " the token on the page “API tokens”."
            ),
        )
    try:
        second_factor.verify(user=user, code=code)
    except second_factor.CodeRefused as refused:
        raise ProblemError(401, "wrong_code", str(refused)) from None
