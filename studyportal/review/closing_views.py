"""The pages on which a visit, a site or the study is closed and opened again."""

from __future__ import annotations

from typing import Any
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from studyportal.access.clock import in_own_zone
from studyportal.access.declare import get_visible_or_404, requires
from studyportal.access.models import Site
from studyportal.access.permissions import Permission
from studyportal.crf.attempts import attempt
from studyportal.crf.errors import Refused
from studyportal.review import closing, page, selectors
from studyportal.review.kinds import VISIT, visit_model
from studyportal.ui.parts import FieldView
from studyportal.ui.posted import listed

METHODS = ["GET", "HEAD", "POST"]

VISIT_ACTS = {
    "lock": Permission.LOCK_RECORDS,
    "unlock": Permission.LOCK_RECORDS,
    "freeze": Permission.FREEZE_RECORDS,
    "lift": Permission.FREEZE_RECORDS,
}


@requires(Permission.LOCK_RECORDS, Permission.FREEZE_RECORDS)
@require_http_methods(METHODS)
def visit(request: HttpRequest, pk: int, act: str) -> HttpResponse:
    """Lock a visit with its forms, or freeze it; and open it again."""
    permission = VISIT_ACTS.get(act)
    model = visit_model()
    if permission is None or model is None:
        raise Http404(_("There is no such act."))
    user: Any = request.user
    found = get_visible_or_404(
        model._default_manager.select_related("participant", "site"), user, permission, pk=pk
    )
    home = reverse("casebook:visit", args=[found.participant.code, found.pk])
    closed = None

    def run() -> str:
        nonlocal closed
        if act == "lock":
            closed = closing.lock_visit(visit=found, by=user)
            if not closed.whole:
                raise Refused([])
            return _("The visit is locked with its forms.")
        reason = request.POST.get("reason", "")
        if act == "unlock":
            closing.unlock_visit(visit=found, by=user, reason=reason)
            return _("The visit and its forms are unlocked.")
        if act == "freeze":
            closing.freeze_visit(visit=found, by=user, reason=reason)
            return _("The visit is frozen.")
        closing.lift_visit(visit=found, by=user, reason=reason)
        return _("The freeze of the visit is lifted.")

    with timezone.override(ZoneInfo(found.site.timezone)):
        problems, status, done = attempt(request, run)
        if done is not None:
            messages.success(request, done)
            return redirect(home)
        reason = FieldView("reason", _("Reason"), widget="textarea", value=request.POST.get("reason", ""))
        fields = [] if act == "lock" else [reason]
        context = {
            "participant": found.participant,
            "synthetic": getattr(found.participant, "synthetic", False),
            "visit": found,
            "act": act,
            "closed": closed,
            "fields": fields,
            "problems": listed(problems, fields),
            "home_url": home,
            "titles": {
                "lock": _("Lock the visit with its forms"),
                "unlock": _("Unlock the visit and its forms"),
                "freeze": _("Freeze the visit"),
                "lift": _("Lift the freeze of the visit"),
            },
            "badges": page.badges(selectors.states({VISIT: [found.pk]})[VISIT, found.pk]),
        }
        context["title"] = context["titles"][act]
        return render(request, "review/visit.html", context, status=status)


@requires(Permission.FREEZE_RECORDS)
@require_http_methods(METHODS)
@in_own_zone
def freeze(request: HttpRequest) -> HttpResponse:
    """Freeze ?site= (none: the whole study), or lift its freeze (?act=lift)."""
    user: Any = request.user
    code = request.GET.get("site", "")
    lifting = request.GET.get("act") == "lift"
    site = None
    if code:
        held = user.sites_with(Permission.FREEZE_RECORDS)
        site = next(
            (one for one in Site.objects.filter(code=code[:20].replace("\x00", "")) if one.pk in held), None
        )
        if site is None:
            raise Http404(_("There is no such site."))
    elif not page.holds_everywhere(user, Permission.FREEZE_RECORDS):
        raise PermissionDenied(_("Only who may freeze every site freezes the study."))

    def run() -> str:
        do = closing.lift if lifting else closing.freeze
        do(site=site, by=user, reason=request.POST.get("reason", ""))
        return _("The freeze is lifted.") if lifting else _("The data are frozen.")

    problems, status, done = attempt(request, run)
    if done is not None:
        messages.success(request, done)
        return redirect("review:index")
    fields = [FieldView("reason", _("Reason"), widget="textarea", value=request.POST.get("reason", ""))]
    context = {
        "where": site.name if site else _("Whole study"),
        "lifting": lifting,
        "fields": fields,
        "problems": listed(problems, fields),
        "home_url": reverse("review:index"),
    }
    return render(request, "review/freeze.html", context, status=status)
