"""Pages of the jobs that a person asked for."""

from __future__ import annotations

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from studyportal.access.declare import requires
from studyportal.access.permissions import Permission

from . import actions, selectors
from .errors import NotPossible, UnknownKind


@requires(Permission.SIGNED_IN)
@require_GET
def index(request: HttpRequest) -> HttpResponse:
    page = Paginator(selectors.own(selectors.person(request)), 50).get_page(request.GET.get("page"))
    return render(request, "jobs/index.html", {"page": page})


@requires(Permission.SIGNED_IN)
@require_GET
def detail(request: HttpRequest, job_id: int) -> HttpResponse:
    return render(
        request, "jobs/detail.html", {"job": selectors.own_or_404(selectors.person(request), job_id)}
    )


@requires(Permission.SIGNED_IN)
@require_GET
def progress(request: HttpRequest, job_id: int) -> HttpResponse:
    """The part of the page that renews itself until the job has ended."""
    return render(
        request, "jobs/_progress.html", {"job": selectors.own_or_404(selectors.person(request), job_id)}
    )


@requires(Permission.SIGNED_IN)
@require_POST
def cancel(request: HttpRequest, job_id: int) -> HttpResponse:
    job = selectors.own_or_404(selectors.person(request), job_id)
    try:
        job = actions.cancel(job, by=selectors.person(request))
    except NotPossible as error:
        messages.error(request, str(error))
    else:
        messages.success(request, _("Cancelled.") if job.has_ended else _("The job stops at its next step."))
    return redirect(reverse("job", args=[job_id]))


@requires(Permission.SIGNED_IN)
@require_POST
def retry(request: HttpRequest, job_id: int) -> HttpResponse:
    job = selectors.own_or_404(selectors.person(request), job_id)
    try:
        actions.retry(job, by=selectors.person(request))
    except (NotPossible, UnknownKind) as error:
        messages.error(request, str(error))
    else:
        messages.success(request, _("The job is queued again."))
    return redirect(reverse("job", args=[job_id]))
