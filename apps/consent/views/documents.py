"""The register of consent documents: read, drafted, approved, superseded and withdrawn."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from apps.consent.actions import documents as actions
from apps.consent.actions import documents_approval
from apps.consent.models import ConsentDocument
from apps.consent.selectors import documents as selectors
from apps.consent.views import documents_inputs as inputs
from apps.consent.views import documents_page as pages
from studyportal.access.declare import requires
from studyportal.access.permissions import Permission
from studyportal.api.middleware import takes_files
from studyportal.crf.attempts import attempt
from studyportal.crf.errors import CrfInvalid
from studyportal.crf.outcomes import Problem
from studyportal.files.serving import as_attachment
from studyportal.ui.parts import FieldView
from studyportal.ui.posted import listed, version_seen
from studyportal.words import translated

METHODS = ["GET", "POST"]
VIEW, MANAGE = Permission.VIEW_CONSENT_DOCUMENTS, Permission.MANAGE_CONSENT_DOCUMENTS


# --- Reading ---------------------------------------------------------------------------------------------


@requires(VIEW)
@require_safe
def overview(request: HttpRequest) -> HttpResponse:
    """Every purpose and language with the version that may be signed today, site by site."""
    return render(request, "consent/documents.html", pages.overview(request.user))


@requires(VIEW)
@require_safe
def one(request: HttpRequest, pk: int) -> HttpResponse:
    """One version with its languages, its line of versions and its history."""
    found = selectors.document_or_404(request.user, pk)
    with timezone.override(ZoneInfo(found.site.timezone)):
        return render(request, "consent/documents_one.html", pages.one(found, request.user))


@requires(VIEW)
@require_safe
def read(request: HttpRequest, pk: int, language: str) -> HttpResponse:
    """The words of the document in one language."""
    text = selectors.text_or_404(request.user, pk, language)
    return render(request, "consent/documents_read.html", pages.read(text))


@requires(VIEW)
@require_safe
def file(request: HttpRequest, pk: int, language: str) -> HttpResponse:
    """The file as it came, to be saved and not to be shown."""
    text = selectors.text_or_404(request.user, pk, language)
    if text.file is None:
        raise Http404(_("No file is kept in this language."))
    return as_attachment(text.file)


@requires(VIEW)
@require_safe
def compare(request: HttpRequest, pk: int, language: str) -> HttpResponse:
    """The words beside those of the version before."""
    text = selectors.text_or_404(request.user, pk, language)
    return render(request, "consent/documents_compare.html", pages.compare(text))


# --- Drafting --------------------------------------------------------------------------------------------


@requires(MANAGE)
@require_http_methods(METHODS)
def new(request: HttpRequest) -> HttpResponse:
    """Begin a document, or (?supersedes=) the next version of one."""
    before = _before(request)
    sites = selectors.document_sites(request.user, MANAGE)
    problems: list[Problem] = []
    if request.method == "POST":
        site = before.site if before else next((s for s in sites if s.code == request.POST.get("site")), None)
        if site is None:
            problems = [Problem("site", "not_found", _("Choose the site."))]
        else:
            values = inputs.new_values(request.POST, before)
            try:
                made = actions.draft(
                    site=site,
                    by=request.user,
                    supersedes=before or selectors.newest_of(site, values.get("kind"), values.get("purpose")),
                    **values,
                )
            except CrfInvalid as error:
                problems = list(error.problems)
            else:
                messages.success(request, _("%s is begun. Add the document in each language.") % made)
                return redirect(made.get_absolute_url())
    typed: Any = request.POST if request.method == "POST" else {"site": request.GET.get("site", ""), "purpose": request.GET.get("purpose", "")}  # fmt: skip
    return _form(
        request,
        inputs.new_fields(typed, problems, before=before, sites=sites),
        problems,
        title=_("New version of %s") % before.title if before else _("New consent document"),
        cancel=before.get_absolute_url() if before else reverse("consent:documents"),
        lead=pages.next_version_lead(before) if before else "",
    )


def _before(request: HttpRequest) -> ConsentDocument | None:
    """The document that ?supersedes= names: one that the person may keep, or none."""
    text = request.GET.get("supersedes", "")
    if not (text.isascii() and text.isdigit() and len(text) < 19):
        return None
    return selectors.document_or_404(request.user, int(text), MANAGE)


@requires(MANAGE)
@require_http_methods(METHODS)
def change(request: HttpRequest, pk: int) -> HttpResponse:
    """Change the title or the label of a draft, or which version it supersedes."""
    found = selectors.document_or_404(request.user, pk, MANAGE)
    line = selectors.line_of(found)

    def act() -> str:
        changed = actions.change(
            document=found,
            by=request.user,
            expected_version=version_seen(request.POST),
            **inputs.change_values(request.POST, line),
        )
        return _("%s is saved.") % changed

    return _act_or_form(
        request, found, act,
        lambda problems, typed: inputs.change_fields(typed, problems, line),
        title=_("Change %s") % found, stands=inputs.stands(found),
    )  # fmt: skip


@takes_files
@requires(MANAGE)
@require_http_methods(METHODS)
def write(request: HttpRequest, pk: int, language: str) -> HttpResponse:
    """The file and the words of a draft in one language."""
    found = selectors.document_or_404(request.user, pk, MANAGE)
    if language not in selectors.languages():
        raise Http404(_("The study has no documents in this language."))
    kept = selectors.text_in(found, language)
    name = selectors.language_names()[language]

    def act() -> str:
        actions.put_text(
            document=found,
            language=language,
            by=request.user,
            upload=request.FILES.get("file"),
            words=request.POST.get("words", ""),
            expected_version=version_seen(request.POST),
        )
        return _("The document in %s is kept.") % name

    return _act_or_form(
        request, found, act,
        lambda problems, typed: inputs.text_fields(typed, problems, kept),
        title=_("%(what)s in %(language)s") % {"what": found, "language": name},
        stands={"words": kept.text if kept else ""}, upload=True,
        lead=_("The file is what the committee approved and what is printed. The words are what the screen shows to whoever signs there; without them this language is signed on paper."),
    )  # fmt: skip


@requires(MANAGE)
@require_POST
def remove(request: HttpRequest, pk: int, language: str) -> HttpResponse:
    """Take a language out of a draft."""
    found = selectors.document_or_404(request.user, pk, MANAGE)

    def act() -> str:
        actions.remove_text(document=found, language=language, by=request.user)
        return _("%s is taken out.") % selectors.language_names().get(language, language)

    problems, _status, done = attempt(request, act)
    if done is not None:
        messages.success(request, done)
    for problem in problems:
        messages.error(request, translated(problem.message))
    return redirect(found.get_absolute_url())


@requires(MANAGE)
@require_http_methods(METHODS)
def discard(request: HttpRequest, pk: int) -> HttpResponse:
    """Throw a draft away."""
    found = selectors.document_or_404(request.user, pk, MANAGE)

    def act() -> str:
        actions.discard(document=found, by=request.user, expected_version=version_seen(request.POST))
        return _("%s is discarded.") % found

    return _act_or_form(
        request, found, act, lambda problems, typed: [], title=_("Discard %s") % found, danger=True,
        lead=_("The draft is taken out of the register with its files and words. Its history stays in the audit trail."),
        save_label=_("Discard"), leads_to=reverse("consent:documents"),
    )  # fmt: skip


# --- Approving and withdrawing ---------------------------------------------------------------------------


@requires(MANAGE)
@require_http_methods(METHODS)
def approve(request: HttpRequest, pk: int) -> HttpResponse:
    """Record the approval of the ethics committee: from then on nothing of the document changes."""
    found = selectors.document_or_404(request.user, pk, MANAGE)
    approvals = selectors.approvals_for(found.site)

    def act() -> str:
        documents_approval.approve(
            document=found,
            by=request.user,
            expected_version=version_seen(request.POST),
            **inputs.approval_values(request.POST, approvals, found),
        )
        return _("%s is approved.") % found

    return _act_or_form(
        request, found, act,
        lambda problems, typed: inputs.approval_fields(typed, problems, approvals, found),
        title=_("Approval of %s") % found, stands=inputs.stands(found), save_label=_("Record the approval"),
        lead=_("Record this when the committee has approved exactly these files. From then on nothing of this version changes: a correction is a new version."),
    )  # fmt: skip


@requires(MANAGE)
@require_http_methods(METHODS)
def withdraw(request: HttpRequest, pk: int) -> HttpResponse:
    """Record that an approved document may no longer be signed."""
    found = selectors.document_or_404(request.user, pk, MANAGE)

    def act() -> str:
        documents_approval.withdraw(
            document=found,
            by=request.user,
            from_on=request.POST.get("from_on", ""),
            because=request.POST.get("because", ""),
            expected_version=version_seen(request.POST),
        )
        return _("%s is withdrawn.") % found

    return _act_or_form(
        request, found, act,
        lambda problems, typed: inputs.withdrawal_fields(typed, problems),
        title=_("Withdraw %s") % found, danger=True, save_label=_("Withdraw"),
        lead=_("From that day on nobody signs this version. What was signed before stays signed. This cannot be taken back."),
    )  # fmt: skip


# --- Parts -----------------------------------------------------------------------------------------------


def _act_or_form(
    request: HttpRequest,
    found: ConsentDocument,
    act: Callable[[], str],
    fields: Callable[[list[Problem], Any], list[FieldView]],
    *,
    title: str,
    stands: dict[str, str] | None = None,
    leads_to: str = "",
    **more: Any,
) -> HttpResponse:
    problems, status, done = attempt(request, act)
    if done is not None:
        messages.success(request, done)
        return redirect(leads_to or found.get_absolute_url())
    if status == 412:
        found.refresh_from_db(fields=["version"])
    typed: Any = request.POST if request.method == "POST" else (stands or {})
    return _form(
        request, fields(problems, typed), problems, title=title, document=found, status=status,
        version=found.version, cancel=found.get_absolute_url(), **more,
    )  # fmt: skip


def _form(
    request: HttpRequest,
    fields: list[FieldView],
    problems: list[Problem],
    *,
    title: str,
    cancel: str,
    document: ConsentDocument | None = None,
    lead: str = "",
    status: int = 400,
    version: int = 0,
    upload: bool = False,
    danger: bool = False,
    save_label: str = "",
) -> HttpResponse:
    context = {
        "document": document,
        "title": title,
        "lead": lead,
        "fields": fields,
        "problems": listed(problems, fields),
        "version": version,
        "upload": upload,
        "save_kind": "danger" if danger else "primary",
        "save_label": save_label or _("Save"),
        "cancel": cancel,
    }
    return render(request, "consent/documents_form.html", context, status=status if problems else 200)
