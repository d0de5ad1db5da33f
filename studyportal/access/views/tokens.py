"""One's own tokens for scripts."""

from __future__ import annotations

import datetime as dt

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from studyportal.access import tokens
from studyportal.access.declare import get_own_or_404, requires
from studyportal.access.models import ApiToken
from studyportal.access.permissions import Permission


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
