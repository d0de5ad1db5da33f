"""The page of a product: its whole life."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_GET

from apps.celldose import pages, selectors
from apps.celldose.product_file import ProductFile
from studyportal.access.declare import requires
from studyportal.access.permissions import Permission


@requires(Permission.VIEW_DATA)
@require_GET
def product(request: HttpRequest, pk: int) -> HttpResponse:
    """The whole life of one product."""
    found = selectors.product_or_404(pk, request.user)
    with timezone.override(ZoneInfo(found.site.timezone)):
        return render(
            request, "celldose/product.html", pages.product_page(ProductFile.of(found), request.user)
        )
