"""Questions to a value that may be reported as a limit (“<40”, “>8”): yes, no, or not to be told. Pure."""

from __future__ import annotations

from decimal import Decimal
from typing import Any


def is_below(reported: Any, limit: Decimal) -> bool | None:
    """Whether the value certainly lies below the limit. reported: LaboratoryValue, Decimal or None."""
    if reported is None:
        return None
    comparator, number = _parts(reported)
    if comparator in ("", "="):
        return number < limit
    if comparator == "<":
        return True if number <= limit else None
    if comparator == "<=":
        return True if number < limit else None
    return False if number >= limit else None


def is_above(reported: Any, limit: Decimal) -> bool | None:
    """Whether the value certainly lies above the limit."""
    if reported is None:
        return None
    comparator, number = _parts(reported)
    if comparator in ("", "="):
        return number > limit
    if comparator == ">":
        return True if number >= limit else None
    if comparator == ">=":
        return True if number > limit else None
    return False if number <= limit else None


def is_at_least(reported: Any, limit: Decimal) -> bool | None:
    below = is_below(reported, limit)
    return None if below is None else not below


def is_at_most(reported: Any, limit: Decimal) -> bool | None:
    above = is_above(reported, limit)
    return None if above is None else not above


def any_of(*answers: bool | None) -> bool | None:
    """Yes when one is yes, no when all are no."""
    if any(one is True for one in answers):
        return True
    return None if any(one is None for one in answers) else False


def all_of(*answers: bool | None) -> bool | None:
    """No when one is no, yes when all are yes."""
    if any(one is False for one in answers):
        return False
    return None if any(one is None for one in answers) else True


def _parts(reported: Any) -> tuple[str, Decimal]:
    return getattr(reported, "comparator", ""), getattr(reported, "number", reported)
