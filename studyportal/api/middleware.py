"""What is refused before any view sees it: bodies that are too large, and NUL characters in addresses."""

from __future__ import annotations

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _

from studyportal.api import problems


class RequestLimitsMiddleware:
    """DRF's JSON parser reads past Django's own limit, so the declared length is checked here."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        limit: int = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
        try:
            length = int(request.META.get("CONTENT_LENGTH") or 0)
        except ValueError:
            length = 0
        is_api = request.path.startswith("/api/")
        if length > limit and is_api:
            return problems.too_large(limit)
        if "\x00" in request.path or "%00" in request.META.get("QUERY_STRING", ""):
            detail = _("The address contains a NUL character, which no identifier has.")
            if is_api:
                return problems.json_response(400, "nul_character", detail)
            return render(request, "400.html", {"exception": detail}, status=400)
        return self.get_response(request)
