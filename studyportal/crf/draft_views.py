"""Keeping drafts while a form is typed, and throwing them away."""

from __future__ import annotations

import functools
from collections.abc import Callable
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from studyportal.access.declare import get_own_or_404, requires
from studyportal.access.permissions import Permission
from studyportal.api import handlers
from studyportal.crf import drafts
from studyportal.crf.models import Draft
from studyportal.crf.registry import all_specs


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
    ticket = drafts.read_ticket(request.POST, max_age=drafts.KEPT)
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
    if draft.form not in drafts.PAGES and draft.form not in {spec.key for spec in all_specs()}:
        url = draft.participant.get_absolute_url()  # type: ignore[attr-defined]
    drafts.discard(draft=draft)
    messages.info(request, _("The draft is discarded."))
    return redirect(url)


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """The token against forgery is that of a sign-in before: who signed in again on another page sends the old one here.

    The ticket of the form, which only the portal signs, says that the form was drawn for the very person who is signed in:
    what was typed is kept as a draft. Nothing is saved, and without an old token nothing is kept.
    """
    user = getattr(request, "user", None)
    sent = request.POST.get("csrfmiddlewaretoken") or request.headers.get("X-CSRFToken")
    if user is None or not user.is_authenticated or not sent:
        return handlers.csrf_failure(request, reason)
    ticket = drafts.read_ticket(request.POST, max_age=drafts.KEPT)
    in_background = request.path == reverse("crf:draft-keep")
    if (
        ticket is None
        or ticket.user != user.pk
        or not (in_background or ticket.address == request.get_full_path())
    ):
        return handlers.csrf_failure(request, reason)
    why = drafts.keep_without_session(ticket, request.POST)
    if why is not None:
        return handlers.csrf_failure(request, reason)
    said = _("You signed in again since this page was opened. What you typed is kept: look at it, and save.")
    if in_background:
        return _said(request, said, 200)
    messages.warning(request, said)
    return redirect(ticket.address)
