"""Signing in and out, one's own tokens, and the way home by role."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import views as auth_views
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from studyportal.access import tokens
from studyportal.access.declare import get_own_or_404, requires
from studyportal.access.models import ApiToken
from studyportal.access.permissions import Permission

sign_in = requires(Permission.PUBLIC)(
    auth_views.LoginView.as_view(template_name="ui/sign_in.html", redirect_authenticated_user=True)
)
sign_out = requires(Permission.PUBLIC)(auth_views.LogoutView.as_view())


# Where each person's work begins: the first page that the person may open.
HOMES = (
    (Permission.ENTER_DATA, "casebook:worklist"),
    (Permission.VIEW_FINDINGS, "oversight:findings"),
    (Permission.VIEW_OUTCOMES, "outcomes:index"),
    (Permission.VIEW_PROTOCOL, "protocol"),
)


@requires(Permission.SIGNED_IN)
def home(request: HttpRequest) -> HttpResponse:
    for permission, name in HOMES:
        if request.user.may(permission):  # type: ignore[union-attr]
            return redirect(reverse(name))
    return render(request, "access/no_role.html")


@requires(Permission.SIGNED_IN)
@require_http_methods(["GET", "POST"])
def token_list(request: HttpRequest) -> HttpResponse:
    """One's own tokens; a new one is shown once, in the answer to the request that made it."""
    secret = ""
    if request.method == "POST":
        try:
            _token, secret = tokens.issue(
                by=request.user, name=request.POST.get("name", ""), days=_days(request.POST.get("days", ""))
            )
        except tokens.TokenRefused as error:
            messages.error(request, str(error))
    own = ApiToken.objects.filter(user=request.user).order_by("-created")
    return render(
        request,
        "access/tokens.html",
        {"tokens": own, "secret": secret, "now": timezone.now(), "longest": tokens.LONGEST.days},
        status=201 if secret else 200,
    )


@requires(Permission.SIGNED_IN)
@require_POST
def token_revoke(request: HttpRequest, digest: str) -> HttpResponse:
    tokens.revoke(token=get_own_or_404(ApiToken, request.user, token_key=digest), by=request.user)
    messages.success(request, _("The token no longer works."))
    return redirect("access:tokens")


def _days(text: str) -> dt.timedelta:
    return (
        dt.timedelta(days=int(text)) if text.isascii() and text.isdigit() and len(text) < 5 else tokens.USUAL
    )


def lockout(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
    """Too many wrong passwords: said plainly, without saying whether the user exists."""
    minutes = int(settings.AXES_COOLOFF_TIME.total_seconds() // 60)
    detail = _("Too many attempts with a wrong password. Wait %d minutes, then try again.") % minutes
    return render(request, "403.html", {"exception": detail}, status=429)
