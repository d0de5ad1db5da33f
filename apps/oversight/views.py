"""The auditor's pages. All are read-only, and each look is itself logged."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from apps.oversight import looks_page, trail_page
from apps.oversight.narrowing import sites_with
from studyportal.access.clock import zone_of
from studyportal.access.declare import requires
from studyportal.access.downloads import csv_answer
from studyportal.access.permissions import Permission
from studyportal.audit.looks import log_look


@requires(Permission.VIEW_AUDIT_TRAIL)
@require_safe
def audit_trail(request: HttpRequest) -> HttpResponse:
    """Every change, searched by who, whose, what, how, why and when."""
    sites = sites_with(request.user, Permission.VIEW_AUDIT_TRAIL)
    search = trail_page.search_of(request.GET, sites)
    with timezone.override(search.zone):
        context = trail_page.context_of(request.user, request.GET, search, sites)
        log_look(what="audit_trail", by=request.user, site=search.choice.site, detail=search.said)
        return render(request, "oversight/audit_trail.html", context)


@requires(Permission.VIEW_AUDIT_TRAIL)
@require_safe
def audit_trail_csv(request: HttpRequest) -> StreamingHttpResponse:
    """The trail as a file, with the filters of the page, oldest first, one line for each field."""
    sites = sites_with(request.user, Permission.VIEW_AUDIT_TRAIL)
    search = trail_page.search_of(request.GET, sites)
    log_look(what="audit_trail_file", by=request.user, site=search.choice.site, detail=search.said)
    return csv_answer(request.user, trail_page.as_csv(request.user, search.choice, sites), "audit-trail")


@requires(Permission.VIEW_AUDIT_TRAIL)
@require_safe
def field_history(request: HttpRequest) -> HttpResponse:
    """What one field of one record held, from the first entry to now."""
    sites = sites_with(request.user, Permission.VIEW_AUDIT_TRAIL)
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
    zone = zone_of(sites_with(request.user, Permission.VIEW_FINDINGS))
    with timezone.override(zone):
        context = looks_page.context_of(request.user, request.GET, zone)
        log_look(what="looks", by=request.user, detail=context["narrowed"])
        return render(request, "oversight/views.html", context)


@requires(Permission.VIEW_FINDINGS)
@require_safe
def looked_at_csv(request: HttpRequest) -> StreamingHttpResponse:
    """The looks as a file, with the filters of the page, oldest first."""
    zone = zone_of(sites_with(request.user, Permission.VIEW_FINDINGS))
    choice = looks_page.choice_of(request.GET)
    log_look(what="looks_file", by=request.user, detail=vars(choice))
    return csv_answer(request.user, looks_page.as_csv(request.user, choice, zone), "who-looked-at-what")
