"""Answers to what no view answers: as a problem below /api/, as a page elsewhere."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _

from studyportal.api import problems


def _answer(request: HttpRequest, status: int, code: str, detail: str) -> HttpResponse:
    if request.path.startswith("/api/"):
        return problems.json_response(status, code, detail)
    return render(request, f"{status}.html", {"exception": detail}, status=status)


def bad_request(request: HttpRequest, exception: Any = None) -> HttpResponse:
    return _answer(request, 400, "bad_request", _("The request could not be read."))


def permission_denied(request: HttpRequest, exception: Any = None) -> HttpResponse:
    return _answer(request, 403, "permission_denied", str(exception or _("Your roles do not include this.")))


def not_found(request: HttpRequest, exception: Any = None) -> HttpResponse:
    said = (
        str(exception)
        if exception is not None and not isinstance(exception.args and exception.args[0], dict)
        else ""
    )
    return _answer(request, 404, "not_found", said or _("There is nothing at this address."))


def server_error(request: HttpRequest) -> HttpResponse:
    return _answer(
        request,
        500,
        "server_error",
        _("The portal failed. Nothing was saved in part; the fault is logged. Try again."),
    )


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    detail = _("The page was open too long or came from elsewhere. Go back, reload, and send again.")
    if request.path.startswith("/api/"):
        return problems.json_response(403, "csrf", detail)
    return render(request, "403_csrf.html", {"exception": detail, "reason": reason}, status=403)
