"""Pages of custody: the identity check of a step."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from apps.celldose import custody_page, selectors
from apps.celldose.models import IdentityStep
from apps.celldose.product_file import ProductFile
from studyportal.access.declare import requires
from studyportal.access.permissions import Permission


@requires(Permission.HANDLE_PRODUCTS)
@require_http_methods(["GET", "POST"])
def identity(request: HttpRequest, pk: int, step: str) -> HttpResponse:
    """Two people read the label and the participant's code."""
    if step not in IdentityStep.values:
        raise Http404(_("There is no such step."))
    product = selectors.product_or_404(pk, request.user, Permission.HANDLE_PRODUCTS)
    with timezone.override(ZoneInfo(product.site.timezone)):
        file = ProductFile.of(product)
        context = {"product": product, "reading": custody_page.reading_context(file, step, request.user)}
        return render(request, "celldose/identity.html", context)
