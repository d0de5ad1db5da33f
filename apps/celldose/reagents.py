"""The lots that a product was made with, and what of them had expired on the day of their use."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass

from apps.celldose import rules, stated
from apps.celldose.models import CellProduct, Processing
from apps.celldose.rules import Lot
from studyportal.crf.outcomes import Problem


@dataclass(frozen=True)
class EnzymeLot:
    """The enzyme of a digestion, as a lot among the others."""

    reagent: str | None
    lot: str | None
    expires_on: dt.date | None


def enzyme_lot(record: Processing) -> EnzymeLot:
    return EnzymeLot(record.enzyme or "The enzyme", record.enzyme_lot, record.enzyme_expires_on)


def expired(product: CellProduct, processing: Processing | None, lots: Iterable[Lot]) -> tuple[Problem, ...]:
    """What of the lots and of the enzyme had expired when the product was made: bars its release and its infusion.

    No query when the product came with its harvest, session and site.
    """
    used_on = stated.reagents_used_on(product.harvest, processing)
    enzyme = (enzyme_lot(processing),) if processing is not None else ()
    return tuple(
        Problem("product", one.code, one.message) for one in rules.expired_lots((*lots, *enzyme), used_on)
    )
