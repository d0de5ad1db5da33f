"""The auditor's pages. All are read-only, and each look is itself logged."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from apps.oversight import contexts, log_lines, looks_page, selectors, trail_page
from studyportal.access.clock import zone_of
from studyportal.access.declare import requires
from studyportal.access.downloads import csv_answer
from studyportal.access.permissions import Permission
from studyportal.audit.looks import log_look


@requires(Permission.VIEW_CONSENT_LOG)
@require_safe
def consent_log(request: HttpRequest) -> HttpResponse:
    sites = selectors.sites_with(request.user, Permission.VIEW_CONSENT_LOG)
    with timezone.override(zone_of(sites)):
        context = contexts.log_of(request.user, request.GET, sites)
        log_look(what="consent_log", by=request.user, detail=context["narrowed"])
        return render(request, "oversight/consent_log.html", context)


@requires(Permission.VIEW_CONSENT_LOG)
@require_safe
def consent_log_csv(request: HttpRequest) -> StreamingHttpResponse:
    """The log as a file, with the filters of the page, oldest first."""
    sites = selectors.sites_with(request.user, Permission.VIEW_CONSENT_LOG)
    zone = zone_of(sites)
    choice = contexts.log_choice(request.GET, sites)
    log_look(what="consent_log_file", by=request.user, detail=vars(choice))
    events = selectors.consent_log(request.user, choice, zone).order_by("id").iterator(chunk_size=2000)
    return csv_answer(request.user, log_lines.as_csv(events), "consent-log")


@requires(Permission.VIEW_CONSENT_LOG)
@require_safe
def consent_story(request: HttpRequest, code: str) -> HttpResponse:
    """Everything about the consent of one participant, and nothing else about that participant."""
    participant = selectors.participant_or_404(request.user, code)
    log_look(
        what="consent_story", by=request.user, site=participant.site_id, participant_code=participant.code
    )
    with timezone.override(zone_of([participant.site])):
        return render(request, "oversight/consent_story.html", contexts.story_of(request.user, participant))


@requires(Permission.VIEW_AUDIT_TRAIL)
@require_safe
def audit_trail(request: HttpRequest) -> HttpResponse:
    """Every change, searched by who, whose, what, how, why and when."""
    sites = selectors.sites_with(request.user, Permission.VIEW_AUDIT_TRAIL)
    search = trail_page.search_of(request.GET, sites)
    with timezone.override(search.zone):
        context = trail_page.context_of(request.user, request.GET, search, sites)
        log_look(what="audit_trail", by=request.user, site=search.choice.site, detail=search.said)
        return render(request, "oversight/audit_trail.html", context)


@requires(Permission.VIEW_AUDIT_TRAIL)
@require_safe
def audit_trail_csv(request: HttpRequest) -> StreamingHttpResponse:
    """The trail as a file, with the filters of the page, oldest first, one line for each field."""
    sites = selectors.sites_with(request.user, Permission.VIEW_AUDIT_TRAIL)
    search = trail_page.search_of(request.GET, sites)
    log_look(what="audit_trail_file", by=request.user, site=search.choice.site, detail=search.said)
    return csv_answer(request.user, trail_page.as_csv(request.user, search.choice, sites), "audit-trail")


@requires(Permission.VIEW_AUDIT_TRAIL)
@require_safe
def field_history(request: HttpRequest) -> HttpResponse:
    """What one field of one record held, from the first entry to now."""
    sites = selectors.sites_with(request.user, Permission.VIEW_AUDIT_TRAIL)
    context = trail_page.field_context_of(request.user, request.GET, sites)
    if context is None:
        raise Http404(_("No history of such a field of such a record among those that you may see."))
    log_look(what="audit_trail", by=request.user, detail=context["narrowed"])
    with timezone.override(context["zone_info"]):
        return render(request, "oversight/field_history.html", context)


@requires(Permission.VIEW_FINDINGS)
@require_safe
def looked_at(request: HttpRequest) -> HttpResponse:
    """Who looked at what."""
    zone = zone_of(selectors.sites_with(request.user, Permission.VIEW_FINDINGS))
    with timezone.override(zone):
        context = looks_page.context_of(request.user, request.GET, zone)
        log_look(what="looks", by=request.user, detail=context["narrowed"])
        return render(request, "oversight/views.html", context)


@requires(Permission.VIEW_FINDINGS)
@require_safe
def looked_at_csv(request: HttpRequest) -> StreamingHttpResponse:
    """The looks as a file, with the filters of the page, oldest first."""
    zone = zone_of(selectors.sites_with(request.user, Permission.VIEW_FINDINGS))
    choice = looks_page.choice_of(request.GET)
    log_look(what="looks_file", by=request.user, detail=vars(choice))
    return csv_answer(request.user, looks_page.as_csv(request.user, choice, zone), "who-looked-at-what")
