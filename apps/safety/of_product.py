"""What is shown of adverse events beside a cell product and on its sheet."""

from __future__ import annotations

from typing import Any

from django.db.models import Q
from django.dispatch import receiver
from django.utils.translation import gettext as _

from apps.celldose.signals import around_product
from apps.safety.models import AdverseEvent
from studyportal.access.models import User
from studyportal.access.permissions import Permission
from studyportal.ui.parts import Block, Cell, Column, Row


@receiver(around_product, dispatch_uid="safety.around_product")
def adverse_events_block(sender: Any, product: Any, session: Any, user: User, **kwargs: Any) -> list[Block]:
    """The events that are linked to the product, or to its session as a whole; one query. Empty for who may not see them."""
    if not user.may(Permission.VIEW_SAFETY, product.site_id):
        return []
    linked = Q(product=product) | Q(product__isnull=True, session=session)
    known = AdverseEvent.objects.filter(linked).select_related("participant").order_by("id")
    return [
        Block(
            "adverse-events",
            _("Adverse events"),
            columns=[
                Column(_("Event")),
                Column(_("Grade")),
                Column(_("Serious")),
                Column(_("Onset")),
                Column(_("Causality: cell product")),
                Column(_("Outcome")),
            ],
            rows=[_row(one) for one in known],
            empty=_("None linked to this product or its session."),
        )
    ]


def _row(one: AdverseEvent) -> Row:
    def words(name: str) -> str:
        return str(one._meta.get_field(name).for_people(getattr(one, name))) or "–"  # type: ignore[union-attr]

    return Row(
        [
            Cell(one.verbatim or str(one), one.get_absolute_url(), detail=words("term") if one.term else ""),
            *(words(n) for n in ("grade", "serious", "onset_on", "related_to_product", "outcome")),
        ],
        "attention" if one.serious else "",
    )
