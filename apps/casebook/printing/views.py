"""Choosing what is printed, the file that was made, and the cover sheet."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from apps.casebook.printing import job
from apps.enrolment.selectors import participant_or_404
from studyportal.access.declare import requires
from studyportal.access.permissions import Permission
from studyportal.audit.looks import log_look
from studyportal.files.serving import as_attachment
from studyportal.identity.errors import CannotBeOpened

LOOK = "casebook_file"


@requires(Permission.VIEW_DATA)
@require_http_methods(["GET", "HEAD", "POST"])
def choose(request: HttpRequest, code: str) -> HttpResponse:
    """What the file will hold; sent, it is made by a job with progress."""
    participant = participant_or_404(request.user, code, Permission.VIEW_DATA)
    if request.method == "POST":
        started = job.start(
            participant=participant,
            blank=request.POST.get("what") == "blank",
            history="history" in request.POST,
            by=request.user,  # type: ignore[arg-type]
        )
        return redirect(started.get_absolute_url())
    return render(
        request,
        "casebook/print.html",
        {
            "participant": participant,
            "synthetic": participant.synthetic,
            "may_see_identity": request.user.may(Permission.VIEW_IDENTITY, participant.site_id),  # type: ignore[union-attr]
        },
    )


@requires(Permission.VIEW_DATA)
@require_safe
def made(request: HttpRequest, code: str, job_id: int) -> HttpResponse:
    """The file that a job of the same person made of this participant."""
    participant = participant_or_404(request.user, code, Permission.VIEW_DATA)
    stored = job.made(request.user, participant, job_id)  # type: ignore[arg-type]
    if stored is None:
        raise Http404(_("No casebook of this participant was made for you under this number."))
    log_look(
        what=LOOK,
        by=request.user,
        site=participant.site_id,
        participant_code=participant.code,
        detail={"job": job_id},
    )
    return as_attachment(stored)


@requires(Permission.VIEW_IDENTITY)
@never_cache
@require_safe
def cover(request: HttpRequest, code: str) -> HttpResponse:
    """The sheet that says who the participant is: made now, kept nowhere, and the look is logged."""
    participant = participant_or_404(request.user, code, Permission.VIEW_IDENTITY)
    try:
        with timezone.override(ZoneInfo(participant.site.timezone)):
            sheet = job.cover(participant=participant, by=request.user)  # type: ignore[arg-type]
    except CannotBeOpened as error:
        return render(
            request, "casebook/print_closed.html", {"participant": participant, "why": error}, status=503
        )
    if sheet is None:
        raise Http404(_("It is not recorded who this participant is."))
    return HttpResponse(
        sheet,
        content_type="application/pdf",
        headers={
            "Content-Disposition": f'attachment; filename="{participant.code}-cover.pdf"',
            "Cache-Control": "no-store",
            "X-Content-Type-Options": "nosniff",
        },
    )
