"""Log lines about signing in: who and from where; never a password, never a code."""

from __future__ import annotations

import logging
from typing import Any

from allauth.core import context
from allauth.mfa.models import Authenticator
from django.contrib.auth import get_user_model

from studyportal.access.address import client_address

logger = logging.getLogger("studyportal.access")
UNKNOWN = "(no such user)"


def _from(request: Any) -> str:
    return client_address(request) if request is not None else "-"


def _name(credentials: dict[str, Any]) -> str:
    """The name when such a user exists: what else is typed there may be somebody's password."""
    typed = str(credentials.get("username") or "")
    if "\x00" in typed or not get_user_model()._default_manager.filter(username=typed[:150]).exists():
        return UNKNOWN
    return typed


def signed_in(*, request: Any, user: Any, **_: Any) -> None:
    logger.info("Signed in: %s from %s", user.get_username(), _from(request))


def signed_out(*, request: Any, user: Any, **_: Any) -> None:
    if user is not None:
        logger.info("Signed out: %s from %s", user.get_username(), _from(request))


def failed(*, credentials: dict[str, Any], request: Any = None, **_: Any) -> None:
    what = "code" if credentials.get("factor") == "second" else "password"
    logger.warning("Sign-in failed, wrong %s: %s from %s", what, _name(credentials), _from(request))


def locked_out(*, request: Any, username: str | None, **_: Any) -> None:
    logger.warning("Locked out: %s from %s", _name({"username": username}), _from(request))


def factor_added(*, instance: Authenticator, created: bool, **_: Any) -> None:
    if created:
        name = instance.user.get_username()
        logger.warning("Second factor added: %s for %s from %s", instance.type, name, _from(context.request))


def factor_removed(*, instance: Authenticator, **_: Any) -> None:
    name = instance.user.get_username()
    logger.warning("Second factor removed: %s of %s from %s", instance.type, name, _from(context.request))


def password_changed(*, request: Any, user: Any, **_: Any) -> None:
    logger.warning("Password changed: %s from %s", user.get_username(), _from(request))


def session_ended(*, request: Any, username: str, why: str) -> None:
    logger.info("Session ended (%s): %s from %s", why, username, _from(request))
