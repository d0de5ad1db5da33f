"""Every refusal leaves one line in the log `studyportal.security`: who, from where, what address, and why.

No line holds what was typed: no query, no body, no header; a part of the address that is no identifier is left out.
Django's own lines about refusals quote hosts, origins and paths as they came, so they are switched off (LOGGING).
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse

from studyportal.api.client import address_of

logger = logging.getLogger("studyportal.security")

# What a part of an address may look like to be written down: a code, a number, a key.
IDENTIFIER = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,39}", re.ASCII)
LEFT_OUT = "*"
# Answers that no wrong-doer gets by accident; the others come with ordinary work.
GRAVE = frozenset({401, 403, 411, 413, 415, 429})


class RefusalLogMiddleware:
    """Outside of everything that refuses, so that nothing is refused without a line."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if is_refusal(response):
            logger.log(
                logging.WARNING if response.status_code in GRAVE else logging.INFO,
                "refused %s %s user=%s address=%s %s %s request=%s",
                response.status_code,
                reason_of(response),
                name_of(request),
                address_of(request) or "-",
                method_of(request),
                shown(request.path),
                getattr(request, "audit_id", "-"),
            )
        return response


def is_refusal(response: HttpResponse) -> bool:
    """A 4xx, or a stranger sent to the sign-in page."""
    if response.status_code == 302:
        return response.headers.get("Location", "").startswith(f"{settings.LOGIN_URL}?")
    return 400 <= response.status_code < 500


def reason_of(response: HttpResponse) -> str:
    """The code of the problem; pages that say none have "-"."""
    return str(getattr(response, "problem_code", "sign_in" if response.status_code == 302 else "-"))


def name_of(request: HttpRequest) -> str:
    user = getattr(request, "user", None)
    if user is None or not user.is_authenticated:
        return "-"
    name: str = user.get_username()
    return name if IDENTIFIER.fullmatch(name) else f"#{user.pk}"


def method_of(request: HttpRequest) -> str:
    method = request.method or ""
    return method if method.isascii() and method.isalpha() and len(method) < 10 else LEFT_OUT


def shown(path: str) -> str:
    """The address with its identifiers; whatever looks like words is left out."""
    parts = [part if not part or IDENTIFIER.fullmatch(part) else LEFT_OUT for part in path[:1000].split("/")]
    return "/".join(parts[:12])
