"""Processing, counts, phenotype, microbiology, reagents, shelf life. Pure.

Counts are in millions of cells (UCUM 10*6), volumes in mL."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Protocol

from apps.celldose.rules.arithmetic import Breach, Derived, Values, _after, _missing, _rounded
from studyportal.crf.outcomes import NotDerivable, Problem
from studyportal.words import said

METHODS_OF_COMPONENT = {
    "bm_mnc": ("density_gradient", "device"),
    "svf": ("enzymatic", "mechanical", "device"),
}


CULTURES = ("aerobic", "anaerobic", "fungal")


def cells_per_ml(tnc: Decimal | None, volume_ml: Decimal | None) -> Derived:
    """Yield in 10⁶ nucleated cells per mL of tissue harvested."""
    if tnc is None or volume_ml is None:
        return _missing(total_nucleated_cells=tnc, volume_harvested=volume_ml) or NotDerivable(
            said("missing")
        )
    if volume_ml <= 0:
        return NotDerivable(said("volume harvested is not above 0 mL"))
    return _rounded(tnc / volume_ml, 4)


def cells_per_g(tnc: Decimal | None, mass_g: Decimal | None) -> Derived:
    """Yield in 10⁶ nucleated cells per g of tissue harvested."""
    if tnc is None or mass_g is None:
        return _missing(total_nucleated_cells=tnc, mass_harvested=mass_g) or NotDerivable(said("missing"))
    if mass_g <= 0:
        return NotDerivable(said("mass harvested is not above 0 g"))
    return _rounded(tnc / mass_g, 4)


def concentration(tnc: Decimal | None, final_volume_ml: Decimal | None) -> Derived:
    """10⁶ nucleated cells per mL of the final product."""
    if tnc is None or final_volume_ml is None:
        return _missing(total_nucleated_cells=tnc, final_volume=final_volume_ml) or NotDerivable(
            said("missing")
        )
    if final_volume_ml <= 0:
        return NotDerivable(said("final volume is not above 0 mL"))
    return _rounded(tnc / final_volume_ml, 4)


def recovery(after: Decimal | None, before: Decimal | None, *, kind: str) -> Derived:
    """Per cent of the cells before processing that are in the product. kind: which cells, in words."""
    if after is None or before is None:
        return _missing(
            **{
                said("%(kind)s cells of the product", kind=kind): after,
                said("%(kind)s cells before processing", kind=kind): before,
            }
        ) or NotDerivable(said("missing"))
    if before <= 0:
        return NotDerivable(said("%(kind)s cells before processing are not above 0", kind=kind))
    return _rounded(after / before * 100, 2)


def part_of(tnc: Decimal | None, percent: Decimal | None, *, kind: str) -> Derived:
    """10⁶ cells of one kind in the product: nucleated cells × their percentage (dual platform)."""
    if tnc is None or percent is None:
        return _missing(
            total_nucleated_cells=tnc, **{said("percentage of %(kind)s", kind=kind): percent}
        ) or NotDerivable(said("missing"))
    return _rounded(tnc * percent / 100, 3)


def colonies(per_million: int | None, tnc: Decimal | None) -> int | NotDerivable:
    """CFU-F in the product: colonies per million cells × millions of cells."""
    if missing := _missing(
        **{said("CFU-F per million cells"): per_million, said("total nucleated cells"): tnc}
    ):
        return missing
    return int(_rounded(Decimal(per_million or 0) * (tnc or Decimal(0)), 0))


def derive_phenotype(values: Values, context: Values) -> Mapping[str, Any]:
    """Totals of the panel. context: tnc of the cell counts. What belongs to the other panel is not derivable."""
    tnc, panel = context.get("tnc"), values.get("panel")
    other = NotDerivable(said("not part of this panel")) if panel else NotDerivable(said("panel missing"))
    marrow, fat = panel == "bm_mnc", panel == "svf"
    return {
        "cd34_total": part_of(tnc, values.get("cd34_percent"), kind="CD34+") if marrow else other,
        "cd45_total": part_of(tnc, values.get("cd45_percent"), kind="CD45+") if marrow else other,
        "stromal_count": part_of(tnc, values.get("stromal_percent"), kind="CD45−/CD31−/CD34+")
        if fat
        else other,
        "cfu_f_total": colonies(values.get("cfu_f"), tnc),
    }


def endotoxin_per_kg(endotoxin: Any, volume_ml: Decimal | None, weight_kg: Decimal | None) -> Derived:
    """EU/kg at most: EU/mL × mL of product ÷ kg.

    endotoxin is a LaboratoryValue. “<0.5” counts as 0.5, the most that it can be; “>10” has no upper bound
    and so no EU/kg.
    """
    if endotoxin is None or volume_ml is None or weight_kg is None:
        return _missing(
            endotoxin=endotoxin, final_volume=volume_ml, **{said("same-day weight"): weight_kg}
        ) or NotDerivable(said("missing"))
    if endotoxin.comparator in (">", ">="):
        return NotDerivable(said("endotoxin %(endotoxin)s has no upper bound", endotoxin=endotoxin))
    if weight_kg <= 0:
        return NotDerivable(said("same-day weight is not above 0 kg"))
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
        return NotDerivable(said("end of harvest missing"))
    if not shelf_lives:
        return NotDerivable(said("the protocol states no expiry for this component"))
    fitting = [one for one in shelf_lives if one.storage is None or one.storage == storage]
    if not fitting:
        if storage is None:
            return NotDerivable(said("storage temperature missing"))
        return NotDerivable(
            said(
                "the protocol states no expiry for storage at %(storage)s", storage=storage.replace("_", " ")
            )
        )
    return harvest_ended_at + dt.timedelta(seconds=int(min(one.hours for one in fitting) * 3600))


def derive_processing(values: Values, context: Values) -> Mapping[str, Any]:
    return {
        "expires_at": expires_at(
            context.get("harvest_ended_at"), values.get("storage"), context["shelf_lives"]
        )
    }


def derive_cell_counts(values: Values, context: Values) -> Mapping[str, Any]:
    """context: harvest_volume_ml, harvest_mass_g, final_volume_ml."""
    tnc = values.get("tnc")
    return {
        "cells_per_ml": cells_per_ml(tnc, context.get("harvest_volume_ml")),
        "cells_per_g": cells_per_g(tnc, context.get("harvest_mass_g")),
        "tnc_per_ml_product": concentration(tnc, context.get("final_volume_ml")),
        "tnc_recovery": recovery(tnc, values.get("start_tnc"), kind="nucleated"),
        "mnc_recovery": recovery(values.get("mnc"), values.get("start_mnc"), kind="mononuclear"),
    }


def derive_microbiology(values: Values, context: Values) -> Mapping[str, Any]:
    return {
        "endotoxin_per_kg": endotoxin_per_kg(
            values.get("endotoxin"), context.get("final_volume_ml"), context.get("weight_kg")
        )
    }


def processing_ends_after_start(values: Values) -> Iterable[Problem]:
    return _after(
        values,
        "ended_at",
        "started_at",
        said("Processing ends before it starts; correct one of the two times."),
    )


def final_volume_positive(values: Values) -> Iterable[Problem]:
    volume = values.get("final_volume_ml")
    if volume is not None and volume <= 0:
        yield Problem("final_volume_ml", "min_value", said("A final volume is above 0 mL."))


def method_fits_component(values: Values) -> Iterable[Problem]:
    product, method = values.get("product"), values.get("method")
    if product is None or method is None or product.component is None:
        return
    if method not in METHODS_OF_COMPONENT[product.component]:
        fitting = ", ".join(one.replace("_", " ") for one in METHODS_OF_COMPONENT[product.component])
        yield Problem(
            "method", "method_component", said("This component is made by: %(fitting)s.", fitting=fitting)
        )


def parts_within_tnc(values: Values) -> Iterable[Problem]:
    tnc = values.get("tnc")
    for field, name in (("mnc", "mononuclear"), ("viable", "viable")):
        part = values.get(field)
        if tnc is not None and part is not None and part > tnc:
            yield Problem(
                field,
                "above_total",
                said(
                    "There are more %(name)s cells (%(part)s) than nucleated cells (%(tnc)s); correct one.",
                    name=name,
                    part=part,
                    tnc=tnc,
                ),
            )


def parts_within_start(values: Values) -> Iterable[Problem]:
    tnc, mnc = values.get("start_tnc"), values.get("start_mnc")
    if tnc is not None and mnc is not None and mnc > tnc:
        yield Problem(
            "start_mnc",
            "above_total",
            said(
                "Before processing there are more mononuclear cells (%(mnc)s) than nucleated cells"
                " (%(tnc)s); correct one.",
                mnc=mnc,
                tnc=tnc,
            ),
        )


def panel_fits_component(values: Values) -> Iterable[Problem]:
    product, panel = values.get("product"), values.get("panel")
    if product is not None and panel is not None and product.component not in (None, panel):
        yield Problem(
            "panel",
            "panel_component",
            said("The panel is that of the other component; choose this product's."),
        )


def cultures_read_after_sample(values: Values) -> Iterable[Problem]:
    return _after(values, "read_on", "sampled_on", said("The cultures are read before the sample was taken."))


class Lot(Protocol):
    """A lot of a reagent as its record has it."""

    @property
    def reagent(self) -> str | None: ...
    @property
    def lot(self) -> str | None: ...
    @property
    def expires_on(self) -> dt.date | None: ...


def expired_lots(lots: Iterable[Lot], used_on: dt.date | None) -> tuple[Problem, ...]:
    """One problem `reagent_expired` for each lot that had expired on the day on which it was used.

    A lot may be used up to and on its expiry day. Without a day of use, or of expiry, nothing is said.
    """
    if used_on is None:
        return ()
    return tuple(
        Problem(
            "expires_on",
            "reagent_expired",
            said(
                "%(one)s expired on %(expires_on)s and may not be used on %(used_on)s: use another lot,"
                " or correct the day.",
                one=_named(one),
                expires_on=one.expires_on,
                used_on=used_on,
            ),
        )
        for one in lots
        if one.expires_on is not None and one.expires_on < used_on
    )


def _named(one: Lot) -> str:
    named = one.reagent or said("A reagent")
    return said("%(named)s, lot %(lot)s,", named=named, lot=one.lot) if one.lot else named


def reagent_breaches(
    reagent: str | None, expires_on: dt.date | None, used_on: dt.date | None
) -> Iterable[Breach]:
    """A lot may be used up to and on its expiry day."""
    if expires_on is not None and used_on is not None and expires_on < used_on:
        yield Breach(
            "reagent_expired",
            said(
                "%(reagent)s expired on %(expires_on)s and was used on %(used_on)s.",
                reagent=reagent or said("A reagent"),
                expires_on=expires_on,
                used_on=used_on,
            ),
            "major",
        )
