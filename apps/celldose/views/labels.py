"""The page on which labels are printed."""

from __future__ import annotations

from typing import Any
from zoneinfo import ZoneInfo

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from apps.celldose import selectors
from apps.celldose.actions import labels as printing
from apps.celldose.models import CellProduct
from apps.celldose.product_file import ProductFile
from studyportal.access.declare import requires
from studyportal.access.permissions import Permission
from studyportal.crf.errors import CrfInvalid, Refused
from studyportal.crf.outcomes import Problem
from studyportal.ui.parts import Cell, Column, FieldView, Row
from studyportal.ui.posted import errors_by_field, listed, whole_number


@requires(Permission.HANDLE_PRODUCTS)
@require_http_methods(["GET", "POST"])
def labels(request: HttpRequest, pk: int) -> HttpResponse:
    """What can be printed for a product and what was; posted: the file."""
    product = selectors.product_or_404(pk, request.user, Permission.HANDLE_PRODUCTS)
    with timezone.override(ZoneInfo(product.site.timezone)):
        file = ProductFile.of(product)
        if request.method != "POST":
            return _page(request, file)
        try:
            done = printing.print_labels(
                product=product,
                by=request.user,
                **_what(file, request.POST.get("what", "")),
                copies=whole_number(request.POST.get("copies")),
                reason=request.POST.get("reason", ""),
            )
        except CrfInvalid as error:
            return _page(request, file, error.problems, 400)
        except Refused as error:
            return _page(request, file, error.problems, 409)
        return file_of(product, done)


def file_of(product: CellProduct, done: printing.Printed) -> HttpResponse:
    """The labels, shown by the browser and sent to the printer from there."""
    kept = done.prints[0]
    name = "".join(one if one.isalnum() else "-" for one in f"{kept.identifier}-{kept.print_number}")
    return HttpResponse(
        done.content,
        content_type="application/pdf",
        headers={
            "Content-Disposition": f'inline; filename="label-{name}.pdf"',
            "Cache-Control": "no-store",
        },
    )


def _what(file: ProductFile, chosen: str) -> dict[str, Any]:
    """The container or aliquot that was chosen, {} for the product itself. Raises CrfInvalid for none of them."""
    if chosen in ("", "product"):
        return {}
    kind, _dash, text = chosen.partition("-")
    for container in file.containers:
        if (kind, text) == ("container", str(container.pk)):
            return {"container": container}
        for aliquot in container.aliquots.all():
            if (kind, text) == ("aliquot", str(aliquot.pk)):
                return {"aliquot": aliquot}
    raise CrfInvalid([Problem("what", "not_found", _("The product has no such container or aliquot."))])


def _page(request: HttpRequest, file: ProductFile, problems: Any = (), status: int = 200) -> HttpResponse:
    product, posted = file.product, request.POST
    errors = errors_by_field(problems)
    choices = [("product", _("The product: %s") % product)]
    for container in file.containers:
        choices.append((f"container-{container.pk}", _("Container %s") % container))
        choices += [(f"aliquot-{one.pk}", _("Aliquot %s") % one) for one in container.aliquots.all()]
    asked = next(
        (f"{kind}-{request.GET[kind]}" for kind in ("container", "aliquot") if request.GET.get(kind)),
        "product",
    )
    prints = list(product.label_prints.select_related("printed_by").order_by("-id"))
    fields = [
        FieldView(
            "what",
            _("Label of"),
            widget="select",
            value=posted.get("what", asked),
            choices=choices,
            errors=errors.get("what", ()),
        ),
        FieldView(
            "copies",
            _("How many"),
            widget="number",
            value=posted.get("copies", "1"),
            minimum=1,
            maximum=printing.MOST_COPIES,
            errors=errors.get("copies", ()),
        ),
        FieldView(
            "reason",
            _("Why it is printed again"),
            value=posted.get("reason", ""),
            conditional=True,
            help=_("Needed after the first print. Destroy labels that are left over."),
            errors=errors.get("reason", ()),
        ),
    ]
    return render(
        request,
        "celldose/labels.html",
        {
            "product": product,
            "participant": product.participant,
            "synthetic": product.participant.synthetic,
            "fields": fields,
            "problems": listed(problems, fields),
            "columns": [
                Column(_("Label")),
                Column(_("Print"), numeric=True),
                Column(_("Copies"), numeric=True),
                Column(_("Why again")),
                Column(_("By")),
                Column(_("When")),
            ],
            "rows": [
                Row(
                    [
                        Cell(one.identifier, code=True),
                        one.print_number,
                        one.copies,
                        one.reason or "–",
                        str(one.printed_by),
                        one.printed_at,
                    ]
                )
                for one in prints
            ],
        },
        status=status,
    )
