"""Reports of serious events: recorded, read, printed again unchanged, corrected."""

from __future__ import annotations

import datetime as dt
from typing import Any
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from apps.safety import report_pdf
from apps.safety.actions import reports as actions
from apps.safety.models import AdverseEvent, SafetyReport
from apps.safety.rules.reports import Stated
from apps.safety.selectors import event_or_404
from apps.safety.selectors.clocks import clocks_of_event, jurisdiction_of
from apps.safety.selectors.reports import report_or_404, safety_reports
from apps.safety.views import clocks_page
from apps.safety.views import report_inputs as inputs
from studyportal.access.clock import in_own_zone
from studyportal.access.declare import requires
from studyportal.access.permissions import Permission
from studyportal.audit.looks import log_look
from studyportal.crf import drafts
from studyportal.crf.attempts import attempt
from studyportal.crf.errors import CrfInvalid, Refused
from studyportal.crf.outcomes import Problem
from studyportal.ui.paging import page_by_key
from studyportal.ui.posted import listed, version_seen, whole_number

METHODS = ["GET", "POST"]


def _address(code: str, place: str) -> str:
    return reverse("safety:report-new", args=[place.removeprefix("event=")])


PAGE = drafts.register_page(drafts.Page("safety-report", Permission.REPORT_SAFETY, inputs.NAMES, _address))


@requires(Permission.VIEW_SAFETY)
@require_safe
@in_own_zone
def every(request: HttpRequest) -> HttpResponse:
    """All versions at the reader's sites, the newest first."""
    found = safety_reports(request.user)  # type: ignore[arg-type]
    if site := request.GET.get("site", "")[:6]:
        found = found.filter(site__code=site)
    page = page_by_key(
        found, after=whole_number(request.GET.get("after")), before=whole_number(request.GET.get("before"))
    )
    return render(
        request,
        "safety/reports.html",
        {
            "columns": [_("Participant"), *clocks_page.report_columns()],
            "rows": [_with_person(request, one) for one in page.rows],
            "page": page,
            "site": site,
        },
    )


def _with_person(request: HttpRequest, report: SafetyReport) -> Any:
    row = clocks_page.report_row(report)
    user: Any = request.user
    return type(row)([clocks_page.person_cell(user, report.participant), *row.cells], row.tone)


# --- One version -----------------------------------------------------------------------------------------


@requires(Permission.VIEW_SAFETY)
@require_safe
def report(request: HttpRequest, pk: int) -> HttpResponse:
    """A version as it was sent."""
    user: Any = request.user
    found = report_or_404(user, pk)
    newer = getattr(found, "corrected_by", None)
    with timezone.override(ZoneInfo(found.site.timezone)):
        return render(
            request,
            "safety/report.html",
            {
                "report": found,
                "content": found.content,
                "synthetic": found.participant.synthetic,  # type: ignore[attr-defined]
                "newer": newer,
                "may_correct": newer is None
                and not found.taken_back
                and user.may(Permission.REPORT_SAFETY, found.site_id),
            },
        )


@requires(Permission.VIEW_SAFETY)
@require_safe
def pdf(request: HttpRequest, pk: int) -> HttpResponse:
    """The same bytes each time: made of the kept content alone. The download is logged."""
    user: Any = request.user
    found = report_or_404(user, pk)
    code = found.participant.code  # type: ignore[attr-defined]
    log_look(
        what="safety_report_file",
        by=user,
        site=found.site,
        participant_code=code,
        detail=f"{found.event_id}/{found.number}",
    )
    return report_pdf.answer(
        report_pdf.pdf_of(found), f"safety-report-{code}-{found.event_id}-{found.number}.pdf"
    )


# --- Recording -------------------------------------------------------------------------------------------


@drafts.keeps_what_was_typed
@requires(Permission.REPORT_SAFETY)
@require_http_methods(METHODS)
def new(request: HttpRequest, pk: int) -> HttpResponse:
    """Record that an event was reported: one version for each recipient, all or none."""
    event = event_or_404(pk, request.user, Permission.REPORT_SAFETY)  # type: ignore[arg-type]
    with timezone.override(ZoneInfo(event.site.timezone)):
        made: list[SafetyReport] = []

        def act() -> str:
            made.extend(_send(request, event))
            return ngettext("Version %(n)s is recorded.", "Versions %(n)s are recorded.", len(made)) % {
                "n": ", ".join(str(one.number) for one in made)
            }

        problems, status, done = attempt(request, act)
        if done is not None:
            drafts.forget(posted=request.POST, by=request.user)  # type: ignore[arg-type]
            messages.success(request, done)
            return redirect("safety:report", made[-1].pk)
        return _form(request, event, problems, status)


def _send(request: HttpRequest, event: AdverseEvent) -> list[SafetyReport]:
    """What the form says, for each recipient that is ticked."""
    user: Any = request.user
    recipients, given, problems = _typed(request)
    if problems:
        raise CrfInvalid(problems)
    with transaction.atomic():
        return [
            actions.send(
                event=event,
                recipient=recipient,
                by=user,
                expected_version=version_seen(request.POST),
                **given,
            )
            for recipient in recipients
        ]


