"""The pages that are read."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from apps.casebook import casebook_page, contexts, selectors, worklist_page
from apps.casebook.summaries import summary_of
from apps.enrolment.selectors import participant_or_404
from studyportal.access.declare import requires
from studyportal.access.permissions import Permission
from studyportal.crf.registry import UnknownForm, get
from studyportal.crf.signing import signed_records
from studyportal.ui.parts import Cell


@requires(Permission.ENTER_DATA)
@require_safe
def worklist(request: HttpRequest) -> HttpResponse:
    with timezone.override(selectors.zone_of(request.user)):
        show = request.GET.get("show", "")
        part = worklist_page.consent_of if request.GET.get("part") == "consent" else worklist_page.worklist_of
        context = part(request.user, show)
        return render(request, "casebook/worklist.html", context)


@requires(Permission.VIEW_DATA)
@require_safe
def participants(request: HttpRequest) -> HttpResponse:
    with timezone.override(selectors.zone_of(request.user)):
        return render(
            request, "casebook/participants.html", contexts.participants_of(request.user, request.GET)
        )


@requires(Permission.VIEW_DATA)
@require_safe
def participant(request: HttpRequest, code: str) -> HttpResponse:
    found = participant_or_404(request.user, code, Permission.VIEW_DATA)
    with timezone.override(ZoneInfo(found.site.timezone)):
        return render(request, "casebook/participant.html", casebook_page.casebook_of(request.user, found))


@requires(Permission.VIEW_DATA)
@require_safe
def records(request: HttpRequest, code: str, form: str) -> HttpResponse:
    """Every record of one form of a participant."""
    found = participant_or_404(request.user, code, Permission.VIEW_DATA)
    try:
        spec = get(form)
    except UnknownForm as error:
        raise Http404(str(error)) from None
    parents = [name for name in spec.parents if name in ("visit", "session")]
    own = spec.model._default_manager.filter(participant=found).select_related(*parents).order_by("id")
    signed = {one.object_id: one.state for one in signed_records([found.pk]) if one.form == form}
    with timezone.override(ZoneInfo(found.site.timezone)):
        rows = [
            [
                Cell(summary_of(spec, record), url=record.get_absolute_url()),
                ", ".join(str(getattr(record, name)) for name in parents if getattr(record, name))
                or _("at no visit"),
                Cell("", state=record.status),
                Cell("", state=signed[record.pk]) if record.pk in signed else "–",
            ]
            for record in own
        ]
        context = {
            "participant": found,
            "synthetic": found.synthetic,
            "spec": spec,
            "rows": rows,
            "columns": [_("Record"), _("Belongs to"), _("State"), _("Signature")],
            "new_url": reverse("crf:new", args=[code, form])
            if request.user.may(spec.permission, found.site_id)  # type: ignore[union-attr]
            else "",
        }
        return render(request, "casebook/records.html", context)
