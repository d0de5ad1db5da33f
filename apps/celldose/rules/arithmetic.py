"""What the rules share: missing inputs named, rounding, order of times. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Any

from studyportal.crf.outcomes import NotDerivable, Problem
from studyportal.words import Said, listed, said

Values = Mapping[str, Any]


Derived = Decimal | NotDerivable


def _missing(**inputs: Any) -> NotDerivable | None:
    """Names every input that is not there, so that the reader knows what to record."""
    absent = [_named(name) for name, value in inputs.items() if value is None]
    return NotDerivable(said("%(absent)s missing", absent=listed(absent))) if absent else None


# What the rules miss, as `_missing` calls it: listed here so that translators see it.
INPUTS = {
    str(words): words
    for words in (
        said("cells of this kind"),
        said("dose given"),
        said("endotoxin"),
        said("final volume"),
        said("highest planned dose"),
        said("identifier read"),
        said("lowest planned dose"),
        said("mass harvested"),
        said("participant code"),
        said("participant code read"),
        said("product identifier"),
        said("same-day weight"),
        said("start"),
        said("start of the infusion"),
        said("stop"),
        said("time of the observation"),
        said("total nucleated cells"),
        said("viability"),
        said("viable dose"),
        said("volume harvested"),
        said("volume infused"),
    )
}


def _named(name: str) -> str:
    if isinstance(name, Said):
        return name
    words = name.replace("_", " ")
    return INPUTS.get(words, words)


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
                field,
                "contradiction",
                said("“None” is chosen together with something else; keep one of them."),
            )

    return rule


def not_before_harvest(field: str) -> Any:
    """A rule: nothing can be done to a product before its harvest began."""

    def rule(values: Values) -> Iterable[Problem]:
        product, at = values.get("product"), values.get(field)
        began = product.harvest.started_at if product is not None else None
        if at is not None and began is not None and at < began:
            yield Problem(
                field, "before_harvest", said("This is before the harvest began (%(began)s).", began=began)
            )

    return rule


@dataclass(frozen=True)
class Breach:
    """A departure from the protocol that a record shows. classification: minor, major or critical; kind: of what."""

    code: str
    description: str
    classification: str
    kind: str = "product"
