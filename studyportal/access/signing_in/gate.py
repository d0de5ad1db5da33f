"""What a person must do before anything else: change a one-time password, set up a second factor.

Pages lead there (`middleware.GateMiddleware`), the API says so (`check`, called by the authentication classes
for sessions and tokens alike). A view stays open when it is public or marked with `always_open`.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from typing import Any, TypeVar

from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _

from studyportal.access.signing_in import second_factor

OPEN = "open_to_everybody_signed_in"
V = TypeVar("V", bound=Callable[..., Any])


class Duty(StrEnum):
    """Its value is the code of the problem."""

    PASSWORD = "password_is_temporary"  # noqa: S105 (a code)
    FACTOR = "second_factor_missing"

    @property
    def address(self) -> str:
        """The page where it is done."""
        return reverse("account_change_password" if self is Duty.PASSWORD else "mfa_index")

    @property
    def words(self) -> str:
        if self is Duty.PASSWORD:
            return _("Your password was given to you for once. Choose your own before you go on.")
        return _(
            "Your role asks for a second factor. Set up an authenticator app or a passkey before you go on."
        )


def duty_of(user: Any) -> Duty | None:
    """What the person must do first. Asks nothing of the database for whom no role requires anything."""
    if getattr(user, "password_is_temporary", False):
        return Duty.PASSWORD
    return Duty.FACTOR if second_factor.missing(user) else None


def always_open(view: V) -> V:
    """A page that a person with a duty may open: where it is done, and the way out."""
    setattr(view, OPEN, True)
    return view


def check(user: Any, request: HttpRequest) -> None:
    """The API's gate. Raises a problem that names the page where the duty is done."""
    # Late: DRF loads the authentication classes, which call this, while that module is still being read.
    from studyportal.api.problems import ProblemError

    duty = duty_of(user)
    if duty is not None:
        page = request.build_absolute_uri(duty.address)
        raise ProblemError(403, duty.value, f"{duty.words} {page}", page=page)
