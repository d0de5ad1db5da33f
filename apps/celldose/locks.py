"""One lock for all that decides about a product: its row, taken before anything of it is read or judged.

Results, decisions, hand-overs, discards and the infusion of one product are judged by one another; two that are saved
at once would each be judged by what the other is about to change. Who waits sees what the other recorded. The order is
always participant, product, record, so that two never wait for each other.
"""

from __future__ import annotations

from typing import Any

from apps.celldose.models import CellProduct
from apps.enrolment.models import Participant


def product_of_record(record: Any) -> None:
    """Lock the product of a record, new or saved."""
    _product(record.product_id)


def product_of_container(record: Any) -> None:
    _product(record.container.product_id)


def treatment(record: Any) -> None:
    """Lock the participant and the product: consent is judged as well, and it is recorded under the participant's lock."""
    _participant(record.participant_id)
    _product(record.product_id)


def harvest(record: Any) -> None:
    """Lock the participant and all products of a harvest: its times decide when they expire."""
    _participant(record.participant_id)
    if record.pk is not None:
        list(
            CellProduct.objects.filter(harvest_id=record.pk)
            .select_for_update(of=("self",))
            .order_by("pk")
            .values_list("pk")
        )


def _product(pk: int) -> None:
    CellProduct.objects.select_for_update(of=("self",)).only("pk").get(pk=pk)


def _participant(pk: int) -> None:
    Participant.objects.select_for_update(of=("self",), no_key=True).only("pk").get(pk=pk)
