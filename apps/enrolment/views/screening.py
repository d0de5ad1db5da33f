"""The pages of the screening log. Each fetches with permission, calls one action, and answers.

What was typed is shown again when it is refused; what somebody saved meanwhile is shown beside it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from apps.enrolment import actions
from apps.enrolment.actions.eligibility import StaleAnswers
from apps.enrolment.actions.overrides import STATEMENT
from apps.enrolment.models import ScreeningEntry
from apps.enrolment.selectors import closed_because
from apps.enrolment.selectors import screening as selectors
from apps.enrolment.selectors.eligibility import sheet_of
from apps.enrolment.views import eligibility_page, screening_log_page, screening_page
from apps.enrolment.views import screening_inputs as inputs
from studyportal.access.clock import today_at, zone_of
from studyportal.access.declare import requires
from studyportal.access.downloads import csv_answer
from studyportal.access.permissions import Permission
from studyportal.audit import reasons
from studyportal.audit.looks import log_look
from studyportal.crf.errors import CrfInvalid, Refused, StaleVersion
from studyportal.crf.outcomes import Problem
from studyportal.signatures.actions import asks_code
from studyportal.signatures.errors import NotPermitted, NotTheSigner
from studyportal.ui.posted import errors_by_field, listed, stale_said, version_seen

METHODS = ["GET", "POST"]
WORK = Permission.REGISTER_PARTICIPANTS


# --- the log --------------------------------------------------------------------------------------------


@requires(Permission.VIEW_SCREENING_LOG)
@require_safe
def log(request: HttpRequest) -> HttpResponse:
    """Everyone screened at the reader's sites, newest first. The look is logged, as at the consent log."""
    user: Any = request.user
    sites = selectors.sites_with(user, Permission.VIEW_SCREENING_LOG)
    with timezone.override(zone_of(sites)):
        context = screening_log_page.page_of(user, request.GET, sites, timezone.localdate())
        log_look(what="screening_log", by=user, detail=context["narrowed"])
        return render(request, "enrolment/screening_log.html", context)


@requires(Permission.VIEW_SCREENING_LOG)
@require_safe
def log_csv(request: HttpRequest) -> StreamingHttpResponse:
    """The log as a file, with the filters of the page, oldest first."""
    user: Any = request.user
    sites = selectors.sites_with(user, Permission.VIEW_SCREENING_LOG)
    choice = screening_log_page.choice_of(request.GET, sites)
    log_look(what="screening_log_file", by=user, detail=vars(choice))
    found = selectors.log(user, choice).order_by("id").iterator(chunk_size=500)
    return csv_answer(user, screening_log_page.as_csv(found), "screening-log")


@requires(WORK)
@require_http_methods(METHODS)
def new(request: HttpRequest) -> HttpResponse:
    """Add somebody to the log; with the second button the person is registered in the same go."""
    user: Any = request.user
    sites = selectors.sites_with(user, WORK, active=True)
    problems: list[Problem] = []
    status = 400
    posted = request.POST
    wanted = posted.get("site") or (sites[0].code if len(sites) == 1 else "")
    site = next((one for one in sites if one.code == wanted), None)
    if request.method == "POST":
        try:
            if site is None:
                raise CrfInvalid([Problem("site", "required", _("Choose the site at which you screen."))])
            past = inputs.past(posted)
            if "register" in posted or past:
                made = actions.open_and_register(site=site, by=user, **inputs.stated(posted), **past)
                messages.success(
                    request,
                    _("%(code)s is registered. Record under “Identity” who this is.") % {"code": made.code},
                )
                return redirect(made.get_absolute_url())
            entry = actions.screening.open_entry(site=site, by=user, **inputs.stated(posted))
        except CrfInvalid as error:
            problems = list(error.problems)
        except Refused as error:
            problems, status = list(error.problems), 409
        else:
            messages.success(request, _("%s is in the screening log.") % entry.number)
            return redirect("enrolment:screening-entry", entry.number)
    values = posted if posted else {"screened_on": today_at(sites[0]).isoformat()} if sites else {}
    fields = inputs.entry_fields(values, problems, sites)
    may_transcribe = any(user.may(Permission.REGISTER_RETROSPECTIVE, one) for one in sites)
    context = {
        "fields": fields,
        "past_fields": inputs.past_fields(posted, problems) if may_transcribe else [],
        "problems": listed(problems, fields),
        "warnings": [warning for one in sites for warning in closed_because(one)],
    }
    return render(request, "enrolment/screening_new.html", context, status=status if problems else 200)


# --- one entry ------------------------------------------------------------------------------------------


