"""The consent log, its entries, its copies, and the story of one participant. All are read-only, and each look is
logged; the one thing that can be sent asks for a file to be made."""

from __future__ import annotations

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from apps.consent.selectors import chain
from apps.oversight import (
    entry_page,
    log_choice,
    log_files,
    log_page,
    log_pdf_job,
    story_page,
)
from apps.oversight.narrowing import address, given, participant_or_404, sites_with
from studyportal.access import walls
from studyportal.access.clock import zone_of
from studyportal.access.declare import requires
from studyportal.access.downloads import csv_answer
from studyportal.access.permissions import Permission
from studyportal.audit.looks import log_look
from studyportal.files.serving import as_attachment

SEE = Permission.VIEW_CONSENT_LOG


@requires(SEE)
@require_safe
def consent_log(request: HttpRequest) -> HttpResponse:
    sites = sites_with(request.user, SEE)
    zone = zone_of(sites)
    with timezone.override(zone):
        context = log_page.context_of(request.user, request.GET, sites, zone)
        log_look(what="consent_log", by=request.user, detail=context["narrowed"])
        return render(request, "oversight/consent_log.html", context)


@requires(SEE)
@require_safe
def consent_log_print(request: HttpRequest) -> HttpResponse:
    """The newest entries that fit, in full, for the printer."""
    sites = sites_with(request.user, SEE)
    zone = zone_of(sites)
    with timezone.override(zone):
        context = log_page.print_context(request.user, request.GET, sites, zone)
        log_look(what="consent_log_print", by=request.user, detail=context["narrowed"])
        return render(request, "oversight/consent_log_print.html", context)


@requires(SEE)
@require_safe
def consent_log_csv(request: HttpRequest) -> StreamingHttpResponse:
    """The log as a file, with the filters of the page, oldest first."""
    found = _asked(request, "csv").iterator(chunk_size=2000)
    return csv_answer(request.user, log_files.as_csv(found), "consent-log")


@requires(SEE)
@require_safe
def consent_log_jsonl(request: HttpRequest) -> StreamingHttpResponse:
    """The log as the verifier reads it: what fits in full, of every other entry its link in the chain."""
    lines = chain.jsonl(request.user, _asked(request, "jsonl"))

    def sent() -> Any:
        with walls.opened(request.user):
            yield from lines

    return StreamingHttpResponse(
        sent(),
        content_type="application/jsonl; charset=utf-8",
        headers={
            "Content-Disposition": 'attachment; filename="consent-log.jsonl"',
            "Cache-Control": "no-store",
        },
    )


@requires(SEE)
@require_safe
def consent_log_pdf(request: HttpRequest) -> HttpResponseBase:
    """The log as a PDF; a long one is made by a job, which its own page starts."""
    sites = sites_with(request.user, SEE)
    zone = zone_of(sites)
    choice = log_choice.choice_of(request.GET, sites)
    found = log_choice.events(request.user, choice, zone).order_by("id")
    entries = found.order_by().count()
    if entries > log_files.AT_ONCE:
        return redirect(address("/oversight/consent-log/pdf/", given(choice)))
    log_look(what="consent_log_file", by=request.user, detail={"as": "pdf"} | given(choice))
    about = log_page.provenance(request.user, choice, sites, zone, entries)
    with timezone.override(zone):
        content = log_files.as_pdf(found, about)
    return HttpResponse(
        content,
        content_type="application/pdf",
        headers={
            "Content-Disposition": 'attachment; filename="consent-log.pdf"',
            "Cache-Control": "no-store",
        },
    )


@requires(SEE)
@require_http_methods(["GET", "HEAD", "POST"])
def consent_log_make_pdf(request: HttpRequest) -> HttpResponse:
    """What the PDF will hold; sent, it is made by a job with progress."""
    sites = sites_with(request.user, SEE)
    zone = zone_of(sites)
    asked = request.POST if request.method == "POST" else request.GET
    choice = log_choice.choice_of(asked, sites)
    if request.method == "POST":
        return redirect(f"/jobs/{log_pdf_job.start(choice, by=request.user).pk}/")
    entries = log_choice.events(request.user, choice, zone).order_by().count()
    return render(
        request,
        "oversight/consent_log_pdf.html",
        {
            "narrowed": given(choice),
            "provenance": log_page.provenance(request.user, choice, sites, zone, entries).lines(),
            "back_url": address("/oversight/consent-log/", given(choice)),
        },
    )


@requires(SEE)
@require_safe
def consent_log_made_pdf(request: HttpRequest, job_id: int) -> HttpResponse:
    """The PDF that a job of the same person made."""
    stored = log_pdf_job.made(request.user, job_id)
    if stored is None:
        raise Http404(_("No PDF of the consent log was made for you under this number."))
    log_look(what="consent_log_file", by=request.user, detail={"as": "pdf", "job": job_id})
    return as_attachment(stored)


@requires(SEE)
@require_safe
def consent_entry(request: HttpRequest, pk: int) -> HttpResponse:
    """One entry in full, with what stands beside it."""
    event = entry_page.entry_or_404(request.user, pk)
    log_look(
        what="consent_entry",
        by=request.user,
        site=event.site_id,
        participant_code=event.participant.code,
        detail={"entry": event.pk},
    )
    with timezone.override(zone_of([event.site])):
        return render(request, "oversight/consent_entry.html", entry_page.context_of(request.user, event))


@requires(SEE)
@require_safe
def consent_story(request: HttpRequest, code: str) -> HttpResponse:
    """Everything about the consent of one participant, and nothing else about that participant."""
    participant = participant_or_404(request.user, code)
    with timezone.override(zone_of([participant.site])):
        context = story_page.context_of(request.user, participant, request.GET)
        log_look(
            what="consent_story",
            by=request.user,
            site=participant.site_id,
            participant_code=participant.code,
            detail=context["narrowed"],
        )
        return render(request, "oversight/consent_story.html", context)


def _asked(request: HttpRequest, form: str) -> Any:
    """The entries that a file of this form is asked for, oldest first; the look is logged."""
    sites = sites_with(request.user, SEE)
    choice = log_choice.choice_of(request.GET, sites)
    log_look(what="consent_log_file", by=request.user, detail={"as": form} | given(choice))
    return log_choice.events(request.user, choice, zone_of(sites)).order_by("id")
