"""People who really sign in: with a password, and with codes of an authenticator app."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from allauth.mfa import app_settings
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP, format_hotp_value, generate_totp_secret, hotp_value
from django.core.cache import cache
from django.test import Client

from studyportal.access.models import User
from tests.cast import Cast

PASSWORD = "correct horse battery staple"
WRONG = "incorrect donkey"


@pytest.fixture(autouse=True)
def fresh_counts() -> Iterator[None]:
    """Limits and used codes are counted in the cache, which outlives a test."""
    cache.clear()
    yield
    cache.clear()


@pytest.fixture
def lockout(settings: Any) -> None:
    settings.AXES_ENABLED = True


@pytest.fixture
def asha(cast: Cast) -> User:
    cast.asha.display_name = "Asha Kulkarni"
    cast.asha.set_password(PASSWORD)
    cast.asha.save()
    return cast.asha


def code_of(secret: str, *, at: float | None = None) -> str:
    counter = int((time.time() if at is None else at) // app_settings.TOTP_PERIOD)
    return format_hotp_value(hotp_value(secret, counter))


def wrong_code(secret: str) -> str:
    """Six digits that are right neither now nor one period earlier or later."""
    near = {code_of(secret, at=time.time() + shift * app_settings.TOTP_PERIOD) for shift in range(-2, 3)}
    return next(
        digits
        for digits in ("111111", "222222", "333333", "444444", "555555", "666666")
        if digits not in near
    )


@pytest.fixture
def app_of() -> Callable[[User], str]:
    """`app_of(user)` sets up an authenticator app and recovery codes; the secret of the app."""

    def add(user: User) -> str:
        secret = generate_totp_secret()
        TOTP.activate(user, secret)
        RecoveryCodes.activate(user)
        return secret

    return add


def sign_in(client: Client, name: str = "asha", password: str = PASSWORD, **more: Any) -> Any:
    return client.post("/sign-in/", {"username": name, "password": password, **more})


def is_in(client: Client) -> bool:
    return bool(client.get("/tokens/").status_code == 200)
