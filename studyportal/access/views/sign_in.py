"""Signing in and out, and what a locked-out person reads."""

from __future__ import annotations

from typing import Any

from allauth.account.views import LoginView
from django.conf import settings
from django.contrib.auth import views as auth_views
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _

from studyportal.access.declare import requires
from studyportal.access.permissions import Permission
from studyportal.access.signing_in.gate import always_open
from studyportal.access.signing_in.sessions import Why
from studyportal.api import problems


class SignIn(LoginView):
    """Name and password; the second step follows by itself for who has a second factor."""

    template_name = "ui/sign_in.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context = super().get_context_data(**kwargs)
        asked = self.request.GET.get("ended", "")
        return context | {
            "next": self.get_next_url() or "",
            "ended": Why(asked).words if asked in list(Why) else "",
            "passkeys": True,
        }


sign_in = requires(Permission.PUBLIC)(SignIn.as_view())
sign_out = always_open(requires(Permission.PUBLIC)(auth_views.LogoutView.as_view()))


def lockout(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
    """Too many wrong passwords or codes: said plainly, without saying whether the user exists."""
    seconds = int(settings.AXES_COOLOFF_TIME.total_seconds())
    detail = _("Too many attempts with a wrong password or code. Wait %d minutes, then try again.") % (
        seconds // 60
    )
    return _slow_down(request, "locked_out", detail, seconds)


def too_many_requests(request: HttpRequest, exception: Any = None) -> HttpResponse:
    """The answer to who asks too often (allauth's limits)."""
    return _slow_down(
        request, "too_many_requests", _("Too many attempts in a short time. Wait a minute."), 60
    )


def _slow_down(request: HttpRequest, code: str, detail: str, seconds: int) -> HttpResponse:
    if request.path.startswith("/api/"):
        response: HttpResponse = problems.json_response(429, code, detail)
    else:
        response = render(request, "429.html", {"exception": detail}, status=429)
    response["Retry-After"] = str(seconds)
    return response
