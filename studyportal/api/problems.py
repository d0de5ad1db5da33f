"""Errors of the API as RFC 9457 problem details: what is wrong, where, and how to mend it."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import Http404, JsonResponse
from django.utils.translation import gettext as _
from rest_framework import exceptions, status
from rest_framework.response import Response

from studyportal.words import translated

CONTENT_TYPE = "application/problem+json"

TITLES = {
    400: "The request is not valid",
    401: "Sign in first",
    403: "Not yours to do",
    404: "Not found",
    405: "Not offered here",
    406: "No such representation",
    409: "Refused by the protocol",
    411: "Say how long it is",
    412: "Changed in the meantime",
    413: "Too large",
    415: "Unsupported media type",
    428: "Say which version you saw",
    429: "Too many requests",
    500: "A fault of the portal",
}


class ProblemError(exceptions.APIException):
    """Raise to answer with a problem.

    errors: mappings with `field` (dotted, empty for the whole request), `code`, `message`; more members
    of the answer (such as `current`) go in `more`.
    """

    def __init__(
        self,
        status_code: int,
        code: str,
        detail: str,
        *,
        title: str = "",
        errors: Iterable[dict[str, Any]] = (),
        headers: dict[str, str] | None = None,
        **more: Any,
    ) -> None:
        super().__init__(detail=translated(detail), code=code)
        self.status_code = status_code
        self.problem_code = code
        self.title = title
        self.errors = list(errors)
        self.headers = headers or {}
        self.more = more


def body(
    status_code: int,
    code: str,
    detail: str,
    *,
    title: str = "",
    errors: Iterable[dict[str, Any]] = (),
    **more: Any,
) -> dict[str, Any]:
    problem: dict[str, Any] = {
        "type": f"/api/docs/problems/#{code}",
        "title": title or TITLES.get(status_code, "Error"),
        "status": status_code,
        "code": code,
        "detail": translated(detail),
    }
    errors = [{**one, "message": translated(one["message"])} if "message" in one else one for one in errors]
    if errors:
        problem["errors"] = errors
    return problem | more


def json_response(status_code: int, code: str, detail: str, **more: Any) -> JsonResponse:
    """A problem outside DRF: from middleware and from the handlers of unknown URLs."""
    response = JsonResponse(
        body(status_code, code, detail, **more), status=status_code, content_type=CONTENT_TYPE
    )
    response.problem_code = code  # type: ignore[attr-defined]  # read by the log of refusals
    return response


def handle(exc: Exception, context: dict[str, Any]) -> Response | None:
    """DRF's exception handler: every error of the API leaves as a problem."""
    # Late: DRF's views read the parsers of the settings as they are imported, and those raise problems.
    from rest_framework.views import set_rollback

    if isinstance(exc, Http404):
        exc = exceptions.NotFound(str(exc) or _("Not found."))
    elif isinstance(exc, PermissionDenied):
        exc = exceptions.PermissionDenied(str(exc) or None)
    if not isinstance(exc, exceptions.APIException):
        return None
    set_rollback()
    headers: dict[str, str] = {}
    if getattr(exc, "auth_header", None):
        headers["WWW-Authenticate"] = exc.auth_header  # type: ignore[attr-defined]
    if getattr(exc, "wait", None):
        headers["Retry-After"] = str(math.ceil(exc.wait))  # type: ignore[attr-defined]
    if isinstance(exc, ProblemError):
        headers |= exc.headers
        data = body(
            exc.status_code, exc.problem_code, str(exc.detail), title=exc.title, errors=exc.errors, **exc.more
        )
    elif isinstance(exc, exceptions.ValidationError):
        errors = list(flatten(exc.get_full_details()))
        data = body(400, "invalid", _("%d value(s) need attention.") % len(errors), errors=errors)
    else:
        codes = exc.get_codes()
        code = codes if isinstance(codes, str) else exc.default_code
        data = body(exc.status_code, code, str(exc.detail))
    response = Response(data, status=exc.status_code, headers=headers)
    response.content_type = CONTENT_TYPE
    response.problem_code = data["code"]  # type: ignore[attr-defined]
    return response


def flatten(details: Any, path: str = "") -> Iterable[dict[str, Any]]:
    """DRF's nested error details → flat list of field, code, message."""
    if isinstance(details, dict) and set(details) == {"message", "code"}:
        field = path.removesuffix(".non_field_errors").replace("non_field_errors", "")
        yield {"field": field, "code": str(details["code"]), "message": str(details["message"])}
    elif isinstance(details, dict):
        for key, inner in details.items():
            yield from flatten(inner, f"{path}.{key}" if path else str(key))
    elif isinstance(details, list):
        for inner in details:
            yield from flatten(inner, path)


def too_large_words(limit: int) -> str:
    return _(
        "The request is larger than %(limit)d bytes. Send fewer records at a time, or use an import."
    ) % {"limit": limit}


def too_large_problem(limit: int) -> ProblemError:
    return ProblemError(status.HTTP_413_REQUEST_ENTITY_TOO_LARGE, "too_large", too_large_words(limit))
