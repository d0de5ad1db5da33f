"""Tokens for scripts: made, and taken back."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.utils.translation import gettext as _

from studyportal.access.models import ApiToken, User

USUAL = dt.timedelta(days=90)
LONGEST = dt.timedelta(days=365)
MOST_TOKENS = 50


class TokenRefused(ValueError):
    """The token cannot be made as asked; the message says why."""


def issue(*, by: Any, name: str, days: dt.timedelta = USUAL) -> tuple[ApiToken, str]:
    """A new token of the user: its record and its secret, which is stored nowhere and shown once."""
    name = name.strip()
    if not name or len(name) > 80 or "\x00" in name:
        raise TokenRefused(_("Name the token by what uses it, in at most 80 characters."))
    if not dt.timedelta(days=1) <= days <= LONGEST:
        raise TokenRefused(_("A token lives from 1 to %d days.") % LONGEST.days)
    user: User = by
    if ApiToken.objects.filter(user=user).count() >= MOST_TOKENS:
        raise TokenRefused(_("You have %d tokens. Revoke those that you no longer use.") % MOST_TOKENS)
    token, secret = ApiToken.objects.create(user=user, expiry=days, name=name)
    return token, secret


def revoke(*, token: ApiToken, by: Any) -> None:
    """End the token at once."""
    if token.user_id != by.pk:
        raise TokenRefused(_("This token belongs to somebody else."))
    token.delete()
