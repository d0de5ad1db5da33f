"""The grades that a measured value stands for. Pure.

CTCAE v5 (domain.md §8): a boundary value belongs to the milder grade."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

# CTCAE v5 (domain.md §8): a boundary value belongs to the milder grade. Below the lower limit of normal (LLN)
# down to the first bound is grade 1. Bounds in the unit named; grade 4 lies below the last bound.
_FALLING: Mapping[str, tuple[str, tuple[Decimal, ...], int]] = {
    "hypoglycaemia": ("mg/dL", (Decimal(55), Decimal(40), Decimal(30)), 4),
    "haemoglobin": ("g/dL", (Decimal(10), Decimal(8)), 3),
    "platelets": ("10*3/uL", (Decimal(75), Decimal(50), Decimal(25)), 4),
    "wbc": ("10*3/uL", (Decimal(3), Decimal(2), Decimal(1)), 4),
}


# Multiples of the upper limit of normal (ULN).
_RISING: Mapping[str, tuple[Decimal, ...]] = {
    "creatinine": (Decimal(1), Decimal("1.5"), Decimal(3), Decimal(6)),
    "alt": (Decimal(1), Decimal(3), Decimal(5), Decimal(20)),
}


def grade_of_fall(term: str, value: Decimal, lln: Decimal) -> int:
    """CTCAE v5 grade of a value below the lower limit of normal, in the unit of the table; 0: not below.

    Raises KeyError for a term that has no such table.
    """
    _unit, bounds, worst = _FALLING[term]
    if value >= lln:
        return 0
    for grade, bound in enumerate(bounds, start=1):
        if value >= bound:
            return grade
    return worst


def grade_of_rise(term: str, value: Decimal, uln: Decimal) -> int:
    """CTCAE v5 grade of a value above the upper limit of normal; 0: not above. Raises KeyError as above."""
    multiple = value / uln
    grade = 0
    for number, bound in enumerate(_RISING[term], start=1):
        if multiple > bound:
            grade = number
    return grade
