"""Study start-up: which approvals each site has, and their recording, renewal, waiver, suspension and correction."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from apps.enrolment import actions, selectors
from apps.enrolment.models import SiteApproval
from apps.enrolment.views import approvals_inputs as inputs
from apps.enrolment.views import approvals_page as pages
from studyportal.access.declare import requires
from studyportal.access.models import Site
from studyportal.access.permissions import Permission
from studyportal.api.middleware import takes_files
from studyportal.audit import reasons
from studyportal.crf.attempts import attempt
from studyportal.crf.errors import CrfInvalid
from studyportal.crf.outcomes import Problem
from studyportal.files.serving import as_attachment
from studyportal.ui.parts import FieldView, Filter
from studyportal.ui.posted import version_seen

METHODS = ["GET", "POST"]


@requires(Permission.VIEW_APPROVALS)
@require_safe
def overview(request: HttpRequest) -> HttpResponse:
    """Every site with the state of each approval today."""
    return render(request, "enrolment/approvals_overview.html", pages.overview(request.user))


@requires(Permission.VIEW_APPROVALS)
@require_safe
def site_start_up(request: HttpRequest, code: str) -> HttpResponse:
    """The approvals of one site, as they stand today or on the day asked for."""
    site = selectors.start_up_site_or_404(request.user, code)
    asked = request.GET.get("on", "").strip()
    problem, on = "", None
    if asked:
        try:
            on = dt.date.fromisoformat(asked)
        except ValueError:
            problem = _("“%s” is no day. Write it as 2026-11-03.") % asked[:20]
    with timezone.override(ZoneInfo(site.timezone)):
        return _site_page(request, site, on, asked, problem)


def _site_page(
    request: HttpRequest, site: Site, on: dt.date | None, asked: str, problem: str
) -> HttpResponse:
    context = pages.site_page(site, request.user, on) | {
        "day_problem": problem,
        "filters": [Filter("on", _("On another day"), widget="date", value=asked[:10])],
        "clear_url": request.path if asked else "",
    }
    return render(request, "enrolment/approvals_site.html", context, status=400 if problem else 200)


@requires(Permission.VIEW_APPROVALS)
@require_safe
def approval(request: HttpRequest, code: str, pk: int) -> HttpResponse:
    """One approval with its document, its suspensions and its history."""
    found = selectors.approval_or_404(request.user, pk, code=code)
    with timezone.override(ZoneInfo(found.site.timezone)):
        return render(request, "enrolment/approvals_one.html", pages.approval_page(found, request.user))


@requires(Permission.VIEW_APPROVALS)
@require_safe
def document(request: HttpRequest, code: str, pk: int) -> HttpResponse:
    """The document as it came, to be saved and not to be shown."""
    found = selectors.approval_or_404(request.user, pk, code=code)
    if found.document is None:
        raise Http404(_("No document is kept with this approval."))
    return as_attachment(found.document)


# --- Recording -------------------------------------------------------------------------------------------


@takes_files
@requires(Permission.MANAGE_APPROVALS)
@require_http_methods(METHODS)
def new_approval(request: HttpRequest, code: str) -> HttpResponse:
    """Record an approval, or (?renews=) the renewal of one."""
    return _record(request, code, waived=False)


@takes_files
@requires(Permission.MANAGE_APPROVALS)
@require_http_methods(METHODS)
def new_waiver(request: HttpRequest, code: str) -> HttpResponse:
    """Record that the site was told that it does not need an approval."""
    return _record(request, code, waived=True)


def _record(request: HttpRequest, code: str, *, waived: bool) -> HttpResponse:
    site = selectors.start_up_site_or_404(request.user, code, Permission.MANAGE_APPROVALS)
    renewed = _renewed(request, site)
    problems: list[Problem] = []
    if request.method == "POST":
        try:
            made = actions.record_approval(
                site=site,
                by=request.user,
                waived=waived,
                supersedes=renewed,
                upload=request.FILES.get("document"),
                **inputs.approval_values(request.POST, waived=waived, kind=True),
            )
        except CrfInvalid as error:
            problems = list(error.problems)
        else:
            said = _("The waiver is recorded.") if waived else _("%s is recorded.") % made
            messages.success(request, said)
            return redirect("enrolment:site-start-up", site.code)
    typed: Any = request.POST if request.method == "POST" else _offered(request, renewed)
    title = _("Record a waiver") if waived else _("Record a renewal") if renewed else _("Record an approval")
    return _form(
        request,
        site,
        inputs.approval_fields(typed, problems, waived=waived, kind=True),
        problems,
        title=title,
        lead=_("A waiver says that the site was told that it does not need this approval. Participants may be enrolled.")
        if waived
        else _("Renewal of %(what)s, valid %(days)s.") % {"what": renewed, "days": pages.validity(renewed)}
        if renewed
        else "",
        upload=True,
    )  # fmt: skip


def _renewed(request: HttpRequest, site: Site) -> SiteApproval | None:
    """The approval that ?renews= names: of this site, or none."""
    text = request.GET.get("renews", "")
    if not (text.isascii() and text.isdigit() and len(text) < 19):
        return None
    return selectors.approval_or_404(request.user, int(text), Permission.MANAGE_APPROVALS, code=site.code)


def _offered(request: HttpRequest, renewed: SiteApproval | None) -> dict[str, str]:
    """With what the form of a new approval begins."""
    offered = {"kind": request.GET.get("kind", "")}
    if renewed is not None:
        offered |= {"kind": renewed.kind, "authority": renewed.authority, "covers": renewed.covers}
        if renewed.valid_until is not None:
            offered["valid_from"] = (renewed.valid_until + dt.timedelta(days=1)).isoformat()
    return offered


# --- Correcting ------------------------------------------------------------------------------------------


@takes_files
@requires(Permission.MANAGE_APPROVALS)
@require_http_methods(METHODS)
def change(request: HttpRequest, code: str, pk: int) -> HttpResponse:
    """Correct an approval, or keep its document."""
    found = selectors.approval_or_404(request.user, pk, Permission.MANAGE_APPROVALS, code=code)
    waived = found.waived

    def act() -> str:
        changed = actions.change_approval(
            approval=found,
            by=request.user,
            reason=reasons.of_form(request.POST),
            expected_version=version_seen(request.POST),
            upload=request.FILES.get("document"),
            **inputs.approval_values(request.POST, waived=waived, kind=False),
        )
        return _("%s is saved.") % changed

    problems, status, done = attempt(request, act)
    if done is not None:
        messages.success(request, done)
        return redirect(found.get_absolute_url())
    if status == 412:
        found = selectors.approval_or_404(request.user, pk, Permission.MANAGE_APPROVALS, code=code)
    typed: Any = request.POST if request.method == "POST" else inputs.stands(found)
    fields = [
        *inputs.approval_fields(typed, problems, waived=waived, kind=False),
        *inputs.reason_fields(request.POST, problems),
    ]
    return _form(
        request, found.site, fields, problems, title=_("Correct %s") % found, approval=found, status=status,
        version=found.version, upload=True,
        lead=_("A renewal is recorded anew, so that the days between are seen. Here only what was written down wrongly is corrected."),
    )  # fmt: skip


@requires(Permission.MANAGE_APPROVALS)
@require_http_methods(METHODS)
def in_error(request: HttpRequest, code: str, pk: int) -> HttpResponse:
    """Say that an approval was entered in error."""
    found = selectors.approval_or_404(request.user, pk, Permission.MANAGE_APPROVALS, code=code)

    def act() -> str:
        actions.enter_in_error(
            approval=found,
            by=request.user,
            reason=reasons.of_form(request.POST),
            expected_version=version_seen(request.POST),
        )
        return _("%s is marked as entered in error.") % found

    return _error_form(request, found, act, title=_("%s was entered in error") % found, version=found.version)


@requires(Permission.MANAGE_APPROVALS)
@require_http_methods(METHODS)
def suspend(request: HttpRequest, code: str, pk: int) -> HttpResponse:
    """Record that the authority suspended or withdrew an approval."""
    found = selectors.approval_or_404(request.user, pk, Permission.MANAGE_APPROVALS, code=code)

    def act() -> str:
        made = actions.suspend_approval(
            approval=found,
            by=request.user,
            expected_version=version_seen(request.POST),
            **{name: request.POST.get(name, "") for name in SUSPENSION},
        )
        return _("Recorded: %(what)s, %(approval)s.") % {"what": made.get_kind_display(), "approval": found}

    problems, status, done = attempt(request, act)
    if done is not None:
        messages.success(request, done)
        return redirect(found.get_absolute_url())
    return _form(
        request, found.site, inputs.suspension_fields(request.POST, problems), problems,
        title=_("Suspended or withdrawn: %s") % found, approval=found, status=status, version=found.version,
        lead=_("From that day on nobody can be enrolled under it. Who was enrolled since becomes a protocol deviation."),
    )  # fmt: skip


SUSPENSION = ("kind", "from_on", "reason", "lifted_on", "lift_reason")


@requires(Permission.MANAGE_APPROVALS)
@require_http_methods(METHODS)
def lift(request: HttpRequest, code: str, pk: int) -> HttpResponse:
    """Record that a suspension was lifted."""
    found = selectors.suspension_or_404(request.user, pk, Permission.MANAGE_APPROVALS, code=code)

    def act() -> str:
        actions.lift_suspension(
            suspension=found,
            by=request.user,
            lifted_on=request.POST.get("lifted_on", ""),
            reason=request.POST.get("lift_reason", ""),
            expected_version=version_seen(request.POST),
        )
        return _("%s holds again.") % found.approval

    problems, status, done = attempt(request, act)
    if done is not None:
        messages.success(request, done)
        return redirect(found.approval.get_absolute_url())
    return _form(
        request, found.site, inputs.lifting_fields(request.POST, problems), problems,
        title=_("Lifted: %s") % found.approval, approval=found.approval, status=status, version=found.version,
    )  # fmt: skip


@requires(Permission.MANAGE_APPROVALS)
@require_http_methods(METHODS)
def suspension_error(request: HttpRequest, code: str, pk: int) -> HttpResponse:
    """Say that a suspension was entered in error."""
    found = selectors.suspension_or_404(request.user, pk, Permission.MANAGE_APPROVALS, code=code)

    def act() -> str:
        actions.suspension_in_error(
            suspension=found,
            by=request.user,
            reason=reasons.of_form(request.POST),
            expected_version=version_seen(request.POST),
        )
        return _("The suspension is marked as entered in error.")

    title = _("The suspension of %s was entered in error") % found.approval
    return _error_form(request, found.approval, act, title=title, version=found.version)


# --- Parts -----------------------------------------------------------------------------------------------


def _error_form(
    request: HttpRequest, approval: SiteApproval, act: Callable[[], str], *, title: str, version: int
) -> HttpResponse:
    problems, status, done = attempt(request, act)
    if done is not None:
        messages.success(request, done)
        return redirect(approval.get_absolute_url())
    return _form(
        request, approval.site, inputs.reason_fields(request.POST, problems, required=True), problems, title=title,
        approval=approval, status=status, version=version, danger=True,
        lead=_("The entry stays readable with its reason and no longer counts. This cannot be taken back: record it anew."),
    )  # fmt: skip


def _form(
    request: HttpRequest,
    site: Site,
    fields: list[FieldView],
    problems: list[Problem],
    *,
    title: str,
    approval: SiteApproval | None = None,
    lead: str = "",
    status: int = 400,
    version: int = 0,
    upload: bool = False,
    danger: bool = False,
) -> HttpResponse:
    back = approval.get_absolute_url() if approval else reverse("enrolment:site-start-up", args=[site.code])
    context = {
        "site": site,
        "approval": approval,
        "title": title,
        "lead": lead,
        "fields": fields,
        "problems": inputs.summary(problems, fields),
        "version": version,
        "upload": upload,
        "save_kind": "danger" if danger else "primary",
        "cancel": back,
    }
    return render(request, "enrolment/approvals_form.html", context, status=status if problems else 200)
