"""Whether the consent log is intact: verified on the spot, with what is needed to verify it elsewhere."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST, require_safe

from apps.consent import selectors as consent
from apps.consent.actions.chain import ask
from apps.oversight import integrity_page
from studyportal.access.clock import in_own_zone
from studyportal.access.declare import requires
from studyportal.access.permissions import Permission
from studyportal.audit.looks import log_look


@requires(Permission.VIEW_CONSENT_LOG)
@require_safe
@in_own_zone
def integrity(request: HttpRequest) -> HttpResponse:
    """The state of the chain, its checkpoints, and what to take away."""
    log_look(what="consent_integrity", by=request.user)  # type: ignore[arg-type]
    return render(
        request,
        "oversight/integrity.html",
        integrity_page.context_of(request.user, request.GET.get("page")),  # type: ignore[arg-type]
    )


@requires(Permission.VIEW_CONSENT_LOG)
@require_POST
def verify(request: HttpRequest) -> HttpResponse:
    """Verify the whole log as a job, whose progress the page shows."""
    ask(by=request.user)  # type: ignore[arg-type]
    return redirect("oversight:integrity")


@requires(Permission.VIEW_CONSENT_LOG)
@require_safe
@in_own_zone
def checkpoint(request: HttpRequest, pk: int) -> HttpResponse:
    """One checkpoint, to be printed and kept."""
    found = consent.checkpoint_or_404(pk)
    log_look(what="consent_integrity", by=request.user, detail={"checkpoint": found.pk})  # type: ignore[arg-type]
    return render(request, "oversight/checkpoint.html", integrity_page.checkpoint_of(found))
