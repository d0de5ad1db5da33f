"""Keeping drafts while a form is typed, and throwing them away."""

from __future__ import annotations

import functools
from collections.abc import Callable
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from studyportal.access.declare import get_own_or_404, requires
from studyportal.access.permissions import Permission
from studyportal.crf import drafts
from studyportal.crf.models import Draft


def or_without_session(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """As `drafts.keeps_what_was_typed`, for a request that a page makes in the background: no way to the sign-in page."""

    @functools.wraps(view)
    def kept(request: HttpRequest) -> HttpResponse:
        if request.method == "POST" and not request.user.is_authenticated:
            ticket = drafts.read_ticket(request.POST)
            if ticket is not None:
                why = drafts.keep_without_session(ticket, request.POST)
                return _said(request, why or drafts.kept_said(), 200 if why is None else 400)
        return view(request)

    return kept


@or_without_session
@requires(Permission.VIEW_DATA)
@require_POST
def keep(request: HttpRequest) -> HttpResponse:
    """Called by the page of a form, a moment after something was typed."""
    ticket = drafts.read_ticket(request.POST)
    if ticket is None:
        return _said(request, _("This page can no longer keep drafts. Save the form, or open it again."), 400)
    try:
        draft = drafts.keep(ticket=ticket, posted=request.POST, by=request.user)  # type: ignore[arg-type]
    except drafts.DraftRefused as error:
        return _said(request, str(error), error.status)
    with timezone.override(ZoneInfo(draft.site.timezone)):
        return render(request, "ui/components/autosave.html", {"state": "saved", "when": draft.updated_at})


def _said(request: HttpRequest, text: str, status: int) -> HttpResponse:
    return render(request, "ui/components/autosave.html", {"state": "failed", "text": text}, status=status)


@requires(Permission.VIEW_DATA)
@require_POST
def discard(request: HttpRequest, pk: int) -> HttpResponse:
    draft = get_own_or_404(Draft, request.user, pk=pk)
    url = drafts.url_of(draft)
    drafts.discard(draft=draft)
    messages.info(request, _("The draft is discarded."))
    return redirect(url)
