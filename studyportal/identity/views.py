"""The pages that show who a participant is. Nothing of them is kept by a browser, and no address names anybody."""

from __future__ import annotations

from typing import Any
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_safe

from studyportal.access.declare import requires
from studyportal.access.permissions import Permission
from studyportal.audit import reasons
from studyportal.identity import actions, fields, pages, rules, selectors
from studyportal.identity.errors import CannotBeOpened, IdentityInvalid, StaleIdentity
from studyportal.identity.selectors import Known, participant_or_404

METHODS = ["GET", "POST"]


@requires(Permission.VIEW_IDENTITY)
@never_cache
@require_safe
def show(request: HttpRequest, code: str) -> HttpResponse:
    participant = participant_or_404(request.user, code, Permission.VIEW_IDENTITY)
    try:
        known = selectors.identity_of(participant, request.user, "shown on its page")
    except CannotBeOpened as error:
        return _closed(request, participant, error)
    context = pages.shown(participant, known) | {
        "may_change": request.user.may(Permission.EDIT_IDENTITY, participant.site_id)
    }
    context |= pages.alert(request.user, participant)
    with timezone.override(ZoneInfo(participant.site.timezone)):
        return render(request, "identity/show.html", context)


@requires(Permission.EDIT_IDENTITY)
@never_cache
@require_http_methods(METHODS)
@sensitive_post_parameters()
def change(request: HttpRequest, code: str) -> HttpResponse:
    """Record who the participant is, or change it with a reason."""
    participant = participant_or_404(request.user, code, Permission.EDIT_IDENTITY)
    try:
        if request.method != "POST":
            known = selectors.identity_of(participant, request.user, "opened to change it")
            return _form(request, participant, pages.stands(known), version=known.version if known else 0)
        return _save(request, participant)
    except CannotBeOpened as error:
        return _closed(request, participant, error)


def _save(request: HttpRequest, participant: Any) -> HttpResponse:
    typed = {name: request.POST.get(name, "") for name in fields.FIELDS}
    version = pages.version_seen(request.POST)
    try:
        actions.record(
            participant=participant,
            raw=typed,
            by=request.user,
            reason=reasons.of_form(request.POST),
            expected_version=version,
        )
    except IdentityInvalid as error:
        return _form(
            request,
            participant,
            typed | {name: request.POST.get(name, "") for name in ("reason_code", "reason")},
            version=version,
            problems=error.problems,
            status=400,
        )
    except StaleIdentity:
        known = selectors.identity_of(participant, request.user, "compared with what was typed meanwhile")
        return _form(
            request,
            participant,
            typed | {name: request.POST.get(name, "") for name in ("reason_code", "reason")},
            version=known.version if known else 0,
            problems=[pages.stale_problem()],
            known=known,
            status=412,
        )
    messages.success(request, _("The identity of %s is saved.") % participant.code)
    return redirect("identity:show", participant.code)


def _form(
    request: HttpRequest,
    participant: Any,
    values: Any,
    *,
    version: int,
    problems: Any = (),
    known: Known | None = None,
    status: int = 200,
) -> HttpResponse:
    context = pages.form(participant, values, version=version, problems=problems, known=known)
    return render(request, "identity/change.html", context, status=status)


def _closed(request: HttpRequest, participant: Any, error: CannotBeOpened) -> HttpResponse:
    context = pages.about(participant) | {"closed": error.message}
    return render(request, "identity/show.html", context, status=409)


@requires(Permission.VIEW_IDENTITY)
@never_cache
@require_http_methods(METHODS)
@sensitive_post_parameters()
def find(request: HttpRequest) -> HttpResponse:
    """Search by hospital number. It is posted, so that it stands in no address, history or log of a server; and
    it is not shown again."""
    context: dict[str, Any] = {}
    status = 200
    if request.method == "POST":
        number = request.POST.get("hospital_number", "")[:200]
        try:
            found = selectors.find_by_hospital_number(number, request.user)
        except rules.Impossible as refused:
            context["problems"] = [fields.problem("hospital_number", refused.code)]
            status = 400
        else:
            if len(found) == 1:
                return redirect(found[0].get_absolute_url())
            context["found"] = found
            context["searched"] = True
    return render(request, "identity/find.html", pages.finding(**context), status=status)
