"""Who is at the other end of the line, as far as it can be believed."""

from __future__ import annotations

import ipaddress
from typing import Any

from django.conf import settings


def address_of(request: Any) -> str:
    """The client's address: as the proxy says it (the last word is the proxy's own), or of the connection.

    "" when there is none, as over a socket. Never text that the client chose.
    """
    said = request.META.get("REMOTE_ADDR", "")
    if settings.BEHIND_PROXY:
        said = request.META.get("HTTP_X_FORWARDED_FOR", "").rpartition(",")[2].strip() or said
    try:
        return str(ipaddress.ip_address(said))
    except ValueError:
        return ""
