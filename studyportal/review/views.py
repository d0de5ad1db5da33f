"""The pages of the review: progress, what waits, and each act. Each fetches with permission and calls one action."""

from __future__ import annotations

from typing import Any
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_safe

from studyportal.access.clock import in_own_zone
from studyportal.access.declare import get_visible_or_404, refusal, requires
from studyportal.access.downloads import csv_answer
from studyportal.access.permissions import Permission
from studyportal.audit.looks import log_look
from studyportal.crf import signing
from studyportal.crf.attempts import attempt
from studyportal.crf.errors import CrfInvalid
from studyportal.crf.outcomes import Problem
from studyportal.review import actions, lists, page, progress, record_page, selectors, signing_many
from studyportal.review.kinds import Kind, kinds
from studyportal.review.record_page import RECORD_ACTS
from studyportal.signatures.actions import asks_code
from studyportal.signatures.errors import NotSigned, NotTheSigner
from studyportal.signatures.models import Meaning
from studyportal.ui.posted import errors_by_field, listed, version_seen, whole_number
from studyportal.words import translated

METHODS = ["GET", "HEAD", "POST"]
REVIEWERS = (Permission.VERIFY_SOURCE, Permission.LOCK_RECORDS)


@requires(*page.SEE)
@require_safe
@in_own_zone
def index(request: HttpRequest) -> HttpResponse:
    """How far the review has come, and what is frozen."""
    return render(request, "review/index.html", page.index_page(request.user, request.GET))  # type: ignore[arg-type]


@requires(*page.SEE)
@require_safe
def progress_csv(request: HttpRequest) -> StreamingHttpResponse:
    """The counts of each form at each site, as a file."""
    user: Any = request.user
    log_look(what="review_file", by=user)
    rows = progress.by_form(lists.sites_for(user, page.SEE))
    return csv_answer(user, progress.as_csv(rows), "review-progress")


# --- Lists -----------------------------------------------------------------------------------------------


@requires(Permission.VERIFY_SOURCE)
@require_safe
@in_own_zone
def to_verify(request: HttpRequest) -> HttpResponse:
    """Complete records that the protocol asks to compare with their source, and that are not verified."""
    return render(request, "review/list.html", page.list_page(request.user, "verify", request.GET))  # type: ignore[arg-type]


@requires(Permission.LOCK_RECORDS)
@require_http_methods(METHODS)
@in_own_zone
def to_lock(request: HttpRequest) -> HttpResponse:
    """Records of which nothing is missing before they are locked; locks those that are marked."""
    user: Any = request.user
    refused: list[str] = []
    if request.method == "POST":
        locked = 0
        for kind, record, version in _marked(user, request.POST.getlist("record")):
            _problems, _status, done = attempt(
                request,
                lambda k=kind, r=record, v=version: _done(actions.lock(k, record=r, by=user, version_seen=v)),
            )
            if done is not None:
                locked += 1
                continue
            why = " ".join(translated(problem.message) for problem in _problems)
            refused.append(f"{kind.title}, {record.participant.code}: {why}")
        if locked:
            messages.success(
                request,
                ngettext("%(n)d record is locked.", "%(n)d records are locked.", locked) % {"n": locked},
            )
        if not refused:
            if not locked:
                messages.info(request, _("Mark the records that are to be locked."))
            return redirect(request.get_full_path())
    context = page.list_page(user, "lock", request.GET) | {"refused": refused}
    return render(request, "review/list.html", context, status=409 if refused else 200)


def _done(_made: Any) -> str:
    return "done"


def _marked(user: Any, texts: list[str]) -> list[tuple[Kind, Any, int]]:
    """`form:id:version` of each mark → the records that the person may lock; what is none of them is left out."""
    found = []
    for text in texts[: lists.SIZE]:
        form, _colon, rest = text.partition(":")
        pk, _colon, version = rest.partition(":")
        kind = kinds([form]).get(form)
        if kind is None or kind.spec is None or not whole_number(version):
            continue
        record = (
            kind.model._default_manager.visible_to(user, Permission.LOCK_RECORDS)
            .select_related("participant")
            .filter(pk=whole_number(pk))
            .first()
        )
        if record is not None:
            found.append((kind, record, whole_number(version)))
    return found


