"""The pages of forms: enter, change, explain, and read the history."""

from __future__ import annotations

from typing import Any
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from studyportal.access.declare import requires
from studyportal.access.permissions import Permission
from studyportal.audit import links
from studyportal.audit.selectors import history_of
from studyportal.crf import copying, display, drafts, form_page, left_behind, panels, saving, signature_pages
from studyportal.crf.fetch import may_enter_or_403, place_or_404, record_or_404, spec_or_404


@drafts.keeps_what_was_typed
@requires(Permission.VIEW_DATA)
@require_http_methods(["GET", "POST"])
def new(request: HttpRequest, code: str, key: str) -> HttpResponse:
    """An empty form for a participant; its parents (visit, session, …) are named in the address."""
    try:
        spec_or_404(key)
    except Http404 as error:
        return _left_or(error, request, key, code=code)
    spec, participant, parents = place_or_404(request, code, key)
    with timezone.override(ZoneInfo(participant.site.timezone)):
        if request.method == "POST":
            return saving.sent_new(request, spec, participant, parents)
        return form_page.opened(request, spec, participant, parents=parents)


@drafts.keeps_what_was_typed
@requires(Permission.VIEW_DATA)
@require_http_methods(["GET", "POST"])
def edit(request: HttpRequest, key: str, pk: int) -> HttpResponse:
    """A saved form: read by those who may see it, changed by those who may enter it."""
    try:
        spec = spec_or_404(key)
        record = record_or_404(request, spec, pk)
    except Http404 as error:
        return _left_or(error, request, key, pk=pk)
    with timezone.override(ZoneInfo(record.site.timezone)):
        if request.method == "POST":
            may_enter_or_403(request.user, spec, record.site_id)
            return saving.sent_change(request, spec, record)
        return form_page.opened(request, spec, record.participant, record=record)


def _left_or(error: Http404, request: HttpRequest, key: str, **place: Any) -> HttpResponse:
    """What the person typed there before it went, or the 404."""
    left = left_behind.page(request, key, **place)
    if left is None:
        raise error
    return left


@requires(Permission.VIEW_DATA)
@require_POST
def copy(request: HttpRequest, code: str, key: str) -> HttpResponse:
    """Copy the record before (of a form that repeats: every row of the visit before) into drafts, and open the first."""
    spec, participant, parents = place_or_404(request, code, key)
    place = drafts.parents_text(parents)
    with timezone.override(ZoneInfo(participant.site.timezone)):
        made = copying.make_drafts(
            spec,
            participant=participant,
            parents=parents,
            parents_text=place,
            by=request.user,  # type: ignore[arg-type]
        )
    if not made:
        messages.warning(request, _("There is nothing to copy: no earlier record of this form has values."))
        return redirect(f"{reverse('crf:new', args=[code, key])}?{place}")
    return redirect(drafts.url_of(made[-1], chosen=True))


@requires(Permission.VIEW_DATA)
def history(request: HttpRequest, key: str, pk: int) -> HttpResponse:
    spec = spec_or_404(key)
    record = record_or_404(request, spec, pk)
    with timezone.override(ZoneInfo(record.site.timezone)):
        return render(
            request,
            "crf/history.html",
            {
                "spec": spec,
                "record": record,
                "participant": record.participant,
                "synthetic": getattr(record.participant, "synthetic", False),
                "changes": panels.history_of(
                    spec,
                    record,
                    signature_pages.in_history(
                        display.history_in_words(spec, history_of(record)),
                        signature_pages.shown_on(spec, record),
                    ),
                ),
                "trail_url": links.trail_of(record)
                if request.user.may(Permission.VIEW_AUDIT_TRAIL, record.site_id)  # type: ignore[union-attr]
                else "",
            },
        )
