"""The pages of attachments: beside a record, the picture itself, withdrawing, and the list."""

from __future__ import annotations

from typing import Any
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from studyportal.access.clock import in_own_zone
from studyportal.access.declare import refusal, requires
from studyportal.access.permissions import Permission
from studyportal.api.middleware import takes_files
from studyportal.attachments import actions, panel, selectors
from studyportal.attachments.actions import AttachmentRefused
from studyportal.attachments.listing import list_page
from studyportal.attachments.models import Attachment
from studyportal.attachments.places import Place, thing_or_404
from studyportal.files import pictures
from studyportal.files.checks import FileRefused
from studyportal.files.serving import as_attachment, as_picture
from studyportal.identity.errors import CannotBeOpened
from studyportal.identity.papers import OpenedPaper


@requires(*selectors.TOLD)
@require_safe
@in_own_zone
def index(request: HttpRequest) -> HttpResponse:
    """Which attachments there are at one's sites, with their hashes; no picture."""
    return render(request, "attachments/list.html", list_page(request.user, request.GET))


@takes_files
@requires(Permission.VIEW_DATA)
@require_http_methods(["GET", "HEAD", "POST"])
def of_record(request: HttpRequest, form: str, pk: int) -> HttpResponse:
    """The attachments of one record; POST attaches up to five files with one caption."""
    place, record = thing_or_404(request.user, form, pk)
    with timezone.override(ZoneInfo(record.site.timezone)):
        if request.method != "POST":
            return _page(request, place, record)
        if not actions.may_attach(request.user, place, record.site_id):
            raise PermissionDenied(refusal(place.permission, Permission.EDIT_IDENTITY))
        return _attach(request, place, record)


def _attach(request: HttpRequest, place: Place, record: Any) -> HttpResponse:
    """Each file by itself: of several, those that are taken stay when another is refused."""
    files = [file for name in ("file", "photo") for file in request.FILES.getlist(name)]
    caption = request.POST.get("caption", "")
    refused: list[tuple[str, str, str]] = []
    kept = 0
    if not files:
        refused.append(("file", _("File"), _("Choose a file, or take a photo.")))
    for file in files:
        try:
            actions.attach(place=place, record=record, upload=file, caption=caption, by=request.user)
        except AttachmentRefused as error:
            about = _("Caption") if error.field == "caption" else _("File %d") % (files.index(file) + 1)
            refused.append((error.field, about, str(error)))
            if error.field == "caption":
                break  # the same words are refused for every file
        else:
            kept += 1
    if not refused:
        messages.success(request, ngettext("%d file is attached.", "%d files are attached.", kept) % kept)
        return redirect("attachments:record", place.key, record.pk)
    return _page(request, place, record, status=400, problems=refused, caption=caption, kept=kept)


def _page(request: HttpRequest, place: Place, record: Any, *, status: int = 200, **more: Any) -> HttpResponse:
    by_field: dict[str, list[str]] = {}
    for field, _label, said in more.get("problems", ()):
        by_field.setdefault(field, []).append(said)
    shown = panel.context_of(request, place, record)
    # A request of the panel itself swaps what it is answered with; htmx leaves an error unswapped.
    if request.headers.get("HX-Request"):
        status = 200
    return render(
        request,
        "attachments/record.html",
        {
            "place": place,
            "record": record,
            "record_url": place.address_of(record),
            "participant": record.participant,
            "synthetic": getattr(record.participant, "synthetic", False),
            "panel": {"context": {**shown, **more, "errors": by_field}},
        },
        status=status,
    )


@requires(Permission.VIEW_IDENTITY)
@require_safe
def file(request: HttpRequest, pk: int) -> HttpResponse:
    """The picture, to be shown beside its record (`?save` to be saved); a PDF is only ever saved."""
    attachment = selectors.attachment_or_404(request.user, pk, Permission.VIEW_IDENTITY)
    paper = _opened(attachment, request, "attachment")
    if attachment.is_picture and "save" not in request.GET:
        return as_picture(paper.content, paper.content_type, attachment.name)
    return as_attachment(_named(paper, attachment.name))


@requires(Permission.VIEW_IDENTITY)
@require_safe
def thumbnail(request: HttpRequest, pk: int) -> HttpResponse:
    """A small picture of a picture."""
    attachment = selectors.attachment_or_404(request.user, pk, Permission.VIEW_IDENTITY)
    if not attachment.is_picture:
        raise Http404(_("Only pictures are shown small."))
    paper = _opened(attachment, request, "thumbnail of attachment")
    try:
        small = pictures.thumbnail(bytes(paper.content))
    except FileRefused as error:
        raise Http404(str(error)) from None
    return as_picture(small, "image/jpeg", attachment.name)


def _opened(attachment: Attachment, request: HttpRequest, purpose: str) -> OpenedPaper:
    try:
        return selectors.opened(attachment, request.user, purpose)
    except CannotBeOpened as error:
        raise Http404(error.message) from None


def _named(paper: OpenedPaper, name: str) -> OpenedPaper:
    return OpenedPaper(name, paper.content_type, paper.content, paper.sha256)


@requires(Permission.VIEW_DATA)
@require_POST
def withdraw(request: HttpRequest, pk: int) -> HttpResponse:
    attachment = selectors.attachment_or_404(request.user, pk, Permission.VIEW_DATA)
    try:
        place, record = thing_or_404(request.user, attachment.form, attachment.object_id)
    except Http404:
        raise PermissionDenied(refusal(Permission.ENTER_DATA)) from None
    if not request.user.may(place.permission, attachment.site_id):
        raise PermissionDenied(refusal(place.permission))
    try:
        actions.withdraw(attachment=attachment, reason=request.POST.get("reason", ""), by=request.user)
    except AttachmentRefused as error:
        return _page(
            request,
            place,
            record,
            status=400,
            problems=[(f"reason-{pk}", _("Reason"), str(error))],
            withdrawing=pk,
            reason=request.POST.get("reason", ""),
        )
    messages.success(request, _("The attachment is withdrawn; it stays readable."))
    return redirect("attachments:record", attachment.form, attachment.object_id)
