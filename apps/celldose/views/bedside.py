"""The page at the bedside: an infusion as it goes."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods

from apps.celldose import bedside, selectors
from apps.celldose.bedside_now import now_context
from apps.celldose.product_file import ProductFile
from studyportal.access.declare import refusal, requires
from studyportal.access.permissions import Permission
from studyportal.crf import drafts
from studyportal.crf.attempts import attempt


@drafts.keeps_what_was_typed
@requires(Permission.VIEW_DATA)
@require_http_methods(["GET", "POST"])
def infusion(request: HttpRequest, pk: int) -> HttpResponse:
    """Start, observations, what happened, stop; what is due next."""
    product = selectors.product_or_404(pk, request.user)
    if request.method == "POST" and not request.user.may(Permission.HANDLE_PRODUCTS, product.site_id):  # type: ignore[union-attr]
        raise PermissionDenied(refusal(Permission.HANDLE_PRODUCTS))
    with timezone.override(ZoneInfo(product.site.timezone)):
        problems, status, said = attempt(
            request,
            lambda: bedside.perform(product, request.POST, request.user),  # type: ignore[arg-type]
        )
        if said is not None:
            drafts.forget(posted=request.POST, by=request.user)  # type: ignore[arg-type]
            messages.success(request, said)
            return redirect("celldose:infusion", product.pk)
        # After a refusal the page shows what somebody else recorded meanwhile.
        file = ProductFile.of(selectors.product_or_404(pk, request.user) if problems else product)
        context = bedside.page(request, file, problems=problems)
        return render(request, "celldose/bedside.html", context, status=status)


@requires(Permission.VIEW_DATA)
@require_GET
def now(request: HttpRequest, pk: int) -> HttpResponse:
    """What stands now, asked for by the open page every few seconds."""
    product = selectors.product_or_404(pk, request.user)
    with timezone.override(ZoneInfo(product.site.timezone)):
        context = now_context(ProductFile.of(product), seen=request.GET.get("seen"))
        return render(request, "celldose/_bedside_now.html", context)
