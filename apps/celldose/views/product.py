"""The list of products, the page of one with its whole life, and the sheet of it."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.text import slugify
from django.views.decorators.http import require_GET

from apps.celldose import pages, selectors
from apps.celldose.product_file import ProductFile
from apps.celldose.sheet_pdf import sheet_pdf
from studyportal.access.declare import requires
from studyportal.access.permissions import Permission
from studyportal.audit import looks


@requires(Permission.VIEW_DATA)
@require_GET
def products(request: HttpRequest) -> HttpResponse:
    """The products that the reader may see, found by their number."""
    return render(request, "celldose/products.html", pages.products_page(request.user, request.GET))


@requires(Permission.VIEW_DATA)
@require_GET
def product(request: HttpRequest, pk: int) -> HttpResponse:
    """The whole life of one product."""
    found = selectors.product_or_404(pk, request.user)
    with timezone.override(ZoneInfo(found.site.timezone)):
        return render(
            request, "celldose/product.html", pages.product_page(ProductFile.of(found), request.user)
        )


@requires(Permission.VIEW_DATA)
@require_GET
def sheet(request: HttpRequest, pk: int) -> HttpResponse:
    """The whole record of one product, to be printed."""
    found = selectors.product_or_404(pk, request.user)
    with timezone.override(ZoneInfo(found.site.timezone)):
        return render(request, "celldose/sheet.html", pages.sheet_page(ProductFile.of(found), request.user))


@requires(Permission.VIEW_DATA)
@require_GET
def sheet_as_pdf(request: HttpRequest, pk: int) -> HttpResponse:
    """The same as a file: it leaves the portal, so it is logged as a look."""
    found = selectors.product_or_404(pk, request.user)
    with timezone.override(ZoneInfo(found.site.timezone)):
        content = sheet_pdf(pages.sheet_page(ProductFile.of(found), request.user))
    looks.log_look(
        what="product_sheet",
        by=request.user,
        site=found.site,
        participant_code=found.participant.code,
        detail=str(found),
    )
    name = slugify(f"{found.participant.code}-{found}") or f"product-{found.pk}"
    return HttpResponse(
        content,
        content_type="application/pdf",
        headers={"Content-Disposition": f'attachment; filename="{name}.pdf"'},
    )
