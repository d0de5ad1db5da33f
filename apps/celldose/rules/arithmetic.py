"""What the rules share: missing inputs named, rounding, order of times. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Any

from studyportal.crf.outcomes import NotDerivable, Problem

Values = Mapping[str, Any]


Derived = Decimal | NotDerivable


def _missing(**inputs: Any) -> NotDerivable | None:
    """Names every input that is not there, so that the reader knows what to record."""
    absent = [name.replace("_", " ") for name, value in inputs.items() if value is None]
    return NotDerivable(f"{' and '.join(absent)} missing") if absent else None


def _rounded(value: Decimal, decimals: int) -> Decimal:
    return value.quantize(Decimal(1).scaleb(-decimals), rounding=ROUND_HALF_EVEN)


def _after(values: Values, later: str, earlier: str, message: str) -> Iterable[Problem]:
    first, second = values.get(earlier), values.get(later)
    if first is not None and second is not None and second < first:
        yield Problem(later, "order", message)


def none_stands_alone(field: str) -> Any:
    """A rule: “none” cannot be chosen together with anything else."""

    def rule(values: Values) -> Iterable[Problem]:
        chosen = values.get(field) or []
        if "none" in chosen and len(chosen) > 1:
            yield Problem(
                field, "contradiction", "“None” is chosen together with something else; keep one of them."
            )

    return rule


def not_before_harvest(field: str) -> Any:
    """A rule: nothing can be done to a product before its harvest began."""

    def rule(values: Values) -> Iterable[Problem]:
        product, at = values.get("product"), values.get(field)
        began = product.harvest.started_at if product is not None else None
        if at is not None and began is not None and at < began:
            yield Problem(
                field, "before_harvest", f"This is before the harvest began ({began:%Y-%m-%d %H:%M %Z})."
            )

    return rule


@dataclass(frozen=True)
class Breach:
    """A departure from the protocol that a record shows. classification: minor, major or critical; kind: of what."""

    code: str
    description: str
    classification: str
    kind: str = "product"
