"""Hard rules, derived values and protocol breaches of the cell product record (domain reference §4).

Pure: takes typed values, returns values. Counts are in millions of cells (UCUM 10*6), volumes in mL.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Any

from studyportal.crf.outcomes import NotDerivable, Problem

Values = Mapping[str, Any]
Derived = Decimal | NotDerivable

COMPONENT_OF_TISSUE = {"bone_marrow": "bm_mnc", "adipose": "svf"}
METHODS_OF_COMPONENT = {
    "bm_mnc": ("density_gradient", "device"),
    "svf": ("enzymatic", "mechanical", "device"),
}
CULTURES = ("aerobic", "anaerobic", "fungal")


# --- derived values -------------------------------------------------------------------------------------


def _missing(**inputs: Any) -> NotDerivable | None:
    """Names every input that is not there, so that the reader knows what to record."""
    absent = [name.replace("_", " ") for name, value in inputs.items() if value is None]
    return NotDerivable(f"{' and '.join(absent)} missing") if absent else None


def _rounded(value: Decimal, decimals: int) -> Decimal:
    return value.quantize(Decimal(1).scaleb(-decimals), rounding=ROUND_HALF_EVEN)


def cells_per_ml(tnc: Decimal | None, volume_ml: Decimal | None) -> Derived:
    """Yield in 10⁶ nucleated cells per mL of tissue harvested."""
    if tnc is None or volume_ml is None:
        return _missing(total_nucleated_cells=tnc, volume_harvested=volume_ml) or NotDerivable("missing")
    if volume_ml <= 0:
        return NotDerivable("volume harvested is not above 0 mL")
    return _rounded(tnc / volume_ml, 4)


def viable_dose(total: Decimal | None, viability_percent: Decimal | None) -> Derived:
    """Viable cells given, in 10⁶: dose given × viability."""
    if total is None or viability_percent is None:
        return _missing(dose_given=total, viability=viability_percent) or NotDerivable("missing")
    return _rounded(total * viability_percent / 100, 3)


def per_kg(dose: Decimal | None, weight_kg: Decimal | None, *, dose_name: str = "dose_given") -> Derived:
    """10⁶ cells per kg, by the weight of the same day."""
    if dose is None or weight_kg is None:
        return _missing(**{dose_name: dose, "same-day_weight": weight_kg}) or NotDerivable("missing")
    if weight_kg <= 0:
        return NotDerivable("same-day weight is not above 0 kg")
    return _rounded(dose / weight_kg, 4)


def endotoxin_per_kg(endotoxin: Any, volume_ml: Decimal | None, weight_kg: Decimal | None) -> Derived:
    """EU/kg at most: EU/mL × mL of product ÷ kg.

    endotoxin is a LaboratoryValue. “<0.5” counts as 0.5, the most that it can be; “>10” has no upper bound
    and so no EU/kg.
    """
    if endotoxin is None or volume_ml is None or weight_kg is None:
        return _missing(
            endotoxin=endotoxin, final_volume=volume_ml, **{"same-day weight": weight_kg}
        ) or NotDerivable("missing")
    if endotoxin.comparator in (">", ">="):
        return NotDerivable(f"endotoxin {endotoxin} has no upper bound")
    if weight_kg <= 0:
        return NotDerivable("same-day weight is not above 0 kg")
    return _rounded(endotoxin.number * volume_ml / weight_kg, 4)


@dataclass(frozen=True)
class ShelfLife:
    """Hours from the end of the harvest within which a product may be infused; storage None: at any."""

    hours: Decimal
    storage: str | None = None


def expires_at(
    harvest_ended_at: dt.datetime | None, storage: str | None, shelf_lives: Sequence[ShelfLife]
) -> dt.datetime | NotDerivable:
    """Expiry, counted from the end of the harvest by storage temperature (domain reference §4)."""
    if harvest_ended_at is None:
        return NotDerivable("end of harvest missing")
    if not shelf_lives:
        return NotDerivable("the protocol states no expiry for this component")
    fitting = [one for one in shelf_lives if one.storage is None or one.storage == storage]
    if not fitting:
        if storage is None:
            return NotDerivable("storage temperature missing")
        return NotDerivable(f"the protocol states no expiry for storage at {storage.replace('_', ' ')}")
    return harvest_ended_at + dt.timedelta(seconds=int(min(one.hours for one in fitting) * 3600))


def derive_product(values: Values, context: Values) -> Mapping[str, Any]:
    """The protocol's dose range as it stood when the product was made: later versions do not move it.

    context: planned_range (low, high) kept or current, or None.
    """
    planned = context.get("planned_range")
    if planned is None:
        why = NotDerivable("the protocol states no dose range for this component")
        return {"planned_dose_low": why, "planned_dose_high": why}
    return {"planned_dose_low": planned[0], "planned_dose_high": planned[1]}


def derive_identity_check(values: Values, context: Values) -> Mapping[str, Any]:
    read = identity_read(
        values.get("identifier_read"),
        values.get("participant_code_read"),
        identifier=context.get("product_identifier"),
        participant_code=context.get("participant_code"),
    )
    return {"matches": read}


def identity_read(
    identifier_read: str | None,
    code_read: str | None,
    *,
    identifier: str | None,
    participant_code: str | None,
) -> bool | NotDerivable:
    """Whether what two people read is this product and this participant; case and spaces do not count."""
    missing = _missing(
        identifier_read=identifier_read,
        participant_code_read=code_read,
        product_identifier=identifier,
        participant_code=participant_code,
    )
    if missing:
        return missing
    return _plain(identifier_read) == _plain(identifier) and _plain(code_read) == _plain(participant_code)


def _plain(text: str | None) -> str:
    return "".join((text or "").split()).casefold()


def derive_processing(values: Values, context: Values) -> Mapping[str, Any]:
    return {
        "expires_at": expires_at(
            context.get("harvest_ended_at"), values.get("storage"), context["shelf_lives"]
        )
    }


def derive_cell_counts(values: Values, context: Values) -> Mapping[str, Any]:
    return {"cells_per_ml": cells_per_ml(values.get("tnc"), context.get("harvest_volume_ml"))}


def derive_microbiology(values: Values, context: Values) -> Mapping[str, Any]:
    return {
        "endotoxin_per_kg": endotoxin_per_kg(
            values.get("endotoxin"), context.get("final_volume_ml"), context.get("weight_kg")
        )
    }


def derive_release(values: Values, context: Values) -> Mapping[str, Any]:
    """How the newest evaluation came out, counted. context: outcomes label → outcome, or None."""
    outcomes = context.get("outcomes")
    if outcomes is None:
        why = NotDerivable("criteria not evaluated")
        return dict.fromkeys(
            ("criteria_passed", "criteria_failed", "criteria_pending", "criteria_not_evaluable"), why
        )
    found = list(outcomes.values())
    return {
        "criteria_passed": found.count("pass"),
        "criteria_failed": found.count("fail"),
        "criteria_pending": found.count("pending"),
        "criteria_not_evaluable": found.count("not_evaluable"),
    }


def derive_infusion(values: Values, context: Values) -> Mapping[str, Any]:
    """context: viability_percent, weight_kg (same day) or None, weight_why."""
    total, weight = values.get("total_dose"), context.get("weight_kg")
    viable = viable_dose(total, context.get("viability_percent"))
    known_viable = viable if isinstance(viable, Decimal) else None
    return {
        "viable_dose": viable,
        "weight_kg": weight
        if weight is not None
        else NotDerivable(context.get("weight_why") or "same-day weight missing"),
        "dose_per_kg": per_kg(total, weight),
        "viable_dose_per_kg": per_kg(known_viable, weight, dose_name="viable_dose"),
    }


# --- hard rules: impossible, refused --------------------------------------------------------------------


def _after(values: Values, later: str, earlier: str, message: str) -> Iterable[Problem]:
    first, second = values.get(earlier), values.get(later)
    if first is not None and second is not None and second < first:
        yield Problem(later, "order", message)


def session_order(performed_on: Any, previous: Any) -> Iterable[Problem]:
    """Both PartialDates or None; refused only when every day that they can mean is in the wrong order."""
    if previous is not None and performed_on is not None and performed_on.certainly_before(previous):
        yield Problem(
            "performed_on",
            "order",
            f"The session before was on {previous.for_people()}; this one cannot be earlier.",
        )


def identified_unless_transcribed(values: Values) -> Iterable[Problem]:
    """A product without donation number can only come out of a paper that does not print it."""
    participant = values.get("participant")
    if participant is None or participant.retrospective or values.get("product_identifier"):
        return
    yield Problem(
        "product_identifier",
        "required",
        "A product is known by its identifier: type the donation number on the label.",
    )


def harvest_ends_after_start(values: Values) -> Iterable[Problem]:
    return _after(
        values, "ended_at", "started_at", "The harvest ends before it starts; correct one of the two times."
    )


def harvest_volume_positive(values: Values) -> Iterable[Problem]:
    volume = values.get("volume_ml")
    if volume is not None and volume <= 0:
        yield Problem(
            "volume_ml",
            "min_value",
            "A harvested volume is above 0 mL; if nothing was obtained, leave it empty with a reason.",
        )


def none_stands_alone(field: str) -> Any:
    """A rule: “none” cannot be chosen together with anything else."""

    def rule(values: Values) -> Iterable[Problem]:
        chosen = values.get(field) or []
        if "none" in chosen and len(chosen) > 1:
            yield Problem(
                field, "contradiction", "“None” is chosen together with something else; keep one of them."
            )

    return rule


def component_fits_tissue(values: Values) -> Iterable[Problem]:
    harvest, component = values.get("harvest"), values.get("component")
    if harvest is None or component is None or harvest.tissue is None:
        return
    if COMPONENT_OF_TISSUE[harvest.tissue] != component:
        yield Problem(
            "component",
            "component_tissue",
            "BM-MNC are made from bone marrow and SVF from adipose tissue; choose the component of this harvest.",
        )


def transport_temperatures_ordered(values: Values) -> Iterable[Problem]:
    low, high = values.get("temperature_min"), values.get("temperature_max")
    if low is not None and high is not None and low > high:
        yield Problem(
            "temperature_max", "order", "The lowest temperature is above the highest; correct one of the two."
        )


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


def two_different_people(values: Values) -> Iterable[Problem]:
    first, second = values.get("first_person"), values.get("second_person")
    if first and second and _plain(first) == _plain(second):
        yield Problem(
            "second_person", "same_person", "An identity check takes two different people; name the second."
        )


def processing_ends_after_start(values: Values) -> Iterable[Problem]:
    return _after(
        values, "ended_at", "started_at", "Processing ends before it starts; correct one of the two times."
    )


def final_volume_positive(values: Values) -> Iterable[Problem]:
    volume = values.get("final_volume_ml")
    if volume is not None and volume <= 0:
        yield Problem("final_volume_ml", "min_value", "A final volume is above 0 mL.")


def method_fits_component(values: Values) -> Iterable[Problem]:
    product, method = values.get("product"), values.get("method")
    if product is None or method is None or product.component is None:
        return
    if method not in METHODS_OF_COMPONENT[product.component]:
        fitting = ", ".join(one.replace("_", " ") for one in METHODS_OF_COMPONENT[product.component])
        yield Problem("method", "method_component", f"This component is made by: {fitting}.")


def parts_within_tnc(values: Values) -> Iterable[Problem]:
    tnc = values.get("tnc")
    for field, name in (("mnc", "mononuclear"), ("viable", "viable")):
        part = values.get(field)
        if tnc is not None and part is not None and part > tnc:
            yield Problem(
                field,
                "above_total",
                f"There are more {name} cells ({part}) than nucleated cells ({tnc}); correct one.",
            )


def panel_fits_component(values: Values) -> Iterable[Problem]:
    product, panel = values.get("product"), values.get("panel")
    if product is not None and panel is not None and product.component not in (None, panel):
        yield Problem(
            "panel", "panel_component", "The panel is that of the other component; choose this product's."
        )


def cultures_read_after_sample(values: Values) -> Iterable[Problem]:
    return _after(values, "read_on", "sampled_on", "The cultures are read before the sample was taken.")


def infusion_stops_after_start(values: Values) -> Iterable[Problem]:
    return _after(
        values,
        "stopped_at",
        "started_at",
        "The infusion stops before it starts; correct one of the two times.",
    )


def diastolic_below_systolic(values: Values) -> Iterable[Problem]:
    systolic, diastolic = values.get("systolic"), values.get("diastolic")
    if systolic is not None and diastolic is not None and diastolic >= systolic:
        yield Problem(
            "diastolic", "order", "The diastolic pressure is not below the systolic; are they exchanged?"
        )


# --- breaches of the protocol: recorded as deviations ---------------------------------------------------


@dataclass(frozen=True)
class Breach:
    """A departure from the protocol that a record shows. classification: minor, major or critical."""

    code: str
    description: str
    classification: str


@dataclass(frozen=True)
class Interval:
    """Days between two sessions: target − before to target + after, both inclusive."""

    target: int
    before: int
    after: int

    @property
    def earliest(self) -> int:
        return self.target - self.before

    @property
    def latest(self) -> int:
        return self.target + self.after

    def __str__(self) -> str:
        spread = f"± {self.before}" if self.before == self.after else f"−{self.before}/+{self.after}"
        return f"{self.target} {spread} days"


def days_between(first: Any, second: Any) -> tuple[int, int] | None:
    """(fewest, most) days from one PartialDate to another; None when either has no bounds."""
    if first is None or second is None or first.earliest is None or second.earliest is None:
        return None
    return (second.earliest - first.latest).days, (second.latest - first.earliest).days


def interval_breaches(number: int | None, days: tuple[int, int] | None, asked: Interval) -> Iterable[Breach]:
    """Days from the session before, as (fewest, most) that the two dates can mean; None when not known.

    Fires only when every day that the dates can mean is outside: a month-only date proves little.
    """
    if number is None or number < 2 or days is None:
        return
    fewest, most = days
    if most < asked.earliest or fewest > asked.latest:
        shown = f"{fewest}" if fewest == most else f"{fewest}–{most}"
        yield Breach(
            "session_interval",
            f"Session {number} was {shown} days after the one before; the protocol asks for {asked}.",
            "minor",
        )


def dose_breaches(dose: Decimal | None, low: Decimal | None, high: Decimal | None) -> Iterable[Breach]:
    """The bounds themselves are within range."""
    if dose is None or low is None or high is None or low <= dose <= high:
        return
    side = "below" if dose < low else "above"
    yield Breach(
        "dose_outside_range",
        f"The dose given, {dose.normalize():f} ×10⁶, is {side} the planned range of {low.normalize():f}–{high.normalize():f} ×10⁶.",
        "major",
    )


def overtime_breaches(
    started_at: dt.datetime | None, expiry: dt.datetime | NotDerivable | None
) -> Iterable[Breach]:
    if started_at is None or not isinstance(expiry, dt.datetime) or started_at <= expiry:
        return
    minutes = int((started_at - expiry).total_seconds() // 60)
    yield Breach("overtime", f"The infusion started {minutes} min after the product expired.", "critical")


def identity_breaches(matches: bool | None, step: str | None) -> Iterable[Breach]:
    if matches is False:
        yield Breach("identity_mismatch", f"Identity mismatch at {step or 'an unnamed step'}.", "critical")


def out_of_specification_breaches(
    decision: str | None, failed: Iterable[str], *, infused: bool = False
) -> Iterable[Breach]:
    """A product that failed a criterion and was released or infused all the same; a rejection is no breach."""
    labels = ", ".join(failed)
    if labels and (infused or decision in ("released", "conditional")):
        word = "infused" if infused else "released"
        yield Breach(
            "out_of_specification", f"The product was {word} out of specification: {labels}.", "critical"
        )


def reagent_breaches(
    reagent: str | None, expires_on: dt.date | None, used_on: dt.date | None
) -> Iterable[Breach]:
    """A lot may be used up to and on its expiry day."""
    if expires_on is not None and used_on is not None and expires_on < used_on:
        yield Breach(
            "reagent_expired",
            f"{reagent or 'A reagent'} expired on {expires_on.isoformat()} and was used on {used_on.isoformat()}.",
            "major",
        )
