"""The gates that no page slips past: an undeclared view is refused, and duties come first."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _

from studyportal.access import gate, sessions
from studyportal.access.declare import DECLARED, declared
from studyportal.access.permissions import Permission


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
        if request.path.startswith("/api/v1/") or getattr(view, gate.OPEN, False):
            return None
        if Permission.PUBLIC in getattr(view, DECLARED, ()) or not request.user.is_authenticated:
            return None
        duty = gate.duty_of(request.user)
        if duty is None:
            return None
        if sessions.is_partial(request):
            return HttpResponse(status=204, headers={"HX-Redirect": duty.address})
        return redirect(duty.address)
