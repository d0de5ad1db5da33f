"""The way home by role."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse

from studyportal.access.declare import requires
from studyportal.access.permissions import Permission

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
