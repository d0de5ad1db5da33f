"""The pages on which something of a visit is typed.

Each fetches with permission, calls one action, and answers; what was typed is shown again when it is refused.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from apps.casebook import inputs, visit_page
from apps.enrolment.models import Participant
from apps.enrolment.selectors import participant_or_404
from apps.visits import actions as visit_actions
from apps.visits.models import Visit
from studyportal.access.declare import get_visible_or_404, requires
from studyportal.access.permissions import Permission
from studyportal.audit import reasons
from studyportal.crf.errors import CrfInvalid, Refused, StaleVersion
from studyportal.crf.outcomes import Problem
from studyportal.queries.cards import may_ask
from studyportal.ui.parts import FieldView
from studyportal.ui.posted import listed, version_seen

METHODS = ["GET", "POST"]


@requires(Permission.ENTER_DATA)
@require_http_methods(METHODS)
def new_visit(request: HttpRequest, code: str) -> HttpResponse:
    """Record a visit of the protocol, or an unscheduled one."""
    participant = participant_or_404(request.user, code, Permission.ENTER_DATA)
    with timezone.override(ZoneInfo(participant.site.timezone)):
        problems: list[Problem] = []
        status = 400
        if request.method == "POST":
            try:
                visit = visit_actions.record(
                    participant=participant, by=request.user, **inputs.visit_values(request.POST)
                )
            except CrfInvalid as error:
                problems = list(error.problems)
            except Refused as error:
                problems, status = list(error.problems), 409
            else:
                messages.success(request, _("%s is recorded. Its forms are below.") % visit.label)
                return redirect("casebook:visit", participant.code, visit.pk)
        typed = request.POST or request.GET
        fields = inputs.visit_fields(inputs.visit_choices(participant), typed, problems)
        return form_page(
            request, "casebook/visit_new.html", fields, problems, participant=participant, status=status
        )


@requires(Permission.VIEW_DATA)
@require_http_methods(METHODS)
def visit(request: HttpRequest, code: str, pk: int) -> HttpResponse:
    """One visit: when it was, its forms, and (for those who enter data) its change."""
    participant = participant_or_404(request.user, code, Permission.VIEW_DATA)
    record = get_visible_or_404(
        Visit.objects.filter(participant=participant).select_related("participant", "site"),
        request.user,
        Permission.ENTER_DATA if request.method == "POST" else Permission.VIEW_DATA,
        pk=pk,
    )
    with timezone.override(ZoneInfo(participant.site.timezone)):
        problems: list[Problem] = []
        status = 400
        if request.method == "POST":
            try:
                visit_actions.change(
                    visit=record,
                    by=request.user,
                    reason=reasons.of_form(request.POST),
                    expected_version=version_seen(request.POST),
                    **inputs.visit_changes(request.POST),
                )
            except CrfInvalid as error:
                problems = list(error.problems)
            except Refused as error:
                problems, status = list(error.problems), 409
            except StaleVersion as error:
                problems, status, record = [inputs.stale_problem()], 412, error.current
            else:
                messages.success(request, _("%s is saved.") % record.label)
                return redirect("casebook:visit", code, pk)
        may_enter = request.user.may(Permission.ENTER_DATA, participant.site_id)  # type: ignore[union-attr]
        safety = request.user.may(Permission.VIEW_SAFETY, participant.site_id)  # type: ignore[union-attr]
        context = visit_page.context_of(participant, record, may_enter=may_enter, may_see_safety=safety)
        if may_ask(request.user, participant.site_id):  # type: ignore[arg-type]
            asks = reverse("queries:new", args=[participant.code])
            context["ask_url"] = f"{asks}?form=visit&record={record.pk}"
        fields = inputs.visit_change_fields(record, request.POST, problems)
        return form_page(
            request,
            "casebook/visit.html",
            fields,
            problems,
            participant=participant,
            status=status,
            **context,
        )


def form_page(
    request: HttpRequest,
    template: str,
    fields: Iterable[FieldView],
    problems: list[Problem],
    *,
    participant: Participant | None = None,
    status: int = 400,
    **context: Any,
) -> HttpResponse:
    shown = list(fields)
    return render(
        request,
        template,
        {
            "fields": shown,
            "problems": listed(problems, shown),
            "participant": participant,
            "synthetic": participant is not None and participant.synthetic,
            **context,
        },
        status=status if problems else 200,
    )
