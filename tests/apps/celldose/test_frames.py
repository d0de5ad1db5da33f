"""Doses as a DataFrame: typed, ordered, and honest about what is not there."""

from __future__ import annotations

import pandas as pd

from apps.celldose import crfs
from apps.celldose.frames import DOSE_COLUMNS, doses_frame
from apps.celldose.models import CellProduct
from apps.celldose.selectors import products_of
from tests.apps.celldose.conftest import Journey, save
from tests.cast import Cast


def test_no_products_give_an_empty_frame_with_its_columns(db: None) -> None:
    frame = doses_frame(CellProduct.objects.all())
    assert list(frame.columns) == list(DOSE_COLUMNS)
    assert frame.empty


def test_a_frame_holds_only_what_the_user_may_see(journey: Journey, cast: Cast) -> None:
    journey.upto("product")
    assert len(doses_frame(products_of(cast.asha))) == 1
    assert doses_frame(products_of(cast.vikram)).empty


def test_what_is_not_there_is_missing_and_says_why(journey: Journey) -> None:
    journey.upto("product")
    (row,) = doses_frame(CellProduct.objects.all()).to_dict("records")
    assert pd.isna(row["total_dose"])
    assert row["dose_per_kg_absent"] == "not infused"
    assert (row["state"], row["planned_low"], row["planned_high"]) == ("harvested", 500.0, 5000.0)


def test_a_month_only_infusion_keeps_its_bounds(transcribed: Journey) -> None:
    transcribed.open(performed_on="2016-11")
    transcribed.upto("harvest", harvest={"started_at": None, "ended_at": None})
    transcribed.upto("product", product={"product_identifier": None})
    transcribed.make_infusion(started_at=None, stopped_at=None, volume_ml=None, total_dose=None)
    (row,) = doses_frame(CellProduct.objects.all()).to_dict("records")
    assert (row["infused_from"], row["infused_to"]) == (
        pd.Timestamp("2016-11-01"),
        pd.Timestamp("2016-11-30"),
    )
    assert row["dose_per_kg_absent"].startswith("not_derivable")


def test_an_infused_product(journey: Journey) -> None:
    journey.upto("infusion")
    (row,) = doses_frame(CellProduct.objects.all()).to_dict("records")
    assert (row["total_dose"], row["dose_per_kg"], row["viable_dose"]) == (1000.0, 20.0, 925.0)
    assert row["infused_from"] == row["infused_to"] == pd.Timestamp("2025-03-10")
    assert pd.isna(row["dose_per_kg_absent"])
    assert (row["against_plan"], row["weight_kg"], row["weight_on"]) == ("within", 50.0, row["infused_from"])


def test_what_the_laboratory_found(journey: Journey) -> None:
    journey.upto("processing", harvest={"mass_g": "60"})
    journey.make_counts(start_tnc="2400")
    save(
        crfs.PHENOTYPE,
        journey.asha,
        {"product": journey.product},
        panel="bm_mnc",
        cd34_percent="1.2",
        cfu_f="12",
    )
    (row,) = doses_frame(CellProduct.objects.all()).to_dict("records")
    assert (row["cells_per_ml"], row["cells_per_g"], row["tnc_recovery"]) == (15.0, 25.0, 62.5)
    assert (row["cd34_percent"], row["cd34_total"], row["cfu_f_total"]) == (1.2, 18.0, 18000)
    assert pd.isna(row["mnc_recovery"]) and pd.isna(row["stromal_count"]) and pd.isna(row["weight_on"])
    assert row["against_plan"] == "unknown"


def test_the_days_between_sessions(journey: Journey) -> None:
    journey.upto("product")
    journey.open(performed_on="2025-04-24")
    journey.made = {}
    journey.upto("product", product={"product_identifier": "D-010"})
    first, second = doses_frame(CellProduct.objects.all()).to_dict("records")
    assert pd.isna(first["days_since_previous"]) and second["days_since_previous"] == 45
