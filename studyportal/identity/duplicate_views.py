"""The pages about possible duplicates. No name stands on them, and none can be asked for."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from studyportal.access.declare import requires
from studyportal.access.permissions import Permission
from studyportal.audit import reasons
from studyportal.identity import duplicate_pages, duplicates, looks, pages, settling
from studyportal.identity.errors import IdentityInvalid, StaleIdentity

TYPED = ("decision", "stays", "reason_code", "reason")


@requires(*duplicates.SHOWN)
@require_safe
def board(request: HttpRequest) -> HttpResponse:
    """Those of the participants of one's site; for a data manager, the pairs of the study."""
    user: Any = request.user
    context = duplicate_pages.board(user, request.GET)
    if context["settles"]:
        looks.log_pairs(by=user, detail="list of pairs")
    return render(request, "identity/duplicates.html", context)


@requires(Permission.RESOLVE_DUPLICATES)
@require_http_methods(["GET", "POST"])
def pair(request: HttpRequest, pk: UUID) -> HttpResponse:
    """One pair: what agrees, and whether it is one person or two."""
    user: Any = request.user
    one = duplicates.pair_or_404(user, pk)
    if request.method != "POST":
        looks.log_pairs(by=user, detail=f"pair {pk}")
        return _page(request, one, {})
    typed = {name: request.POST.get(name, "") for name in TYPED}
    same = typed["decision"] == "same_person"
    try:
        settling.settle(
            pair=pk,
            decision=typed["decision"],
            stays=typed["stays"] if same else "",
            by=user,
            reason=reasons.of_form(request.POST),
            expected_version=pages.version_seen(request.POST),
        )
    except IdentityInvalid as error:
        return _page(request, one, typed, problems=error.problems, status=400)
    except StaleIdentity:
        fresh = duplicates.pair_or_404(user, pk)
        return _page(request, fresh, typed, problems=[pages.stale_problem()], status=412)
    messages.success(
        request, _("The pair is settled. The staff of both sites see it at their own participant.")
    )
    return redirect("identity:duplicates")


def _page(
    request: HttpRequest, one: Any, values: dict[str, str], *, problems: Any = (), status: int = 200
) -> HttpResponse:
    return render(
        request, "identity/duplicate.html", duplicate_pages.pair(one, values, problems), status=status
    )
