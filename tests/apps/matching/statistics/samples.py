"""Small cohorts as frames. Ages in years and days from a reference day; everybody was enrolled on it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from apps.matching.statistics.design import DAYS_PER_YEAR, Caliper, Design
from apps.matching.statistics.population import CANDIDATES, CASES, MEASUREMENTS

DAY0 = 18_000.0  # of the cohort: everybody's enrolment, unless said otherwise
AGE = Caliper("age", "Age", 2, "a")
DURATION = Caliper("duration", "Duration of diabetes", 1, "a", 20)
HBA1C = Caliper("hba1c", "HbA1c", 1, "%")
CALENDAR = Caliper("calendar", "Calendar time", 6, "mo")


def design(*calipers: Caliper, **more: Any) -> Design:
    return Design(**({"exact": ("sex",), "calipers": calipers or (AGE,), "seed": 1} | more))


def person(
    code: str,
    *,
    sex: Any = "female",
    site: str = "MUM",
    age: float = 20,
    duration: float = 5,
    entry: float = DAY0,
) -> dict[str, Any]:
    return {
        "code": code,
        "site": site,
        "sex": sex,
        "entry": entry,
        "born": entry - age * DAYS_PER_YEAR,
        "onset": entry - duration * DAYS_PER_YEAR,
    }


def case(code: str, *, index: float = DAY0, **more: Any) -> dict[str, Any]:
    return person(code, **more) | {"index": index}


def candidate(
    code: str, *, risk_from: float = DAY0, risk_until: float = np.nan, **more: Any
) -> dict[str, Any]:
    return person(code, **more) | {"risk_from": risk_from, "risk_until": risk_until}


def measured(code: str, value: float, day: float = DAY0) -> dict[str, Any]:
    return {"code": code, "day": day, "value": value}


def frames(
    cases: list[dict[str, Any]], candidates: list[dict[str, Any]], hba1c: list[dict[str, Any]] | None = None
) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    def frame(rows: list[dict[str, Any]], columns: tuple[str, ...]) -> pd.DataFrame:
        made = pd.DataFrame(rows, columns=list(columns))
        texts = {"code", "site", "sex"}
        return made.astype({name: object if name in texts else np.float64 for name in columns})

    return frame(cases, CASES), frame(candidates, CANDIDATES), frame(hba1c or [], MEASUREMENTS)


def who(matched: Any) -> dict[str, tuple[str, ...]]:
    """Case → its controls, nearest first."""
    return {one.case: tuple(control.code for control in one.controls) for one in matched.sets}
