"""The page of a session, and the opening of the next one."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from apps.celldose import actions, pages, selectors
from apps.enrolment.selectors import participant_or_404
from studyportal.access.declare import requires
from studyportal.access.permissions import Permission
from studyportal.crf.errors import CrfInvalid, Refused
from studyportal.words import translated


@requires(Permission.VIEW_DATA)
@require_GET
def session(request: HttpRequest, code: str, number: int) -> HttpResponse:
    """Harvest → processing → release → infusion of both products, with what bars each step in words."""
    participant = participant_or_404(request.user, code, Permission.VIEW_DATA)
    found = selectors.session_or_404(participant, number, request.user)
    with timezone.override(ZoneInfo(participant.site.timezone)):
        return render(request, "celldose/session.html", pages.session_page(found, request.user))


@requires(Permission.HANDLE_PRODUCTS)
@require_POST
def plan(request: HttpRequest, code: str) -> HttpResponse:
    """Open the participant's next session."""
    participant = participant_or_404(request.user, code, Permission.HANDLE_PRODUCTS)
    try:
        planned = actions.plan_session(
            participant=participant, by=request.user, planned_on=request.POST.get("planned_on") or None
        )
    except (CrfInvalid, Refused) as error:
        for problem in error.problems:
            messages.error(request, translated(problem.message))
        return redirect(participant.get_absolute_url())
    messages.success(request, _("Session %d is planned.") % planned.number)
    return redirect("celldose:session", participant.code, planned.number)
