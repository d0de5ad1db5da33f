"""Answers to what no view answers: as a problem below /api/, as a page elsewhere."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.exceptions import (
    DisallowedHost,
    RequestDataTooBig,
    TooManyFieldsSent,
    TooManyFilesSent,
)
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _

from studyportal.api import problems

# Statuses with a page of their own; any other 4xx is shown as a request that was not understood.
PAGES = (400, 403, 404, 500)


def answer(request: HttpRequest, status: int, code: str, detail: str) -> HttpResponse:
    """The refusal, as a problem below /api/ and as a page elsewhere."""
    if request.path.startswith("/api/"):
        return problems.json_response(status, code, detail)
    template = f"{status}.html" if status in PAGES else "400.html"
    response = render(request, template, {"exception": detail}, status=status)
    response.problem_code = code  # type: ignore[attr-defined]  # read by the log of refusals
    return response


def bad_request(request: HttpRequest, exception: Any = None) -> HttpResponse:
    """What Django found suspicious, in words that quote nothing of it."""
    if isinstance(exception, RequestDataTooBig):
        limit: int = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
        return answer(request, 413, "too_large", problems.too_large_words(limit))
    if isinstance(exception, TooManyFieldsSent | TooManyFilesSent):
        return answer(
            request, 400, "too_many_fields", _("The form has more fields than any form of the portal.")
        )
    if isinstance(exception, DisallowedHost):
        return answer(request, 400, "host", _("The portal does not answer under this host name."))
    return answer(request, 400, "bad_request", _("The request could not be read."))


def permission_denied(request: HttpRequest, exception: Any = None) -> HttpResponse:
    return answer(request, 403, "permission_denied", str(exception or _("Your roles do not include this.")))


def not_found(request: HttpRequest, exception: Any = None) -> HttpResponse:
    said = (
        str(exception)
        if exception is not None and not isinstance(exception.args and exception.args[0], dict)
        else ""
    )
    return answer(request, 404, "not_found", said or _("There is nothing at this address."))


def server_error(request: HttpRequest) -> HttpResponse:
    return answer(
        request,
        500,
        "server_error",
        _("The portal failed. Nothing was saved in part; the fault is logged. Try again."),
    )


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    detail = _("The page was open too long or came from elsewhere. Go back, reload, and send again.")
    if request.path.startswith("/api/"):
        return problems.json_response(403, "csrf", detail)
    response = render(request, "403_csrf.html", {"exception": detail, "reason": reason}, status=403)
    response.problem_code = "csrf"  # type: ignore[attr-defined]
    return response
