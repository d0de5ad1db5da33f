"""The pages of findings. All are read-only, and each look is itself logged."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from apps.consent.rules.findings import BY_NUMBER
from apps.enrolment.models import Participant
from apps.oversight import findings_files, findings_page
from apps.oversight.findings_choice import choice_of, said
from apps.oversight.narrowing import sites_with
from studyportal.access.declare import get_visible_or_404, requires
from studyportal.access.downloads import csv_answer
from studyportal.access.permissions import Permission
from studyportal.audit.looks import log_look


@requires(Permission.VIEW_FINDINGS)
@require_safe
def findings(request: HttpRequest) -> HttpResponse:
    """The sixteen questions with their counts."""
    context = findings_page.study_of(request.user, request.GET)
    log_look(what="findings", by=request.user, detail=context["narrowed"])
    return render(request, "oversight/findings.html", context)


@requires(Permission.VIEW_FINDINGS)
@require_safe
def finding(request: HttpRequest, number: int) -> HttpResponse:
    """One question: what was found, participant by participant."""
    if number not in BY_NUMBER:
        raise Http404(_("There are sixteen questions; this is none of them."))
    context = findings_page.question_of(request.user, BY_NUMBER[number], request.GET)
    log_look(what="finding", by=request.user, detail={"number": number} | context["narrowed"])
    return render(request, "oversight/finding.html", context)


@requires(Permission.VIEW_FINDINGS)
@require_safe
def participants(request: HttpRequest) -> HttpResponse:
    """Everybody with a finding."""
    context = findings_page.people_of(request.user, request.GET)
    log_look(what="findings", by=request.user, detail={"by": "participants"} | context["narrowed"])
    return render(request, "oversight/finding_people.html", context)


@requires(Permission.VIEW_FINDINGS)
@require_safe
def participant(request: HttpRequest, code: str) -> HttpResponse:
    """The sixteen questions of one participant."""
    found: Participant = get_visible_or_404(
        Participant.objects.select_related("site"), request.user, Permission.VIEW_FINDINGS, code=code
    )
    log_look(what="participant_findings", by=request.user, site=found.site_id, participant_code=found.code)
    return render(request, "oversight/finding_person.html", findings_page.participant_of(request.user, found))


@requires(Permission.VIEW_FINDINGS)
@require_safe
def findings_csv(request: HttpRequest) -> StreamingHttpResponse:
    """The findings as a file, with the filters of the page."""
    choice = choice_of(request.GET, sites_with(request.user, Permission.VIEW_FINDINGS))
    log_look(
        what="findings_file", by=request.user, participant_code=choice.participant[:16], detail=said(choice)
    )
    return csv_answer(request.user, findings_files.as_csv(request.user, choice), "consent-findings")
