"""Where a request comes from, as the lock-out, the log and the overview of sessions say it."""

from __future__ import annotations

from django.http import HttpRequest

from studyportal.api.client import address_of

NOWHERE = "0.0.0.0"  # noqa: S104 (no address to listen on: a request over a socket that has none)


def client_address(request: HttpRequest) -> str:
    """The address that can be believed; the lock-out counts by it, so there is always one."""
    return address_of(request) or NOWHERE
