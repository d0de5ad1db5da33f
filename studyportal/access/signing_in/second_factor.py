"""The second factor: who must have one, who has one, and whether a code is right."""

from __future__ import annotations

import hashlib
import logging
from typing import Any

from allauth.mfa import app_settings as mfa_settings
from allauth.mfa.models import Authenticator
from axes.handlers.proxy import AxesProxyHandler
from django.conf import settings
from django.contrib.auth.signals import user_login_failed
from django.core.cache import cache
from django.db import transaction
from django.http import HttpRequest

logger = logging.getLogger("studyportal.access")
EVERY_ROLE = "all"
# Recovery codes stand in for one of these; alone they are none.
FACTORS = (Authenticator.Type.TOTP, Authenticator.Type.WEBAUTHN)
REMEMBERED_FOR_S = 300


class CodeRefused(Exception):
    """The code does not count; the message says why."""


# --- Who must, who has -----------------------------------------------------------------------------------


def required_of(user: Any) -> bool:
    """Whether a role that the person holds today asks for a second factor (setting SECOND_FACTOR_ROLES)."""
    asked: frozenset[str] = settings.SECOND_FACTOR_ROLES
    if not asked:
        return False
    return bool(user.grants) if EVERY_ROLE in asked else not asked.isdisjoint(user.grants)


def _key(user_id: int) -> str:
    return f"second-factor:{user_id}"


def has(user: Any) -> bool:
    """Whether the person has a second factor. A yes is remembered in the cache: every request asks."""
    if cache.get(_key(user.pk)):
        return True
    found = Authenticator.objects.filter(user_id=user.pk, type__in=FACTORS).exists()
    if found:
        cache.set(_key(user.pk), True, REMEMBERED_FOR_S)
    return found


def missing(user: Any) -> bool:
    return required_of(user) and not has(user)


def has_app(user: Any) -> bool:
    """Whether the person has an authenticator app (TOTP)."""
    return Authenticator.objects.filter(user_id=user.pk, type=Authenticator.Type.TOTP).exists()


def is_last(authenticator: Authenticator) -> bool:
    others = Authenticator.objects.filter(user_id=authenticator.user_id, type__in=FACTORS)
    return not others.exclude(pk=authenticator.pk).exists()


def forget(*, instance: Authenticator, **_: Any) -> None:
    """A factor came or went: what the cache remembers no longer holds, now and once it is committed."""
    key = _key(instance.user_id)
    cache.delete(key)
    transaction.on_commit(lambda: cache.delete(key))


def reset(*, user: Any, by: Any = None) -> int:
    """Phone and codes are lost: the person's factors are removed, so that new ones can be set up; how many there were.

    by: who does it, None for a command. The password still stands; a role that asks for a factor asks at once.
    """
    if by is not None and by.pk == user.pk:
        raise ValueError("Nobody resets the own second factor: it is removed on the security page.")
    factors = list(Authenticator.objects.filter(user_id=user.pk))
    for factor in factors:
        factor.delete()
    logger.warning(
        "Second factor reset: %s by %s", user.get_username(), by.get_username() if by else "a command"
    )
    return sum(factor.type in FACTORS for factor in factors)


# --- A code ----------------------------------------------------------------------------------------------


def count_failure(request: HttpRequest, user: Any) -> None:
    """A wrong code counts like a wrong password: the lock-out hears of both by the same signal."""
    user_login_failed.send(
        sender=__name__,
        credentials={"username": user.get_username(), "factor": "second"},
        request=request,
    )


def on_wrong_code(*, request: HttpRequest, user: Any, **_: Any) -> None:
    """allauth's signal."""
    count_failure(request, user)


def locked_out(request: HttpRequest, user: Any) -> bool:
    """Whether the lock-out is in force for this name and address; its middleware then gives the answer."""
    if not settings.AXES_ENABLED:
        return False
    if AxesProxyHandler.is_allowed(request, {"username": user.get_username()}):
        return False
    request.axes_locked_out = True  # type: ignore[attr-defined]
    return True


def first_use(user: Any, code: str) -> bool:
    """Whether this code was not used before, for as long as it could be valid.

    allauth remembers a code for one period only, which is shorter than the tolerance.
    """
    digest = hashlib.sha256(f"{user.pk}:{''.join(code.split())}".encode()).hexdigest()
    window = mfa_settings.TOTP_PERIOD * (2 * mfa_settings.TOTP_TOLERANCE + 1)
    return bool(cache.add(f"second-factor-used:{digest}", True, window))


def verify(*, user: Any, code: str) -> None:
    """A TOTP or recovery code of the person, once; a wrong one is counted. Raises CodeRefused."""
    from studyportal.access.signing_in.forms import CodeForm  # the forms stand on this module

    form = CodeForm(user=user, data={"code": code})
    if not form.is_valid():
        raise CodeRefused(" ".join(str(message) for said in form.errors.values() for message in said))
    form.authenticator.record_usage()
