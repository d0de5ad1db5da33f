"""Alerts: read, and acknowledged with what is done."""

from __future__ import annotations

from typing import Any
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from apps.safety import clock_words as words
from apps.safety.actions import alerts as actions
from apps.safety.models import SafetyAlert
from apps.safety.selectors.alerts import alert_or_404
from studyportal.access.declare import requires
from studyportal.access.permissions import Permission
from studyportal.crf import drafts
from studyportal.crf.attempts import attempt
from studyportal.crf.outcomes import Problem
from studyportal.ui.parts import FieldView
from studyportal.ui.posted import errors_by_field, listed, version_seen


def _address(code: str, place: str) -> str:
    return reverse("safety:alert-acknowledge", args=[place.removeprefix("alert=")])


PAGE = drafts.register_page(
    drafts.Page("safety-alert", Permission.REPORT_SAFETY, ("what_is_done",), _address)
)


@requires(Permission.VIEW_SAFETY)
@require_safe
def alert(request: HttpRequest, pk: int) -> HttpResponse:
    """One alert: what was found, the event that it opened, and what is done."""
    user: Any = request.user
    found = alert_or_404(user, pk)
    with timezone.override(ZoneInfo(found.site.timezone)):
        return render(request, "safety/alert.html", _shown(found, user))


def _shown(found: SafetyAlert, user: Any) -> dict[str, Any]:
    return {
        "alert": found,
        "synthetic": found.participant.synthetic,  # type: ignore[attr-defined]
        "raised": words.at_site(found.raised_at, found.site),
        "acknowledged": words.at_site(found.acknowledged_at, found.site) if found.acknowledged_at else "",
        "may_acknowledge": found.acknowledged_at is None
        and user.may(Permission.REPORT_SAFETY, found.site_id),
        "may_see_product": user.may(Permission.VIEW_DATA, found.site_id),
        "asked": found.event is not None and found.event.serious is None,
    }


@drafts.keeps_what_was_typed
@requires(Permission.REPORT_SAFETY)
@require_http_methods(["GET", "POST"])
def acknowledge(request: HttpRequest, pk: int) -> HttpResponse:
    """Say what is done; the alert leaves the pages."""
    user: Any = request.user
    found = alert_or_404(user, pk, Permission.REPORT_SAFETY)

    def act() -> str:
        actions.acknowledge(
            alert=found,
            what_is_done=request.POST.get("what_is_done", ""),
            by=user,
            expected_version=version_seen(request.POST),
        )
        return _("The alert is acknowledged; what is done stands with it.")

    problems, status, done = attempt(request, act)
    if done is not None:
        drafts.forget(posted=request.POST, by=user)
        messages.success(request, done)
        return redirect("safety:alert", found.pk)
    found = alert_or_404(user, pk, Permission.REPORT_SAFETY)
    with timezone.override(ZoneInfo(found.site.timezone)):
        return _form(request, found, problems, status)


def _form(request: HttpRequest, found: SafetyAlert, problems: list[Problem], status: int) -> HttpResponse:
    user: Any = request.user
    place = f"alert={found.pk}"
    own = drafts.at(user, PAGE, found.participant, parents=place) if request.method == "GET" else []
    typed: Any = request.POST if request.method == "POST" else drafts.posted_of(own[0]) if own else {}
    field = FieldView(
        "what_is_done",
        _("What is done"),
        widget="textarea",
        value=typed.get("what_is_done", ""),
        errors=errors_by_field(problems).get("what_is_done", []),
        help=_("For example: participant examined, antibiotic started, committee told. Never a name."),
    )
    return render(
        request,
        "safety/alert_acknowledge.html",
        {
            **_shown(found, user),
            "fields": [field],
            "problems": listed(problems, [field]),
            "ticket": drafts.ticket_for(
                request,
                PAGE,
                found.participant,
                parents=place,
                page=own[0].page if own else drafts.page_of(request),
            ),
        },
        status=status,
    )
