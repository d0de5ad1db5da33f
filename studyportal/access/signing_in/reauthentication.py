"""The person confirms once more who they are, in the middle of a session: for a signature, for instance."""

from __future__ import annotations

from typing import Any

from django.contrib.auth import authenticate
from django.http import HttpRequest
from django.utils.translation import gettext as _

from studyportal.access.signing_in import second_factor


class NotConfirmed(Exception):
    """The person is not confirmed; the message says what was missing or wrong."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


def confirm(*, request: HttpRequest, user: Any, password: str, code: str = "") -> None:
    """The password of this very user, and the code of the authenticator app where there is one.

    A wrong password or code is counted by the lock-out, whose middleware then answers the request with 429.
    Raises NotConfirmed.
    """
    request = getattr(request, "_request", request)  # DRF wraps it
    found = authenticate(request, username=user.get_username(), password=password)
    if found is None or found.pk != user.pk:
        raise NotConfirmed(_("The password is wrong. Nothing was done."))
    if not second_factor.has_app(user):
        return
    if not code.strip():
        raise NotConfirmed(_("Enter the code of your authenticator app too. Nothing was done."))
    try:
        second_factor.verify(user=user, code=code)
    except second_factor.CodeRefused as refused:
        raise NotConfirmed(f"{refused} {_('Nothing was done.')}") from None