def _typed(request: HttpRequest) -> tuple[list[str], dict[str, Any], list[Problem]]:
    posted = request.POST
    problems: list[Problem] = []
    recipients = [one for one in dict.fromkeys(posted.getlist("recipient")) if one]
    if not recipients:
        problems.append(Problem("recipient", "required", _("Tick at least one recipient.")))
    given: dict[str, Any] = {
        "kind": posted.get("kind", ""),
        "sent_at": inputs.moment(posted, problems),
        **{name: posted.get(name, "") for name in inputs.TEXTS},
    }
    return recipients, given, problems


def _form(request: HttpRequest, event: AdverseEvent, problems: list[Problem], status: int) -> HttpResponse:
    user: Any = request.user
    place = f"event={event.pk}"
    own = drafts.at(user, PAGE, event.participant, parents=place) if request.method == "GET" else []
    draft = next((one for one in own if str(one.pk) == request.GET.get("draft")), own[0] if own else None)
    if request.method == "POST":
        typed: Any = request.POST
        recipients = typed.getlist("recipient")
        opened = drafts.page_of(request)
        if status == 412:
            event = event_or_404(event.pk, user, Permission.REPORT_SAFETY)
    elif draft is not None:
        typed = drafts.posted_of(draft)
        recipients, opened = typed.getlist("recipient"), draft.page
    else:
        typed = {
            "kind": request.GET.get("kind", ""),
            "sent_at": inputs.as_typed(_minute(timezone.now())),
        }
        recipients, opened = [request.GET.get("recipient", "")], ""
    now = timezone.now()
    jurisdiction = jurisdiction_of(event.site)
    fields = [] if jurisdiction is None else inputs.report_fields(typed, recipients, problems, jurisdiction)
    clocks = clocks_of_event(event, event.reports.all(), now)  # type: ignore[attr-defined]
    return render(
        request,
        "safety/report_new.html",
        {
            "event": event,
            "participant": event.participant,
            "synthetic": event.participant.synthetic,  # type: ignore[attr-defined]
            "fields": fields,
            "problems": listed(problems, fields),
            "draft": draft,
            "ticket": drafts.ticket_for(request, PAGE, event.participant, parents=place, page=opened),
            "panel": clocks_page.event_panel(event, user),
            "clock_rows": clocks_page.clock_rows(clocks, event.site, now),
            "pressing": clocks_page.pressing(clocks, event.site, now),
            "jurisdiction": jurisdiction,
            "incomplete": not event.is_complete,
        },
        status=status,
    )


@requires(Permission.REPORT_SAFETY)
@require_POST
def preview(request: HttpRequest, pk: int) -> HttpResponse:
    """The PDF that would be kept, for the first recipient that is ticked; nothing is recorded."""
    user: Any = request.user
    event = event_or_404(pk, user, Permission.REPORT_SAFETY)
    with timezone.override(ZoneInfo(event.site.timezone)):
        recipients, given, problems = _typed(request)
        try:
            if problems:
                raise CrfInvalid(problems)
            number, content = actions.preview(
                event=event, stated=Stated(recipient=recipients[0], **given), by=user
            )
        except CrfInvalid as error:
            return _form(request, event, list(error.problems), 400)
        except Refused as error:
            return _form(request, event, list(error.problems), 409)
        code = event.participant.code  # type: ignore[attr-defined]
        name = f"{code} · {event.pk} · {number}"
        return report_pdf.answer(
            report_pdf.preview_of(content, name=name), f"preview-{code}-{event.pk}.pdf", inline=True
        )


# --- Correcting ------------------------------------------------------------------------------------------


@requires(Permission.REPORT_SAFETY)
@require_http_methods(METHODS)
def correct(request: HttpRequest, pk: int) -> HttpResponse:
    """A further version in the place of one that was recorded wrongly."""
    user: Any = request.user
    found = report_or_404(user, pk, Permission.REPORT_SAFETY)
    with timezone.override(ZoneInfo(found.site.timezone)):
        made: list[SafetyReport] = []

        def act() -> str:
            posted, problems = request.POST, list[Problem]()
            sent_at = inputs.moment(posted, problems)
            if problems:
                raise CrfInvalid(problems)
            made.append(
                actions.correct(
                    report=found,
                    reason=posted.get("reason", ""),
                    by=user,
                    recipient=posted.get("recipient", ""),
                    # Shown to the minute: what was not changed is the time to the second that was recorded.
                    sent_at=None if sent_at == _minute(found.sent_at) else sent_at,
                    reference=posted.get("reference", ""),
                    method=posted.get("method", ""),
                    late_reason=posted.get("late_reason", ""),
                    taken_back="yes" in posted.getlist("taken_back"),
                )
            )
            return _("Version %(new)d corrects version %(old)d.") % {
                "new": made[0].number,
                "old": found.number,
            }

        problems, status, done = attempt(request, act)
        if done is not None:
            messages.success(request, done)
            return redirect("safety:report", made[0].pk)
        jurisdiction = jurisdiction_of(found.site)
        typed: Any = request.POST if request.method == "POST" else _stands(found)
        fields = [] if jurisdiction is None else inputs.correction_fields(typed, problems, jurisdiction)
        return render(
            request,
            "safety/report_correct.html",
            {"report": found, "fields": fields, "problems": listed(problems, fields)},
            status=status,
        )


def _minute(at: dt.datetime) -> dt.datetime:
    return at.replace(second=0, microsecond=0)


def _stands(report: SafetyReport) -> dict[str, str]:
    return {
        "recipient": report.recipient,
        "sent_at": inputs.as_typed(_minute(report.sent_at)),
        "method": report.method,
        "reference": report.reference,
        "late_reason": report.late_reason,
    }
