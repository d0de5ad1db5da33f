"""Judging the release criteria from a page."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from apps.celldose import actions, selectors
from studyportal.access.declare import requires
from studyportal.access.permissions import Permission
from studyportal.crf.errors import Refused


@requires(Permission.RELEASE_PRODUCTS)
@require_POST
def evaluate(request: HttpRequest, pk: int) -> HttpResponse:
    """Judge the release criteria now and keep the judgement."""
    found = selectors.product_or_404(pk, request.user, Permission.RELEASE_PRODUCTS)
    try:
        actions.evaluate_release(product=found, by=request.user)
    except Refused as error:
        for problem in error.problems:
            messages.error(request, problem.message)
    else:
        messages.success(request, _("The release criteria of %s are evaluated.") % found)
    return redirect("celldose:product", found.pk)
