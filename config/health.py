"""`/healthz`: whether this web process reaches its database and its cache.

A layer of WSGI and no view: it needs no host name, session or permission, and tells nothing else.
"""

import json
import logging
from collections.abc import Callable, Iterable
from typing import Any

logger = logging.getLogger(__name__)
PATH = "/healthz"


def state() -> dict[str, bool]:
    from django.core.cache import cache
    from django.db import connection

    def database() -> None:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")

    found = {}
    for name, ask in (("database", database), ("cache", lambda: cache.get("healthz"))):
        try:
            ask()
            found[name] = True
        except Exception:  # whatever is wrong, the answer is "not healthy" and the log says why
            logger.exception("%s does not answer", name)
            found[name] = False
    return found


def with_health(application: Callable[..., Iterable[bytes]]) -> Callable[..., Iterable[bytes]]:
    """The application, with the health page before it."""

    def answer(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        if environ.get("PATH_INFO") != PATH:
            return application(environ, start_response)
        from django.db import close_old_connections

        close_old_connections()
        found = state()
        body = json.dumps(found).encode()
        headers = [("Content-Type", "application/json"), ("Content-Length", str(len(body)))]
        start_response("200 OK" if all(found.values()) else "503 Service Unavailable", headers)
        return [body]

    return answer
