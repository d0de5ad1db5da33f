"""The planned dose, what was given against it, and both components of a session together. Pure.

Doses are in millions of cells (UCUM 10*6), per kg in 10*6/kg. A bound belongs to its range.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from apps.celldose.rules.arithmetic import Breach, Derived, Values, _missing, _rounded
from apps.celldose.rules.dose import Weighed, per_kg
from studyportal.crf.outcomes import NotDerivable, Problem
from studyportal.words import said

Range = tuple[Decimal, Decimal]


def derive_dose_plan(values: Values, context: Values) -> Mapping[str, Any]:
    """context: weighed (`Weighed`, or why there is no weight), protocol_range (low, high) or None."""
    weighed = context.get("weighed") or NotDerivable(said("same-day weight missing"))
    kg = weighed.kg if isinstance(weighed, Weighed) else None
    low, high = values.get("planned_low"), values.get("planned_high")
    return {
        "weight_kg": kg if kg is not None else weighed,
        "weight_on": weighed.on if isinstance(weighed, Weighed) else weighed,
        "planned_low_per_kg": per_kg(low, kg, dose_name=said("lowest planned dose")),
        "planned_high_per_kg": per_kg(high, kg, dose_name=said("highest planned dose")),
        "within_protocol": within(low, high, context.get("protocol_range")),
    }


def within(low: Decimal | None, high: Decimal | None, allowed: Range | None) -> bool | NotDerivable:
    """Whether a planned range lies inside that of the protocol."""
    if missing := _missing(lowest_planned_dose=low, highest_planned_dose=high):
        return missing
    if allowed is None:
        return NotDerivable(said("the protocol states no dose range for this component"))
    return bool(allowed[0] <= low and high <= allowed[1])  # type: ignore[operator]


def planned_range_ordered(values: Values) -> Iterable[Problem]:
    low, high = values.get("planned_low"), values.get("planned_high")
    if low is not None and high is not None and low > high:
        yield Problem(
            "planned_high",
            "order",
            said("The lowest planned dose is above the highest; correct one of the two."),
        )


def planned_something(values: Values) -> Iterable[Problem]:
    """A plan of no cells is no plan: a dose that is not to be given is not planned."""
    if values.get("planned_high") == 0:
        yield Problem(
            "planned_high", "min_value", said("A planned dose is above 0 ×10⁶; leave it empty with a reason.")
        )


@dataclass(frozen=True)
class Compared:
    """A dose against a range: within, below or above it, or unknown and why. by: 10⁶ cells beyond the nearest bound."""

    state: str
    by: Decimal = Decimal(0)
    why: str = ""


def compared(dose: Decimal | None, planned: Range | None) -> Compared:
    """The dose given against the planned range."""
    if planned is None:
        return Compared("unknown", why=said("no planned range"))
    if dose is None:
        return Compared("unknown", why=said("dose given missing"))
    low, high = planned
    if dose < low:
        return Compared("below", low - dose)
    return Compared("above", dose - high) if dose > high else Compared("within")


def protocol_breaches(dose: Decimal | None, planned: Range | None, allowed: Range | None) -> Iterable[Breach]:
    """A dose inside its own plan and yet outside the protocol: the plan does not make it one of the study's doses."""
    if dose is None or allowed is None or planned is None or planned == allowed:
        return
    if compared(dose, planned).state == "within" and compared(dose, allowed).state != "within":
        yield Breach(
            "dose_outside_protocol",
            said(
                "The dose given, %(dose)s ×10⁶, is as planned but outside the protocol's %(low)s–%(high)s"
                " ×10⁶.",
                dose=dose.normalize(),
                low=allowed[0].normalize(),
                high=allowed[1].normalize(),
            ),
            "major",
            kind="dose",
        )


def _plain(value: Decimal) -> str:
    text = format(value, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def share_given(dose: Decimal | None, of_product: Decimal | None, part: Decimal | None) -> Derived:
    """How many cells of one kind were given, in 10⁶: dose given × their share of the product's nucleated cells."""
    if missing := _missing(dose_given=dose, total_nucleated_cells=of_product, cells_of_this_kind=part):
        return missing
    if not of_product:
        return NotDerivable(said("the product held no nucleated cells"))
    return _rounded(dose * part / of_product, 3)  # type: ignore[operator]


@dataclass(frozen=True)
class Part:
    """One component of a session, for the sum. fate: infused, awaited, discarded or rejected."""

    name: str
    fate: str
    dose: Decimal | None = None
    viable: Decimal | None = None
    per_kg: Decimal | None = None
    viable_per_kg: Decimal | None = None
    weighed: Weighed | None = None


@dataclass(frozen=True)
class Together:
    """What a session gave, its components together. names: those that were given; without: those that were not."""

    dose: Derived
    viable: Derived
    per_kg: Derived
    viable_per_kg: Derived
    weights: tuple[Weighed, ...]
    names: tuple[str, ...]
    without: tuple[str, ...]


def together(parts: Sequence[Part]) -> Together:
    """Sum the components that were given. A component that is still awaited leaves every sum open."""
    given = [one for one in parts if one.fate == "infused"]
    awaited = [one.name for one in parts if one.fate == "awaited"]
    without = tuple(f"{one.name} ({one.fate})" for one in parts if one.fate in ("discarded", "rejected"))

    def total(name: str, words: str) -> Derived:
        if awaited:
            return NotDerivable(said("not infused yet: %(awaited)s", awaited=list(awaited)))
        if not given:
            return NotDerivable(said("nothing was infused"))
        lacking = [one.name for one in given if getattr(one, name) is None]
        if lacking:
            return NotDerivable(said("%(words)s missing: %(lacking)s", words=words, lacking=list(lacking)))
        return sum((getattr(one, name) for one in given), Decimal(0))

    weights = dict.fromkeys(one.weighed for one in given if one.weighed is not None)
    return Together(
        dose=total("dose", said("dose given")),
        viable=total("viable", said("viable dose")),
        per_kg=total("per_kg", said("dose per kg")),
        viable_per_kg=total("viable_per_kg", said("viable dose per kg")),
        weights=tuple(weights),
        names=tuple(one.name for one in given),
        without=without,
    )
