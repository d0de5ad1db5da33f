"""The order of the laboratory's steps, asked of the forms that have a place in it (`lifecycle.order`).

Registered once for all of them, so that no form can be added to the order and forget its gate.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from apps.celldose.history import refusing
from apps.celldose.lifecycle import REQUIRES, order_bars
from apps.celldose.product_file import product_file
from studyportal.access.models import User
from studyportal.crf import gates
from studyportal.crf.outcomes import Problem
from studyportal.crf.spec import CrfSpec


def order_gate(spec: CrfSpec, record: Any, by: User | None) -> Iterable[Problem]:
    """A new record of the laboratory comes after what it rests on; a correction of one that is there is no step."""
    if record.pk is not None or spec.key not in REQUIRES:
        return ()
    file = product_file(record.product_id)
    bars = order_bars(spec.key, str(file.product), file.life)
    return refusing(bars, record.participant, file.session.performed_on)


def register() -> None:
    gates.register(order_gate)
