"""Identity checks of the tests: two signed-in people read, one after the other."""

from __future__ import annotations

import datetime as dt
from typing import Any

from apps.celldose.actions import readings
from apps.celldose.models import CellProduct, IdentityReading
from studyportal.access.models import User


def read(
    product: CellProduct, step: str, by: User, at: str | dt.datetime | None = None, **more: Any
) -> IdentityReading:
    """One person reads what stands on the labels, unless `more` says what else was read.

    identifier_read and participant_code_read, as the form of transcribed cases names them, are taken too.

    at: when, as from a signed sheet; None: now.
    """
    moment = dt.datetime.fromisoformat(at) if isinstance(at, str) else at
    values = {
        "identifier": product.product_identifier,
        "participant_code": product.participant.code,
        "how": "scanned" if moment is None else "paper",
        "read_at": moment,
    } | {name.removesuffix("_read"): value for name, value in more.items()}
    return readings.read(product=product, step=step, by=by, **values)


def verify(
    product: CellProduct,
    step: str,
    first: User,
    second: User,
    at: str | dt.datetime | None = None,
    **more: Any,
) -> IdentityReading:
    """Both read, and the newest reading is given back. more: what was read, the same by both.

    After a first reading that does not match there is no second.
    """
    one = read(product, step, first, at, **more)
    return read(product, step, second, at, witness_of=one, **more) if one.matches else one
