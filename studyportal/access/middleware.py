"""One transaction per request behind the second wall, and the gates that no page slips past."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

from django.core.exceptions import PermissionDenied
from django.db import connection, transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _

from studyportal.access import walls
from studyportal.access.declare import DECLARED, declared
from studyportal.access.permissions import Permission
from studyportal.access.signing_in import gate, sessions
from studyportal.api.handlers import permission_denied

logger = logging.getLogger(__name__)


class WallMiddleware:
    """A request is one transaction: what it says to the database about its person ends with it, however it ends.

    What fails (5xx) leaves nothing; a refusal (4xx) keeps what was logged on the way, since every action is a
    unit of its own. A response that streams reads after the transaction and opens the wall itself.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        nested = connection.in_atomic_block
        with transaction.atomic():
            if nested:
                walls.close()
            response = self.get_response(request)
            if response.status_code >= 500:
                transaction.set_rollback(True)
        if nested:
            walls.leave()
        return response

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        """A write that the first wall let through and the second did not: refused like any other, and told to us."""
        if not walls.is_breach(exception):
            return None
        logger.error("The second wall refused a write of %s at %s", request.user, request.path)
        transaction.set_rollback(True)
        return permission_denied(
            request, PermissionDenied(_("This belongs to a site that you do not reach."))
        )


class DeclaredAccessMiddleware:
    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(self, request: HttpRequest, view: Any, args: Any, kwargs: Any) -> None:
        if declared(view) is None:
            raise PermissionDenied(_("This page declares no permission and is therefore closed."))


class GateMiddleware:
    """Leads a person to what they must do before anything else. The API asks `gate.check` itself."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(self, request: HttpRequest, view: Any, args: Any, kwargs: Any) -> HttpResponse | None:
        if request.path.startswith("/api/") or getattr(view, gate.OPEN, False):
            return None
        if Permission.PUBLIC in getattr(view, DECLARED, ()) or not request.user.is_authenticated:
            return None
        duty = gate.duty_of(request.user)
        if duty is None:
            return None
        if sessions.is_partial(request):
            return HttpResponse(status=204, headers={"HX-Redirect": duty.address})
        return redirect(duty.address)
