"""Cell products as a DataFrame: the only place here where the ORM meets pandas."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pandas as pd
from django.db.models import QuerySet

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
    "viability_percent": "Float64",
    "planned_low": "Float64",
    "planned_high": "Float64",
    "total_dose": "Float64",
    "viable_dose": "Float64",
    "weight_kg": "Float64",
    "dose_per_kg": "Float64",
    "viable_dose_per_kg": "Float64",
    "dose_per_kg_absent": "string",
    "infused_from": "datetime64[ns]",
    "infused_to": "datetime64[ns]",
}


def doses_frame(products: QuerySet[CellProduct]) -> pd.DataFrame:
    """One row per cell product, ordered by participant, session and component.

    Counts and doses are in 10⁶ cells, per-kg doses in 10⁶/kg, volumes in mL; `cells_per_ml` is in 10⁶/mL. A value
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
        "tnc": _number(file.counts.tnc) if file.counts else None,
        "mnc": _number(file.counts.mnc) if file.counts else None,
        "cells_per_ml": _number(file.counts.cells_per_ml) if file.counts else None,
        "viability_percent": _number(file.viability.viability_percent) if file.viability else None,
        "planned_low": _number(product.planned_dose_low),
        "planned_high": _number(product.planned_dose_high),
        "total_dose": infused("total_dose"),
        "viable_dose": infused("viable_dose"),
        "weight_kg": infused("weight_kg"),
        "dose_per_kg": infused("dose_per_kg"),
        "viable_dose_per_kg": infused("viable_dose_per_kg"),
        "dose_per_kg_absent": (infusion.absent_reason("dose_per_kg") or None) if infusion else "not infused",
        "infused_from": day.earliest if day else None,
        "infused_to": day.latest if day else None,
    }


def _number(value: Decimal | None) -> float | None:
    return None if value is None else float(value)
