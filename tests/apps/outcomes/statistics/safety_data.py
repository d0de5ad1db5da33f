"""Small frames of the safety tables, by hand."""

from __future__ import annotations

from datetime import date
from typing import Any

import pandas as pd

from apps.outcomes.statistics.follow_up import EVENT_COLUMNS, PEOPLE_COLUMNS
from apps.outcomes.statistics.safety_course import DEVIATION_COLUMNS
from apps.outcomes.statistics.safety_products import NEAR_MISS_COLUMNS, PRODUCT_COLUMNS
from apps.outcomes.statistics.safety_set import Frames, Words

CUT_OFF = date(2026, 1, 1)
DAY_0 = date(2024, 1, 1)
WORDS = Words(
    groups={"case": "Cases", "control": "Controls"},
    terms={
        "harvest_pain": "Pain at the harvest site",
        "fever": "Fever",
        "dka": "Diabetic ketoacidosis",
        "positive_culture": "Positive culture of a product",
    },
    components={"bm_mnc": "BM-MNC", "svf": "SVF"},
    deviations={"visit": "Visit", "dose": "Dose"},
)


def person(code: str, group: str = "case", **values: Any) -> dict[str, Any]:
    return {
        "participant": code, "group": group, "site": "MUM", "synthetic": False, "day_0": DAY_0,
        "last_contact": date(2024, 12, 30), "exited_on": None, "exited_as": "", "censored_on": None,
    } | values  # fmt: skip


def event(number: int, code: str, onset: date | None = date(2024, 2, 1), **values: Any) -> dict[str, Any]:
    return {
        "event": number, "participant": code, "term": "fever", "verbatim": "felt hot after the marrow was taken",
        "onset_from": onset, "onset_to": onset, "ended_on": None, "grade": 1.0, "dictionary": "ctcae_5", "serious": False,
        "criteria": "", "outcome": "recovered", "actions": "none", "to_harvest": "", "to_product": "", "to_insulin": "",
        "to_disease": "", "expected": "", "special": False, "linked": False, "session": None, "component": "",
        "complete": True,
    } | values  # fmt: skip


def product(number: int, code: str, **values: Any) -> dict[str, Any]:
    return {
        "product": number, "identifier": f"D{number}", "participant": code, "site": "MUM", "synthetic": False,
        "component": "bm_mnc", "session": 1, "made_on": DAY_0, "evaluated": True, "failing": "", "decision": "released",
        "infused": True, "discarded": False, "discard_reason": "", "culture": "no_growth", "grew_late": False,
    } | values  # fmt: skip


def people_frame(*rows: dict[str, Any]) -> pd.DataFrame:
    return pd.DataFrame(list(rows), columns=list(PEOPLE_COLUMNS), dtype=object)


def events_frame(*rows: dict[str, Any]) -> pd.DataFrame:
    return pd.DataFrame(list(rows), columns=list(EVENT_COLUMNS), dtype=object)


def products_frame(*rows: dict[str, Any]) -> pd.DataFrame:
    return pd.DataFrame(list(rows), columns=list(PRODUCT_COLUMNS), dtype=object)


def near_misses_frame(*rows: tuple[Any, ...]) -> pd.DataFrame:
    return pd.DataFrame(list(rows), columns=list(NEAR_MISS_COLUMNS), dtype=object)


def deviations_frame(*rows: tuple[Any, ...]) -> pd.DataFrame:
    return pd.DataFrame(list(rows), columns=list(DEVIATION_COLUMNS), dtype=object)


def all_frames(people: pd.DataFrame, events: pd.DataFrame, **more: pd.DataFrame) -> Frames:
    return Frames(
        people,
        events,
        more.get("products", products_frame()),
        more.get("near_misses", near_misses_frame()),
        more.get("deviations", deviations_frame()),
    )
