"""Printing labels: what was printed is kept."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import transaction
from django.db.models import Max
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from apps.celldose import labels
from apps.celldose.models import Aliquot, CellProduct, Container, DonorTests, LabelPrint
from apps.celldose.product_file import ProductFile, product_file
from studyportal.access.models import User
from studyportal.audit import acting
from studyportal.crf.errors import CrfInvalid, Refused
from studyportal.crf.outcomes import Problem

MOST_COPIES = 20


@dataclass(frozen=True)
class Printed:
    """The file and what is kept of it."""

    content: bytes
    prints: Sequence[LabelPrint]


@transaction.atomic
def print_labels(
    *,
    product: CellProduct,
    by: User,
    container: Container | None = None,
    aliquot: Aliquot | None = None,
    copies: int = 1,
    reason: str = "",
) -> Printed:
    """The labels of a product, or of one of its containers or aliquots, as PDF in the language of the study.

    reason: why it is printed again; asked for after the first print. Raises CrfInvalid, and Refused for a product without
    identifier or at its end.
    """
    if not 1 <= copies <= MOST_COPIES:
        raise CrfInvalid([Problem("copies", "range", _("Print between 1 and %d labels.") % MOST_COPIES)])
    CellProduct.objects.select_for_update(of=("self",)).get(pk=product.pk)
    file = product_file(product.pk)
    _may_be_labelled(file)
    tests = DonorTests.objects.filter(session=file.session).order_by("-id").first()
    with translation.override(settings.LANGUAGE_CODE), timezone.override(ZoneInfo(product.site.timezone)):
        if aliquot is not None:
            label = labels.of_aliquot(file, aliquot)
        elif container is not None:
            label = labels.of_container(file, container, tests)
        else:
            label = labels.of_product(file, tests)
        try:
            content = labels.printed([label], copies=copies, title=label.symbol)
        except labels.LabelTooSmall as error:
            raise Refused([Problem(None, "label_too_small", str(error))]) from None
    before = LabelPrint.objects.filter(product=product, identifier=label.symbol).aggregate(
        last=Max("print_number")
    )["last"]
    reason = reason.strip()[:200]
    if before and not reason:
        raise CrfInvalid(
            [
                Problem(
                    "reason",
                    "reason_required",
                    _(
                        "This label was printed before. Say why it is printed again, and destroy what is left over."
                    ),
                )
            ]
        )
    with acting(user=by):
        kept = LabelPrint.objects.create(
            site_id=product.site_id,
            participant_id=product.participant_id,
            product=product,
            identifier=label.symbol,
            size=label.size,
            print_number=(before or 0) + 1,
            copies=copies,
            reason=reason if before else "",
            file_sha256=hashlib.sha256(content).hexdigest(),
            printed_by=by,
        )
    return Printed(content, [kept])


def _may_be_labelled(file: ProductFile) -> None:
    if not file.product.product_identifier:
        raise Refused(
            [
                Problem(
                    "product", "identifier_missing", _("A label needs a product identifier: record it first.")
                )
            ]
        )
    if file.discard is not None:
        raise Refused([Problem("product", "discarded", _("%s has been discarded.") % file.product)])