@sensitive_post_parameters("password", "code")
@requires(Permission.SIGN_RECORDS)
@require_http_methods(METHODS)
@in_own_zone
def to_sign(request: HttpRequest) -> HttpResponse:
    """Complete records that the protocol asks the investigator to sign; signs those that are marked, each by itself."""
    user: Any = request.user
    refused: list[str] = []
    status, wrong = 200, ""
    if request.method == "POST":
        seen = [one for text in request.POST.getlist("record") if (one := signing_many.Seen.parse(text))]
        try:
            result = signing_many.sign_many(
                seen,
                meaning=request.POST.get("meaning", ""),
                by=user,
                request=request,
                password=request.POST.get("password", ""),
                code=request.POST.get("code", ""),
            )
        except CrfInvalid as error:
            refused, status = [str(problem.message) for problem in error.problems], 400
        except NotTheSigner as error:
            wrong, status = str(error), 403
        except NotSigned as error:
            refused, status = [str(error)], 400
        else:
            refused = [f"{title} {one.id}: {why}" for title, one, why in result.refused]
            if result.signed:
                messages.success(
                    request,
                    ngettext("%(n)d record is signed.", "%(n)d records are signed.", len(result.signed))
                    % {"n": len(result.signed)},
                )
            if not refused:
                return redirect(request.get_full_path())
            status = 409
    context = page.list_page(user, "sign", request.GET)
    rows = [row for row, _url in context["rows"]]
    hashes = {
        key: found[0].sha256 for key, found in signing.standings((row.form, row.id) for row in rows).items()
    }
    marked = set(request.POST.getlist("record"))
    shown = []
    for row, url in context["rows"]:
        sha256 = hashes.get((row.form, row.id), "")
        value = f"{row.key}:{row.version}:{sha256}"
        shown.append((row, url, sha256, value, value in marked))
    context |= {
        "rows": shown,
        "meanings": [(one.value, one.label, one.statement) for one in _meanings(rows)],
        "meaning": request.POST.get("meaning", ""),
        "asks_code": asks_code(user),
        "refused": refused,
        "wrong": wrong,
    }
    return render(request, "review/sign.html", context, status=status)


def _meanings(rows: list[lists.Waiting]) -> list[Meaning]:
    """What a signature on one of the forms can say."""
    found = kinds(row.form for row in rows)
    said = {meaning for kind in found.values() if kind.spec is not None for meaning in kind.spec.meanings}
    return [meaning for meaning in Meaning if meaning in said]


# --- One record ------------------------------------------------------------------------------------------


@requires(*REVIEWERS)
@require_http_methods(METHODS)
def act(request: HttpRequest, key: str, pk: int, act: str) -> HttpResponse:
    """Verify a record, take that back, lock or unlock it."""
    kind, chosen = kinds([key]).get(key), RECORD_ACTS.get(act)
    if kind is None or kind.spec is None or chosen is None:
        raise Http404(_("There is no such form, or no such act."))
    user: Any = request.user
    records = kind.model._default_manager.select_related("participant__site", "site", *kind.spec.parents)
    # Who may do either is told what the other act is; who may do neither at the site, that there is no such record.
    record = _visible(records, user, pk)
    if not user.may(chosen.permission, record.site_id):
        raise PermissionDenied(refusal(chosen.permission))
    with timezone.override(ZoneInfo(record.site.timezone)):
        return _act(request, kind, record, chosen)


def _visible(records: Any, user: Any, pk: int) -> Any:
    for permission in REVIEWERS[:-1]:
        try:
            return get_visible_or_404(records, user, permission, pk=pk)
        except Http404:
            continue
    return get_visible_or_404(records, user, REVIEWERS[-1], pk=pk)


def _act(request: HttpRequest, kind: Kind, record: Any, chosen: record_page.RecordAct) -> HttpResponse:
    user: Any = request.user
    posted = request.POST

    def run() -> str:
        if chosen.key == "verify":
            fields = () if "whole" in posted else posted.getlist("field")
            if not fields and "whole" not in posted:
                raise CrfInvalid(
                    [Problem(None, "required", _("Mark the values that agree, or verify the whole form."))]
                )
            actions.verify(
                kind,
                record=record,
                by=user,
                version_seen=version_seen(posted),
                fields=fields,
                method=posted.get("method", ""),
                note=posted.get("note", ""),
            )
        elif chosen.key == "take-back":
            for fields in _given(kind, record):
                actions.take_back(
                    kind, record=record, by=user, reason=posted.get("reason", ""), fields=fields
                )
        elif chosen.key == "lock":
            actions.lock(
                kind,
                record=record,
                by=user,
                version_seen=version_seen(posted),
                reason=posted.get("reason", ""),
            )
        else:
            actions.unlock(kind, record=record, by=user, reason=posted.get("reason", ""))
        return str(chosen.said)

    problems, status, done = attempt(request, run)
    if done is not None:
        messages.success(request, done)
        return redirect(_after(request, kind, record, chosen))
    if status == 412:
        record.refresh_from_db()
    state = selectors.states({kind.form: [record.pk]})[kind.form, record.pk]
    context = record_page.act_page(kind, record, chosen, state, posted)
    context |= {
        "problems": listed(problems, context["fields"]),
        "errors": errors_by_field(problems),
        "in_list": "list" in request.GET,
    }
    return render(request, "review/act.html", context, status=status)


def _given(kind: Kind, record: Any) -> list[list[str]]:
    """What is marked on the record: the whole form and its fields apart. At least one, so that the action refuses."""
    marked = selectors.marked(kind.form, record.pk)
    fields = [name for name in marked if name]
    return [*([[]] if "" in marked or not fields else []), *([fields] if fields else [])]


def _after(request: HttpRequest, kind: Kind, record: Any, chosen: record_page.RecordAct) -> str:
    """Back to the form; from the list, to the next record of it."""
    if chosen.key == "verify" and "list" in request.GET:
        choice = page.choice_of(request.GET)
        user: Any = request.user
        following = lists.next_waiting("verify", user, choice, form=kind.form, pk=record.pk)
        if following is None:
            return reverse("review:to-verify") + page.query_of(choice)
        address = reverse("review:act", args=[following.form, following.id, "verify"])
        return address + page.query_of(choice, list="1")
    return reverse("crf:edit", args=[kind.form, record.pk])