@requires(Permission.VIEW_SCREENING_LOG)
@require_safe
def entry(request: HttpRequest, number: str) -> HttpResponse:
    """One person screened, as steps. The look of whoever does not work on it is logged."""
    user: Any = request.user
    found = selectors.entry_or_404(user, number)
    if not user.may(WORK, found.site_id):
        log_look(
            what="screening_entry",
            by=user,
            site=found.site_id,
            participant_code=found.participant.code if found.participant else "",
            detail=found.number,
        )
    return _page(request, found)


@requires(WORK)
@require_http_methods(METHODS)
def change(request: HttpRequest, number: str) -> HttpResponse:
    """Change what was stated of the person; a value that was given before needs a reason."""
    found = selectors.entry_or_404(request.user, number, WORK)  # type: ignore[arg-type]
    problems: list[Problem] = []
    status, before = 400, {}
    posted = request.POST
    if request.method == "POST":
        try:
            actions.screening.change_entry(
                entry=found,
                by=request.user,
                reason=reasons.of_form(posted),
                expected_version=version_seen(posted),
                **inputs.stated(posted),
            )
        except CrfInvalid as error:
            problems = list(error.problems)
        except Refused as error:
            problems, status = list(error.problems), 409
        except StaleVersion as error:
            found, status = error.current, 412
            before = inputs.values_of(found)
            problems = [_stale()]
        else:
            messages.success(request, _("%s is saved.") % found.number)
            return redirect("enrolment:screening-entry", found.number)
    fields = inputs.entry_fields(posted or inputs.values_of(found), problems)
    labels = {field.name: str(field.label) for field in fields}
    context = {
        "entry": found,
        "synthetic": found.synthetic,
        "fields": [*fields, *inputs.reason_fields(posted, problems)],
        "problems": listed(problems, fields),
        "conflict": [
            (labels[name], value, posted.get(name, ""))
            for name, value in before.items()
            if name in labels and value != posted.get(name, "").strip()
        ],
    }
    return render(request, "enrolment/screening_change.html", context, status=status if problems else 200)


@requires(WORK)
@require_POST
def answer(request: HttpRequest, number: str) -> HttpResponse:
    """Save the answers to the criteria: all that the page shows, or none."""
    found = selectors.entry_or_404(request.user, number, WORK)  # type: ignore[arg-type]
    try:
        actions.eligibility.answer(
            entry=found,
            by=request.user,
            answers=inputs.answers(request.POST),
            reason=reasons.of_form(request.POST),
        )
    except StaleAnswers as error:
        return _page(
            request,
            selectors.entry_or_404(request.user, number, WORK),  # type: ignore[arg-type]
            form=screening_page.ANSWERS,
            problems=[_stale(one.criterion) for one in error.answers],
            stale=error.answers,
            status=412,
        )
    except (CrfInvalid, Refused) as error:
        return _refused(request, found, screening_page.ANSWERS, error)
    questions = len(sheet_of(selectors.entry_or_404(request.user, number, WORK)).questions)  # type: ignore[arg-type]
    if questions:
        messages.warning(request, _("Saved. What contradicts a known value is asked about below."))
    else:
        messages.success(request, _("The answers are saved."))
    return _back(found, "#criteria")


@requires(WORK)
@require_POST
def verdict(request: HttpRequest, number: str) -> HttpResponse:
    """The verdict as it would be with what is typed: a fragment; nothing is saved."""
    found = selectors.entry_or_404(request.user, number, WORK)  # type: ignore[arg-type]
    judged = eligibility_page.previewed(sheet_of(found), inputs.answers(request.POST))
    return render(request, "enrolment/_verdict.html", {"verdicts": judged, "preview": True})


@requires(WORK)
@require_POST
def conclude(request: HttpRequest, number: str) -> HttpResponse:
    """Say what came of a screening that does not go on."""
    posted = request.POST

    def run(found: ScreeningEntry) -> None:
        actions.screening.conclude(
            entry=found,
            outcome=posted.get("outcome", ""),
            by=request.user,
            on=posted.get("outcome_on", ""),
            reason_code=posted.get("reason_code", ""),
            reason_text=posted.get("reason_text", ""),
            reason=posted.get(inputs.OUTCOME_REASON) or None,
            expected_version=version_seen(posted),
        )

    return _acted(request, number, screening_page.CONCLUDE, run, _("The outcome is recorded."))


@requires(WORK)
@require_POST
def reopen(request: HttpRequest, number: str) -> HttpResponse:
    """Take an outcome back."""

    def run(found: ScreeningEntry) -> None:
        reason = request.POST.get("reason", "").strip()
        if not reason:
            raise CrfInvalid([Problem("reason", "required", _("Say why the screening goes on."))])
        actions.screening.reopen(
            entry=found,
            by=request.user,
            reason=reason,
            expected_version=version_seen(request.POST),
        )

    return _acted(request, number, screening_page.REOPEN, run, _("The screening goes on."))


