"""What must have happened before a step of the laboratory is recorded. Pure.

The steps that follow are barred by more than their order: see `releasing` and `infusing`.
"""

from __future__ import annotations

from collections.abc import Mapping

from apps.celldose.lifecycle.states import Life, State
from studyportal.crf.outcomes import Problem
from studyportal.words import said

# Form → the step of the product's life that must be recorded before it. Counts, phenotype, viability and cultures are of
# the final product, and may be entered in any order among themselves.
REQUIRES: Mapping[str, State] = {
    "processing": State.RECEIVED,
    "cell-counts": State.PROCESSED,
    "phenotype": State.PROCESSED,
    "viability": State.PROCESSED,
    "microbiology": State.PROCESSED,
}

_FIRST = {
    State.RECEIVED: (
        "not_received",
        said("Record the hand-over to the laboratory first: {product} is not received yet."),
    ),
    State.PROCESSED: (
        "not_processed",
        said(
            "Record the processing first: this is measured in the final product, and {product} is not"
            " processed yet."
        ),
    ),
}


def order_bars(form: str, product: str, life: Life) -> tuple[Problem, ...]:
    """What of the order bars a new record of the form, in words; empty for forms that have no place in the order."""
    needed = REQUIRES.get(form)
    if needed is None or life.has(needed):
        return ()
    code, message = _FIRST[needed]
    return (Problem("product", code, message.format(product=product)),)
