"""Each request is one context of history: its user, its road, its identifier."""

from __future__ import annotations

import uuid
from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

from studyportal.audit.context import acting

READS = ("GET", "HEAD", "OPTIONS")


class AuditContextMiddleware:
    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        request.audit_id = uuid.uuid4().hex  # type: ignore[attr-defined]
        source = "api" if request.path.startswith("/api/") else "page"
        # A read opens the context too (reads may write, such as a receipt of an export), but a session
        # is only looked up when something else has asked for it.
        user = None if request.method in READS and source == "api" else request.user
        with acting(user=user, source=source, request=request.audit_id):
            return self.get_response(request)