@requires(WORK)
@require_POST
def register(request: HttpRequest, number: str) -> HttpResponse:
    """Give the person the next participant code of the site, and lead to the casebook."""
    found = selectors.entry_or_404(request.user, number, WORK)  # type: ignore[arg-type]
    try:
        made = actions.register_entry(entry=found, by=request.user)
    except (CrfInvalid, Refused) as error:
        return _refused(request, found, "register", error)
    messages.success(
        request, _("%(code)s is registered. Record under “Identity” who this is.") % {"code": made.code}
    )
    return redirect(made.get_absolute_url())


@requires(WORK)
@require_POST
def enrol(request: HttpRequest, number: str) -> HttpResponse:
    """Enrol the participant on a day, or say everything that stands in the way."""

    def run(found: ScreeningEntry) -> None:
        if found.participant is None:
            raise Refused([Problem(None, "not_registered", _("Register the person first."))])
        actions.enrol(participant=found.participant, on=request.POST.get("enrolled_on", ""), by=request.user)

    return _acted(request, number, screening_page.ENROL, run, _("The participant is enrolled."))


@requires(Permission.SIGN_RECORDS)
@require_http_methods(METHODS)
def override(request: HttpRequest, number: str, criterion: str) -> HttpResponse:
    """Set a criterion aside, as an investigator of the site, over a signature."""
    user: Any = request.user
    found = selectors.entry_or_404(user, number, Permission.SIGN_RECORDS)
    with timezone.override(ZoneInfo(found.site.timezone)):
        line = next((one for one in sheet_of(found).lines if one.key == criterion), None)
        if line is None:
            raise Http404(_("The protocol in force has no such criterion."))
        problems: list[Problem] = []
        status = 200
        if request.method == "POST":
            try:
                actions.overrides.override(
                    entry=found,
                    criterion=criterion,
                    reason=request.POST.get("reason", ""),
                    by=user,
                    request=request,
                    password=request.POST.get("password", ""),
                    code=request.POST.get("code", ""),
                    version_seen=version_seen(request.POST),
                )
            except NotPermitted as error:
                raise PermissionDenied(str(error)) from None
            except NotTheSigner as error:
                problems, status = [Problem("password", error.code, str(error))], 403
            except CrfInvalid as error:
                problems, status = list(error.problems), 400
            except StaleVersion:
                problems, status = [_stale()], 412
            except Refused as error:
                problems, status = list(error.problems), 409
            else:
                messages.success(request, _("The criterion is overridden, and a deviation is reported."))
                return _back(found, "#criteria")
        context = {
            "entry": found,
            "synthetic": found.synthetic,
            "line": line,
            "asked": eligibility_page.asked_of(sheet_of(found), criterion),
            "statement": STATEMENT,
            "asks_code": asks_code(user),
            "typed": request.POST,
            "errors": errors_by_field(problems),
            "problems": [(p.field if p.field != "criterion" else "", "", p.message) for p in problems],
        }
        return render(request, "enrolment/eligibility_override.html", context, status=status)


# --- what they share ------------------------------------------------------------------------------------


def _page(
    request: HttpRequest, found: ScreeningEntry, *, status: int = 200, form: str = "", **more: Any
) -> HttpResponse:
    with timezone.override(ZoneInfo(found.site.timezone)):
        context = screening_page.page_of(
            request.user,  # type: ignore[arg-type]
            found,
            form=form,
            posted=request.POST if form else None,
            **more,
        )
        return render(request, "enrolment/screening_entry.html", context, status=status)


def _acted(
    request: HttpRequest, number: str, form: str, run: Callable[[ScreeningEntry], None], said: str
) -> HttpResponse:
    found = selectors.entry_or_404(request.user, number, WORK)  # type: ignore[arg-type]
    try:
        run(found)
    except StaleVersion:
        current = selectors.entry_or_404(request.user, number, WORK)  # type: ignore[arg-type]
        return _page(request, current, form=form, problems=[_stale()], status=412)
    except (CrfInvalid, Refused) as error:
        return _refused(request, found, form, error)
    messages.success(request, said)
    return _back(found)


def _refused(
    request: HttpRequest, found: ScreeningEntry, form: str, error: CrfInvalid | Refused
) -> HttpResponse:
    status = 409 if isinstance(error, Refused) else 400
    return _page(request, found, form=form, problems=list(error.problems), status=status)


def _back(found: ScreeningEntry, fragment: str = "") -> HttpResponse:
    answer = redirect("enrolment:screening-entry", found.number)
    answer["Location"] += fragment
    return answer


def _stale(field: str | None = None) -> Problem:
    return Problem(field, "stale_version", stale_said())
