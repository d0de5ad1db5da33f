"""Pages of the matching workbench."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from apps.matching import actions, pages, pairs_file, selectors, sets_file
from apps.matching.actions.proposing import GIVEN_MEMBERS
from studyportal.access.declare import requires
from studyportal.access.permissions import Permission
from studyportal.api.middleware import takes_files
from studyportal.audit import reasons
from studyportal.crf.errors import CrfInvalid, Refused
from studyportal.ui.parts import FieldView

REVIEWERS = (Permission.RUN_MATCHING, Permission.FREEZE_MATCHING)


@requires(Permission.VIEW_MATCHING)
@require_safe
def index(request: HttpRequest) -> HttpResponse:
    """The runs, and what a new one needs."""
    return render(request, "matching/index.html", pages.index(request.user, number=request.GET.get("page")))


@requires(Permission.RUN_MATCHING)
@require_POST
def start(request: HttpRequest) -> HttpResponse:
    """Queue a run and go to its progress; what cannot be is said beside the fields."""
    posted = request.POST.dict()
    try:
        job = actions.start(raw=pages.raw_of(posted), by=request.user)
    except CrfInvalid as error:
        context = pages.index(request.user, posted=posted, problems=error.problems)
        return render(request, "matching/index.html", context, status=400)
    return redirect(job.get_absolute_url())


@requires(Permission.VIEW_MATCHING)
@require_safe
def run(request: HttpRequest, pk: int) -> HttpResponse:
    """One run: parameters, balance, sets, unmatched cases, and what became of it."""
    found = selectors.run_or_404(request.user, pk)
    return render(request, "matching/run.html", _run_page(request, found))


def _run_page(request: HttpRequest, found: Any, **more: Any) -> dict[str, Any]:
    return pages.run(
        found, request.user, sets_page=request.GET.get("sets"), cases_page=request.GET.get("cases"), **more
    )


@requires(Permission.VIEW_MATCHING)
@require_safe
def differences(request: HttpRequest, pk: int) -> HttpResponse:
    """What changed since the version before."""
    found = selectors.run_or_404(request.user, pk)
    return render(request, "matching/differences.html", pages.differences(found, request.user))


@requires(Permission.VIEW_MATCHING)
@require_safe
def sets_csv(request: HttpRequest, pk: int) -> HttpResponse:
    return sets_file.response(selectors.run_or_404(request.user, pk), request.user)


@requires(Permission.VIEW_MATCHING)
@require_safe
def balance_png(request: HttpRequest, pk: int) -> HttpResponse:
    """The love plot as a figure for a paper."""
    from apps.matching.figure import png

    found = selectors.run_or_404(request.user, pk)
    footnote = _("Run %(run)d, protocol %(protocol)s, %(code)s") % {
        "run": found.pk,
        "protocol": found.protocol_version,
        "code": found.code_version,
    }
    return HttpResponse(
        png(pages.love_plot(found), footnote=footnote),
        content_type="image/png",
        headers={"Content-Disposition": f'attachment; filename="matching-{found.pk}-balance.png"'},
    )


@requires(*REVIEWERS)
@require_POST
def review(request: HttpRequest, pk: int) -> HttpResponse:
    return _move(request, pk, lambda found, note: actions.review(run=found, by=request.user, note=note))


@requires(*REVIEWERS)
@require_POST
def return_(request: HttpRequest, pk: int) -> HttpResponse:
    return _move(request, pk, lambda found, note: actions.return_(run=found, by=request.user, note=note))


@requires(Permission.FREEZE_MATCHING)
@require_POST
def freeze(request: HttpRequest, pk: int) -> HttpResponse:
    reason = reasons.of_form(request.POST)
    return _move(
        request, pk, lambda found, note: actions.freeze(run=found, by=request.user, note=note, reason=reason)
    )


def _move(request: HttpRequest, pk: int, act: Callable[[Any, str], Any]) -> HttpResponse:
    """Do it and show the run; a refusal is shown above it, and what was typed stays."""
    found = selectors.run_or_404(request.user, pk)
    try:
        event = act(found, request.POST.get("note", ""))
    except (CrfInvalid, Refused) as error:
        status = 400 if isinstance(error, CrfInvalid) else 409
        context = _run_page(request, found, posted=request.POST, problems=error.problems)
        return render(request, "matching/run.html", context, status=status)
    if event.version is None:
        messages.success(request, _("%(run)s: %(what)s.") % {"run": found, "what": event})
    else:
        messages.success(
            request,
            _("%(run)s is frozen as version %(version)d.") % {"run": found, "version": event.version},
        )
    return redirect("matching:run", found.pk)


@takes_files
@requires(Permission.RUN_MATCHING)
@require_http_methods(["GET", "HEAD", "POST"])
def given(request: HttpRequest) -> HttpResponse:
    """Propose sets that were made elsewhere."""
    if request.method != "POST":
        return render(request, "matching/given.html", _given_page(request, {}, ()))
    posted = request.POST.dict()
    upload = request.FILES.get("file")
    if upload is not None:
        posted["pairs"] = upload.read(pairs_file.LARGEST + 1).decode("utf-8-sig", "replace")
    pairs, problems = pairs_file.read(posted.get("pairs", ""))
    if not problems:
        try:
            raw = pages.raw_of(posted, known=[name for name in GIVEN_MEMBERS if name != "pairs"])
            found = actions.propose_given(raw=raw | {"pairs": pairs}, by=request.user)
        except CrfInvalid as error:
            problems = list(error.problems)
        else:
            messages.success(request, _("%s is proposed. Somebody else reviews it.") % found)
            return redirect("matching:run", found.pk)
    return render(request, "matching/given.html", _given_page(request, posted, problems), status=400)


def _given_page(request: HttpRequest, posted: dict[str, Any], problems: Any) -> dict[str, Any]:
    kept = [one for one in pages.fields(posted, problems) if one.name not in ("ratio", "method", "seed")]
    whole = [problem.message for problem in problems if problem.field == "pairs"]
    pairs = FieldView(
        "pairs",
        _("Pairs"),
        widget="textarea",
        value=posted.get("pairs", ""),
        required=False,
        conditional=True,
        errors=whole,
        help=_("One pair a line below the headings case,control (and set, if there is one)."),
    )
    file = FieldView(
        "file",
        _("Or a file"),
        widget="file",
        required=False,
        conditional=True,
        accept=".csv,.tsv,.txt",
        help=_("CSV with the same headings. It takes the place of what is pasted."),
    )
    return {"fields": [pairs, file, *kept], "problems": pages.row_problems(problems)}
