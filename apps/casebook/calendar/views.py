"""The page of the calendar, the feed, and the secret address that opens it."""

from __future__ import annotations

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from apps.casebook.calendar import feeds
from apps.casebook.calendar.page import calendar_of
from studyportal.access import walls
from studyportal.access.clock import in_own_zone
from studyportal.access.declare import requires
from studyportal.access.permissions import Permission


@requires(Permission.VIEW_DATA)
@require_safe
@in_own_zone
def calendar(request: HttpRequest) -> HttpResponse:
    return render(request, "casebook/calendar.html", calendar_of(request.user, request.GET))  # type: ignore[arg-type]


@requires(Permission.VIEW_DATA)
@require_POST
def make_feed(request: HttpRequest) -> HttpResponse:
    """The address is shown on this page alone: only its hash is kept."""
    secret = feeds.make(by=request.user)  # type: ignore[arg-type]
    address = request.build_absolute_uri(reverse("casebook:calendar-feed", args=[secret]))
    return render(request, "casebook/calendar_feed.html", {"address": address})


@requires(Permission.VIEW_DATA)
@require_POST
def take_back_feed(request: HttpRequest) -> HttpResponse:
    if feeds.take_back(by=request.user):  # type: ignore[arg-type]
        messages.success(request, _("The address of your calendar opens nothing any more."))
    else:
        messages.info(request, _("There was no address."))
    return redirect("casebook:calendar")


@requires(Permission.PUBLIC)
@require_safe
def feed(request: HttpRequest, secret: str) -> HttpResponse:
    """For calendar programs, which cannot sign in: the secret in the address says whose it is."""
    user = feeds.owner_of(secret)
    if user is None:
        raise Http404(_("There is no calendar at this address. Make a new one on the page “Calendar”."))
    with walls.opened(user):
        body = feeds.calendar_of(user, address=request.build_absolute_uri("/").rstrip("/"))
    return HttpResponse(
        body,
        content_type="text/calendar; charset=utf-8",
        headers={
            "Cache-Control": "private, no-store",
            "Content-Disposition": 'attachment; filename="visits.ics"',
            "X-Robots-Tag": "noindex",
        },
    )
