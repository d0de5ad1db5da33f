"""Reactions of an infusion and their adverse events: the app below asks whether there is one, and is told of a new one."""

from __future__ import annotations

from typing import Any

from django.db.models import Q
from django.dispatch import receiver

from apps.celldose.actions import infusion as infusions
from apps.celldose.models import CellProduct
from apps.celldose.signals import adverse_events_asked
from apps.safety.models import AdverseEvent
from studyportal.crf.signals import record_saved


@receiver(adverse_events_asked, dispatch_uid="safety.adverse_events_of_a_product")
def adverse_events_of(sender: type, product: Any, **kwargs: Any) -> int:
    """How many adverse events are linked to the product or its session."""
    of_either = Q(product=product) | Q(session=product.harvest.session_id, product__isnull=True)
    return AdverseEvent.objects.filter(of_either, participant_id=product.participant_id).count()


@receiver(record_saved, dispatch_uid="safety.reactions_reconsidered")
def reconsider(sender: type, record: Any, by: Any = None, **kwargs: Any) -> None:
    if sender is not AdverseEvent:
        return
    products = CellProduct.objects.filter(participant_id=record.participant_id)
    if record.product_id is not None:
        products = products.filter(pk=record.product_id)
    elif record.session_id is not None:
        products = products.filter(harvest__session_id=record.session_id)
    else:
        return
    for product in products:
        infusions.refresh_reactions(product=product, by=by)
