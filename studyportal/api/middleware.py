"""What is refused before any view sees it: bodies that are too large or of no stated size, and NUL characters."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _

from studyportal.api import handlers, problems

TAKES_FILES = "takes_files"


class RequestLimitsMiddleware:
    """The size of a body is what the client states, and no more of it is read; so it must be stated.

    Django's own limit counts neither files nor what DRF's parsers read. Files are taken only by views that say so
    (`takes_files`); everywhere else a multipart body keeps to the limit of every other body.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.refusal(request) or self.get_response(request)

    def refusal(self, request: HttpRequest) -> HttpResponse | None:
        stated = request.META.get("CONTENT_LENGTH") or "0"
        if "HTTP_TRANSFER_ENCODING" in request.META:
            return handlers.answer(
                request, 411, "length_required", _("Send the body with Content-Length, not in chunks.")
            )
        if not (stated.isascii() and stated.isdigit()):
            return handlers.answer(request, 400, "bad_request", _("Content-Length is no number."))
        encoding = request.META.get("HTTP_CONTENT_ENCODING", "").strip().lower()
        if encoding not in ("", "identity"):
            return handlers.answer(
                request, 415, "content_encoding", _("Compressed bodies are not read. Send it as it is.")
            )
        if len(stated) > 15 or int(stated) > most_of(request):
            return too_large(request, most_of(request))
        if "\x00" in request.path or "%00" in request.META.get("QUERY_STRING", ""):
            return handlers.answer(
                request,
                400,
                "nul_character",
                _("The address contains a NUL character, which no identifier has."),
            )
        return None

    def process_view(self, request: HttpRequest, view: Any, args: Any, kwargs: Any) -> HttpResponse | None:
        """Before the CSRF check reads the body: only a page for files takes one of a file's size."""
        limit: int = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
        if named := getattr(view, TAKES_FILES, ""):
            limit += getattr(settings, named)
        if int(request.META.get("CONTENT_LENGTH") or 0) > limit:
            return too_large(request, limit)
        return None


def most_of(request: HttpRequest) -> int:
    """The largest body of this kind that any view takes, in bytes."""
    limit: int = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
    if (request.content_type or "").startswith(("multipart/", "text/csv")):
        return limit + max(settings.UPLOAD_LIMIT, settings.IMPORT_BYTES)
    return limit


def too_large(request: HttpRequest, limit: int) -> HttpResponse:
    return handlers.answer(request, 413, "too_large", problems.too_large_words(limit))


def takes_files(
    view: Callable[..., HttpResponse], limit: str = "UPLOAD_LIMIT"
) -> Callable[..., HttpResponse]:
    """Declares that the page or endpoint takes files, so that its body may be as large as one. limit: the setting."""
    setattr(view, TAKES_FILES, limit)
    return view
