"""Group summaries and change from baseline.

All results are independent of the order of the rows, to the last bit: values are sorted before any
floating-point sum, and sums are exact (`math.fsum`). That is what lets a table be byte-identical when
it is run again on the same data.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from apps.outcomes.statistics.plan import reason_unpaired

NO_VALUES = "no values"
ONE_VALUE = "n = 1: standard deviation not defined"

#: Columns that `summarise_by` adds after the grouping columns.
SUMMARY_COLUMNS = (
    "expected", "n", "missing", "mean", "sd", "median", "q1", "q3", "minimum", "maximum", "note",
)  # fmt: skip


@dataclass(frozen=True)
class Summary:
    """One cell of a table. Statistics that are not defined are None, with the reason in `note`."""

    n: int
    mean: float | None = None
    sd: float | None = None
    median: float | None = None
    q1: float | None = None
    q3: float | None = None
    minimum: float | None = None
    maximum: float | None = None
    note: str | None = None


@dataclass(frozen=True)
class BaselineRule:
    """Which visit is the baseline. A participant without a value there has no baseline: none is borrowed."""

    visit: str = "BL"


def quantile(ordered: Sequence[float], probability: float) -> float:
    """Type 7 quantile (Hyndman and Fan 1996, the default of R and numpy) of values in ascending order.

    With h = (n − 1)p, the result lies between the values of rank ⌊h⌋ + 1 and ⌊h⌋ + 2.
    """
    position = (len(ordered) - 1) * probability
    below = math.floor(position)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (position - below) * (ordered[above] - ordered[below])


def describe(values: Iterable[float]) -> Summary:
    """Summary of the values that are present; NaN counts as absent.

    SD is the sample standard deviation (n − 1). Raises ValueError on an infinite value.
    """
    ordered = sorted(float(value) for value in values if not math.isnan(float(value)))
    n = len(ordered)
    if n == 0:
        return Summary(n=0, note=NO_VALUES)
    if math.isinf(ordered[0]) or math.isinf(ordered[-1]):
        raise ValueError("An infinite value cannot be summarised: correct the value or leave it absent.")
    mean = math.fsum(ordered) / n
    if ordered[0] == ordered[-1]:
        mean = ordered[0]  # a constant stays itself: rounding must not make a spread of it
    sd = math.sqrt(math.fsum((value - mean) ** 2 for value in ordered) / (n - 1)) if n > 1 else None
    return Summary(
        n=n,
        mean=mean,
        sd=sd,
        median=quantile(ordered, 0.5),
        q1=quantile(ordered, 0.25),
        q3=quantile(ordered, 0.75),
        minimum=ordered[0],
        maximum=ordered[-1],
        note=ONE_VALUE if n == 1 else None,
    )


def summarise_by(
    frame: pd.DataFrame, *, value: str, by: Sequence[str], expected: pd.DataFrame | None = None
) -> pd.DataFrame:
    """Summarise `value` within the cells of `by`.

    `frame` has one row per participant and cell; `value` is numeric with NaN where absent.
    `expected` (columns `by` + "expected") gives the number of participants that each cell should hold
    and fixes rows and their order, so that empty cells are shown; without it a cell expects its rows.
    Returns `by` + `SUMMARY_COLUMNS`; missing = expected − n. Raises ValueError when a column is absent,
    a grouping value is absent, or a cell holds more values than it expects (the numbers must reconcile).
    """
    keys = list(by)
    absent = [name for name in [*keys, value] if name not in frame.columns]
    if absent:
        raise ValueError(
            f"The frame lacks the column(s) {', '.join(absent)}; it has {', '.join(frame.columns)}."
        )
    if frame[keys].isna().any(axis=None):
        raise ValueError(f"Some rows have no {' or '.join(keys)}: leave them out or give them one.")
    cells: dict[tuple[object, ...], np.ndarray] = {}
    if len(frame):
        for key, rows in frame.groupby(keys, sort=True, observed=True):
            cells[key if isinstance(key, tuple) else (key,)] = rows[value].to_numpy(dtype=float)
    if expected is None:
        wanted = {key: len(values) for key, values in cells.items()}
    else:
        wanted = {
            tuple(row[:-1]): int(row[-1]) for row in expected[[*keys, "expected"]].itertuples(index=False)
        }
        stray = sorted(
            str(key) for key, values in cells.items() if key not in wanted and not np.isnan(values).all()
        )
        if stray:
            raise ValueError(f"Values lie in cells that are not expected: {', '.join(stray)}.")
    rows_out = []
    for key, count in wanted.items():
        summary = describe(cells.get(key, np.empty(0)))
        if summary.n > count:
            raise ValueError(
                f"Cell {key} holds {summary.n} values and expects {count}: one value per participant."
            )
        rows_out.append(
            (
                *key,
                count,
                summary.n,
                count - summary.n,
                summary.mean,
                summary.sd,
                summary.median,
                summary.q1,
                summary.q3,
                summary.minimum,
                summary.maximum,
                summary.note,
            )
        )
    return pd.DataFrame(rows_out, columns=[*keys, *SUMMARY_COLUMNS], dtype=object)


def change_from_baseline(
    frame: pd.DataFrame, rule: BaselineRule, *, value: str = "value", participant: str = "participant"
) -> pd.DataFrame:
    """Add `baseline`, `change` (value − baseline) and `reason` to a frame of one row per participant × visit.

    Only participants with both values have a change. Elsewhere `change` is NaN and `reason` says why:
    "no baseline" (also when the value exists) or "no value at the visit". Rows of the baseline visit
    itself stay, with change 0. Raises ValueError when a participant has two rows for a visit.
    """
    doubled = frame.duplicated([participant, "visit"])
    if doubled.any():
        first = frame.loc[doubled].iloc[0]
        raise ValueError(
            f"{first[participant]} has more than one row at {first['visit']}: keep one per visit."
        )
    at_baseline = frame.loc[frame["visit"] == rule.visit].set_index(participant)[value].astype(float)
    result = frame.copy()
    result["baseline"] = result[participant].map(at_baseline).astype(float)
    result["change"] = result[value].astype(float) - result["baseline"]
    has_baseline, has_value = result["baseline"].notna(), result[value].notna()
    result["reason"] = pd.Series(
        [
            reason_unpaired(has_baseline=bool(before), has_value=bool(here))
            for before, here in zip(has_baseline, has_value, strict=True)
        ],
        index=result.index,
        dtype=object,
    )
    return result
