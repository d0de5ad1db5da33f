"""Cell products as a DataFrame: the only place here where the ORM meets pandas."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pandas as pd
from django.db.models import QuerySet

from apps.celldose import rules
from apps.celldose.models import CellProduct
from apps.celldose.product_file import ProductFile, with_records
from apps.celldose.stated import day_of_infusion

DOSE_COLUMNS: dict[str, str] = {
    "participant": "string",
    "site": "string",
    "group": "string",
    "synthetic": "boolean",
    "session": "Int64",
    "component": "string",
    "product": "Int64",
    "state": "string",
    "harvested_ml": "Float64",
    "tnc": "Float64",
    "mnc": "Float64",
    "cells_per_ml": "Float64",
    "cells_per_g": "Float64",
    "tnc_recovery": "Float64",
    "mnc_recovery": "Float64",
    "viability_percent": "Float64",
    "cd34_percent": "Float64",
    "cd34_total": "Float64",
    "stromal_percent": "Float64",
    "stromal_count": "Float64",
    "cfu_f_total": "Int64",
    "planned_low": "Float64",
    "planned_high": "Float64",
    "total_dose": "Float64",
    "viable_dose": "Float64",
    "against_plan": "string",
    "weight_kg": "Float64",
    "weight_on": "datetime64[ns]",
    "dose_per_kg": "Float64",
    "viable_dose_per_kg": "Float64",
    "dose_per_kg_absent": "string",
    "days_since_previous": "Int64",
    "infused_from": "datetime64[ns]",
    "infused_to": "datetime64[ns]",
}


def doses_frame(products: QuerySet[CellProduct]) -> pd.DataFrame:
    """One row per cell product, ordered by participant, session and component.

    Counts and doses are in 10⁶ cells, per-kg doses in 10⁶/kg, volumes in mL; `cells_per_ml` is in 10⁶/mL, `cells_per_g` in
    10⁶/g, recoveries in per cent. against_plan: the dose given is within, below or above the planned range, or unknown.
    weight_on is the day of the weight by which a dose per kg is. A value
    that is not there is <NA>, never 0, and `dose_per_kg_absent` says why a dose per kg could not be derived.
    infused_from and infused_to are the first and last day that the infusion can have been on: equal when the day is
    known, apart when only the month is, NaT when nothing is. Give only products that the user may see.
    """
    rows = [_row(ProductFile.of(product)) for product in with_records(products)]
    frame = pd.DataFrame(rows, columns=list(DOSE_COLUMNS)).astype(DOSE_COLUMNS)
    return frame.sort_values(["participant", "session", "component"], ignore_index=True)


def _row(file: ProductFile) -> dict[str, Any]:
    product, infusion = file.product, file.infusion
    day = day_of_infusion(infusion) if infusion else None
    planned: Any = (product.planned_dose_low, product.planned_dose_high)

    def infused(name: str) -> float | None:
        return _number(getattr(infusion, name)) if infusion else None

    return {
        "participant": product.participant.code,
        "site": product.site.code,
        "group": product.participant.group,
        "synthetic": product.participant.synthetic,
        "session": file.session.number,
        "component": product.component,
        "product": product.pk,
        "state": file.life.state.value if file.life.state else None,
        "harvested_ml": _number(file.harvest.volume_ml),
        **_numbers(
            file.counts, ("tnc", "mnc", "cells_per_ml", "cells_per_g", "tnc_recovery", "mnc_recovery")
        ),
        **_numbers(file.viability, ("viability_percent",)),
        **_numbers(file.phenotype, ("cd34_percent", "cd34_total", "stromal_percent", "stromal_count")),
        "cfu_f_total": file.phenotype.cfu_f_total if file.phenotype else None,
        "planned_low": _number(product.planned_dose_low),
        "planned_high": _number(product.planned_dose_high),
        "total_dose": infused("total_dose"),
        "viable_dose": infused("viable_dose"),
        "against_plan": rules.compared(
            infusion.total_dose if infusion else None, None if None in planned else planned
        ).state,
        "weight_kg": infused("weight_kg"),
        "weight_on": infusion.weight_on if infusion else None,
        "dose_per_kg": infused("dose_per_kg"),
        "viable_dose_per_kg": infused("viable_dose_per_kg"),
        "dose_per_kg_absent": (infusion.absent_reason("dose_per_kg") or None) if infusion else "not infused",
        "days_since_previous": file.session.days_since_previous,
        "infused_from": day.earliest if day else None,
        "infused_to": day.latest if day else None,
    }


def _numbers(record: Any, names: tuple[str, ...]) -> dict[str, float | None]:
    """The named numbers of a record, or of one that is not there."""
    return {name: _number(getattr(record, name)) if record is not None else None for name in names}


def _number(value: Decimal | None) -> float | None:
    return None if value is None else float(value)
