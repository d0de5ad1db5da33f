"""Who is at the other end of the line, as far as it can be believed."""

from __future__ import annotations

import ipaddress
from typing import Any

from django.conf import settings


def address_of(request: Any) -> str:
    """The client's address: of the connection, or as the trusted proxies say it (each adds one at the end).

    "" when there is none, as over a socket. Never text that the client chose.
    """
    said = request.META.get("REMOTE_ADDR", "")
    proxies: int = settings.ALLAUTH_TRUSTED_PROXY_COUNT
    hops = request.META.get("HTTP_X_FORWARDED_FOR", "").split(",")
    if 0 < proxies <= len(hops):
        said = hops[-proxies].strip() or said
    try:
        return str(ipaddress.ip_address(said))
    except ValueError:
        return ""
