"""What the checks of custody are told beside the form's own values."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from apps.celldose import contexts
from apps.celldose.models import Container, HandOver
from apps.celldose.product_file import ProductFile, product_file
from apps.celldose.rules import custody
from studyportal import protocol


def chain_of(file: ProductFile) -> custody.Chain:
    """The chain of custody of a product, from what a ProductFile holds."""
    return custody.chain(
        file.hand_overs,
        begins_at=file.harvest.ended_at,
        infused=file.infusion is not None,
        discarded=file.discard is not None,
        most_minutes=protocol.current().custody.hand_over_gap_minutes,
    )


def hand_over_context(record: HandOver) -> Mapping[str, Any]:
    """gaps: what is not logged between the hand-over before and this one."""
    if record.pk is None:
        return {**contexts.hand_over_context(record), "gaps": _gaps_before(record)}
    links = chain_of(product_file(record.product_id)).links
    own = next((link for link in links if link.hand_over.pk == record.pk), None)
    return {**contexts.hand_over_context(record), "gaps": own.gaps if own is not None else ()}


def _gaps_before(record: HandOver) -> tuple[str, ...]:
    """Of one that is not saved yet: where it will stand."""
    file = product_file(record.product_id)
    received = record.received_at
    earlier = [
        one
        for one in file.hand_overs
        if received is None or one.received_at is None or one.received_at <= received
    ]
    links = custody.chain(
        [*earlier, record],
        begins_at=file.harvest.ended_at,
        most_minutes=protocol.current().custody.hand_over_gap_minutes,
    ).links
    return links[-1].gaps


def container_context(record: Container) -> Mapping[str, Any]:
    file = product_file(record.product_id)
    others = [one.volume_ml for one in file.containers if one.pk != record.pk]
    return {
        "balance": custody.balance(
            file.processing.final_volume_ml if file.processing else None, [*others, record.volume_ml]
        )
    }
