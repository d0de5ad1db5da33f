"""Where a request comes from, as the lock-out, the log and the overview of sessions say it."""

from __future__ import annotations

from allauth.core.internal.httpkit import get_client_ip
from django.core.exceptions import ImproperlyConfigured
from django.http import HttpRequest

NOWHERE = "0.0.0.0"  # noqa: S104 (no address to listen on: a request over a socket that has none)


def client_address(request: HttpRequest) -> str:
    """The address behind the trusted proxies (`TRUSTED_PROXIES`); what a client says of itself is not believed."""
    try:
        return get_client_ip(request) or NOWHERE
    except ImproperlyConfigured:
        # Fewer hops than proxies: the request came around them.
        return str(request.META.get("REMOTE_ADDR") or NOWHERE)
