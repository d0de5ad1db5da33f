"""What was typed into a form that is no more: an amendment took the form away, or the record is gone.

The draft stays, and its page shows every value to read and to copy; nothing of it can be saved.
"""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _

from studyportal.access.permissions import Permission
from studyportal.crf import drafts
from studyportal.crf.models import Draft
from studyportal.crf.registry import UnknownForm, get


def page(request: HttpRequest, key: str, *, code: str = "", pk: int | None = None) -> HttpResponse | None:
    """The page of the person's drafts of a form (code) or a record (pk) that was not found; None when nothing was typed."""
    try:
        title = str(get(key).title)
    except UnknownForm:
        title = key
    if request.method == "POST":
        _kept(request)
    own = Draft.objects.visible_to(request.user, Permission.VIEW_DATA).filter(user=request.user, form=key)  # type: ignore[arg-type]
    here: Any = own.filter(participant__code=code, object_id=None) if pk is None else own.filter(object_id=pk)
    found = list(here.select_related("participant").order_by("-updated_at", "-id")[: drafts.MOST])
    if not found:
        return None
    return render(
        request,
        "crf/left_behind.html",
        {
            "title": title,
            "participant": found[0].participant,
            "synthetic": getattr(found[0].participant, "synthetic", False),
            "drafts": [(draft, drafts.texts_of(draft)) for draft in found],
        },
        status=409 if request.method == "POST" else 200,
    )


def _kept(request: HttpRequest) -> None:
    ticket = drafts.read_ticket(request.POST, max_age=drafts.KEPT)
    if ticket is None:
        return
    try:
        drafts.keep(ticket=ticket, posted=request.POST, by=request.user)  # type: ignore[arg-type]
    except drafts.DraftRefused as error:
        messages.error(request, str(error))
    else:
        messages.warning(request, _("Nothing was saved: the form is no more. What you typed is kept."))
