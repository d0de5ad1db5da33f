"""The auditor's pages. All are read-only, and each look is itself logged."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from apps.oversight import actions, contexts, log_lines, selectors
from apps.oversight.items import BY_NUMBER
from apps.oversight.models import LoggedPage
from studyportal.access import walls
from studyportal.access.declare import requires
from studyportal.access.permissions import Permission


@requires(Permission.VIEW_FINDINGS)
@require_safe
def findings(request: HttpRequest) -> HttpResponse:
    """The sixteen questions with their counts."""
    context = contexts.findings_of(request.user, request.GET)
    actions.log_view(page=LoggedPage.FINDINGS, by=request.user, narrowed=context["narrowed"])
    return render(request, "oversight/findings.html", context)


@requires(Permission.VIEW_FINDINGS)
@require_safe
def finding(request: HttpRequest, number: int) -> HttpResponse:
    """One question: what was found, participant by participant."""
    if number not in BY_NUMBER:
        raise Http404(_("There are sixteen questions; this is none of them."))
    context = contexts.finding_of(request.user, BY_NUMBER[number], request.GET)
    actions.log_view(
        page=LoggedPage.FINDING, by=request.user, narrowed={"number": number} | context["narrowed"]
    )
    return render(request, "oversight/finding.html", context)


@requires(Permission.VIEW_CONSENT_LOG)
@require_safe
def consent_log(request: HttpRequest) -> HttpResponse:
    sites = selectors.sites_with(request.user, Permission.VIEW_CONSENT_LOG)
    with timezone.override(selectors.zone_of(sites)):
        context = contexts.log_of(request.user, request.GET, sites)
        actions.log_view(page=LoggedPage.CONSENT_LOG, by=request.user, narrowed=context["narrowed"])
        return render(request, "oversight/consent_log.html", context)


@requires(Permission.VIEW_CONSENT_LOG)
@require_safe
def consent_log_csv(request: HttpRequest) -> StreamingHttpResponse:
    """The log as a file, with the filters of the page, oldest first."""
    sites = selectors.sites_with(request.user, Permission.VIEW_CONSENT_LOG)
    zone = selectors.zone_of(sites)
    choice = contexts.log_choice(request.GET, sites)
    actions.log_view(page=LoggedPage.CONSENT_LOG_FILE, by=request.user, narrowed=vars(choice))
    events = selectors.consent_log(request.user, choice, zone).order_by("id")

    def lines() -> Iterator[str]:
        with walls.opened(request.user):
            yield from log_lines.as_csv(events.iterator(chunk_size=2000))

    return StreamingHttpResponse(
        lines(),
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": 'attachment; filename="consent-log.csv"'},
    )


@requires(Permission.VIEW_CONSENT_LOG)
@require_safe
def consent_story(request: HttpRequest, code: str) -> HttpResponse:
    """Everything about the consent of one participant, and nothing else about that participant."""
    participant = selectors.participant_or_404(request.user, code)
    actions.log_view(page=LoggedPage.CONSENT_STORY, by=request.user, participant=participant)
    with timezone.override(selectors.zone_of([participant.site])):
        return render(request, "oversight/consent_story.html", contexts.story_of(request.user, participant))


@requires(Permission.VIEW_AUDIT_TRAIL)
@require_safe
def audit_trail(request: HttpRequest) -> HttpResponse:
    sites = selectors.sites_with(request.user, Permission.VIEW_AUDIT_TRAIL)
    with timezone.override(selectors.zone_of(sites)):
        context = contexts.trail_of(request.user, request.GET, sites)
        actions.log_view(page=LoggedPage.AUDIT_TRAIL, by=request.user, narrowed=context["narrowed"])
        return render(request, "oversight/audit_trail.html", context)


@requires(Permission.VIEW_FINDINGS)
@require_safe
def looked_at(request: HttpRequest) -> HttpResponse:
    """Who looked at what."""
    sites = selectors.sites_with(request.user, Permission.VIEW_FINDINGS)
    with timezone.override(selectors.zone_of(sites)):
        context: dict[str, Any] = contexts.looks_of(request.user, request.GET)
        actions.log_view(page=LoggedPage.VIEWS, by=request.user, narrowed=context["narrowed"])
        return render(request, "oversight/views.html", context)
