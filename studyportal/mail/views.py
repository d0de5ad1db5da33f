"""The page on which a person chooses mails."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from studyportal.access.declare import requires
from studyportal.access.permissions import Permission
from studyportal.mail import actions, kinds


@requires(Permission.SIGNED_IN)
@require_http_methods(["GET", "HEAD", "POST"])
def choices(request: HttpRequest) -> HttpResponse:
    """Which mails one wants, of those that one may get."""
    user: Any = request.user
    if request.method == "POST":
        actions.choose(by=user, wanted=request.POST.getlist("wanted"))
        messages.success(request, _("Your choice is saved."))
        return redirect("mail:choices")
    left = actions.left_by(user)
    return render(
        request,
        "mail/choices.html",
        {
            "address": user.email,
            "kinds": [
                {"key": one.key, "label": one.label, "help": one.help, "wanted": one.key not in left}
                for one in kinds.of(user)
            ],
        },
    )
