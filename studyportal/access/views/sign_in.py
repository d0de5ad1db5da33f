"""Signing in and out, and what a locked-out person reads."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib.auth import views as auth_views
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _

from studyportal.access.declare import requires
from studyportal.access.permissions import Permission

sign_in = requires(Permission.PUBLIC)(
    auth_views.LoginView.as_view(template_name="ui/sign_in.html", redirect_authenticated_user=True)
)
sign_out = requires(Permission.PUBLIC)(auth_views.LogoutView.as_view())


def lockout(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
    """Too many wrong passwords: said plainly, without saying whether the user exists."""
    minutes = int(settings.AXES_COOLOFF_TIME.total_seconds() // 60)
    detail = _("Too many attempts with a wrong password. Wait %d minutes, then try again.") % minutes
    return render(request, "403.html", {"exception": detail}, status=429)
