"""The outcome tables: frames in, a table with its rows, footnotes and denominators out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any

import pandas as pd

from apps.outcomes.statistics.cohort import (
    CENSORED_ON,
    PARTICIPANT_COLUMNS,
    expected_visits,
    reason_missing,
)
from apps.outcomes.statistics.plan import VisitPlan
from apps.outcomes.statistics.summaries import BaselineRule, change_from_baseline, summarise_by

STATISTICS = ("mean", "sd", "median", "q1", "q3", "minimum", "maximum")


@dataclass(frozen=True)
class Analyte:
    """What is tabulated: its name, code, unit (UCUM) and the decimals in which a value is reported."""

    key: str
    label: str
    unit: str
    loinc: str
    decimals: int


@dataclass(frozen=True)
class Column:
    """A column of a table: its key in every row, label, unit and kind (text, count, value, change)."""

    key: str
    label: str
    kind: str
    unit: str | None = None


@dataclass(frozen=True)
class OutcomeTableData:
    """A finished table. `rows` hold raw numbers (None where not defined); nothing is rounded."""

    key: str
    title: str
    analyte: Analyte
    baseline_visit: str
    columns: tuple[Column, ...]
    rows: tuple[dict[str, Any], ...]
    counts: dict[str, dict[str, int]]
    footnotes: tuple[str, ...]

    def as_json(self) -> dict[str, Any]:
        """Plain JSON types, in a fixed order."""
        content = asdict(self)
        for name in ("columns", "rows", "footnotes"):
            content[name] = list(content[name])
        return content


def _columns(unit: str) -> tuple[Column, ...]:
    first = (
        Column("visit", "Visit", "text"),
        Column("day", "Day", "count", "d"),
        Column("group", "Group", "text"),
        Column("expected", "Expected", "count"),
    )
    names = ("Mean", "SD", "Median", "Q1", "Q3", "Minimum", "Maximum")
    value = [Column(key, name, "value", unit) for key, name in zip(STATISTICS, names, strict=True)]
    change = [
        Column(f"change_{key}", f"Change: {name}", "change" if key != "sd" else "value", unit)
        for key, name in zip(STATISTICS, names, strict=True)
    ]
    return (
        *first,
        Column("n", "n", "count"),
        Column("missing", "Missing", "count"),
        *value,
        Column("change_n", "Change: pairs", "count"),
        Column("change_missing", "Change: missing", "count"),
        *change,
    )


def _footnotes(
    analyte: Analyte,
    baseline: BaselineRule,
    as_of: date,
    counts: dict[str, dict[str, int]],
    *,
    any_synthetic: bool,
    censored: int,
    more: Sequence[str],
) -> tuple[str, ...]:
    synthetic = sum(group["synthetic"] for group in counts.values())
    total = sum(group["participants"] for group in counts.values())
    notes = [
        "Cases and controls are groups of a matched cohort that is followed forward: groups are compared as "
        f"{analyte.key} ~ group, never group ~ {analyte.key}. This table is descriptive; it makes no test.",
        "Change is shown for both groups because participants chosen for a high value fall towards the mean "
        "without any treatment (regression to the mean).",
        "SD is the standard deviation (n − 1), not the standard error. Quartiles are type 7 quantiles.",
        f"Change is the value at the visit minus the value at {baseline.visit}, for participants who have both; "
        "no other visit stands in for an absent baseline.",
        "Participants are counted in the group in which they were treated; withdrawn participants stay in the "
        "denominator and their later values are missing. No value is imputed.",
        f"Expected: participants whose visit window had closed before {as_of.isoformat()}, or who have a value "
        "already. Missing = expected − n.",
        f"{analyte.label} in {analyte.unit} (LOINC {analyte.loinc}).",
        *more,
    ]
    if censored:
        notes.append(
            f"Controls who were treated later: {censored}. They are censored among the controls on the day of the "
            "treatment and counted among the cases from then on, so they are counted in both groups."
        )
    if any_synthetic:
        notes.append(
            f"Synthetic participants are included: {synthetic} of {total}. Do not read this as a result."
        )
    else:
        notes.append("Synthetic participants are excluded.")
    return tuple(notes)


def value_by_visit(
    frame: pd.DataFrame,
    participants: pd.DataFrame,
    visits: Sequence[VisitPlan],
    *,
    key: str,
    title: str,
    analyte: Analyte,
    groups: Sequence[str],
    baseline: BaselineRule,
    as_of: date,
    include_synthetic: bool,
    more_footnotes: Sequence[str] = (),
) -> OutcomeTableData:
    """Value and change from baseline of one analyte by visit × group.

    frame: one row per participant × visit: participant, visit, value (float, NaN when absent), reason
    (why it is absent, or None). participants: `PARTICIPANT_COLUMNS`. Values of people who are not in
    `participants` and of visits not in `visits` are left out. Raises ValueError on absent columns,
    an unknown group, or two rows for one participant at one visit.
    """
    _require(frame, ("participant", "visit", "value", "reason"), "values")
    _require(participants, PARTICIPANT_COLUMNS, "participants")
    unknown = sorted(set(participants["group"]) - set(groups))
    if unknown:
        raise ValueError(
            f"Participants have groups that the protocol does not know: {', '.join(map(str, unknown))}."
        )
    if not include_synthetic:
        participants = participants.loc[~participants["synthetic"].astype(bool)]
    keys = [visit.key for visit in visits]
    kept = frame["participant"].isin(participants["participant"]) & frame["visit"].isin(keys)
    frame = frame.loc[kept]
    due = expected_visits(participants, visits, as_of=as_of, observed=frame.loc[frame["value"].notna()])
    own = ["participant", "visit", *(["group"] if "group" in frame else [])]
    table = due.merge(frame, on=own, how="left", validate="one_to_many")
    table = table.rename(columns={"reason": "recorded"})
    if "group" in frame:
        table["time"] = table["participant"] + ", " + table["group"]  # each has a baseline of its own
    table = change_from_baseline(table, baseline, participant="time" if "group" in frame else "participant")

    counted = Counter(zip(due["visit"], due["group"], strict=True))
    cells = [(visit, group) for visit in visits for group in groups if group in visit.groups]
    expected = pd.DataFrame(
        [(visit.key, group, counted[visit.key, group]) for visit, group in cells],
        columns=["visit", "group", "expected"],
    )
    values = summarise_by(table, value="value", by=("visit", "group"), expected=expected)
    changes = summarise_by(table, value="change", by=("visit", "group"), expected=expected)
    why_value, why_change = _reasons(table)
    rows = []
    for (visit, group), value, change in zip(
        cells, values.to_dict("records"), changes.to_dict("records"), strict=True
    ):
        cell = (visit.key, group)
        row: dict[str, Any] = {
            "visit": visit.key,
            "visit_label": visit.label,
            "day": visit.day,
            "group": group,
        }
        row |= {name: value[name] for name in ("expected", "n", "missing", *STATISTICS, "note")}
        row["missing_reasons"] = dict(sorted(why_value.get(cell, Counter()).items()))
        is_baseline = visit.key == baseline.visit
        for name in ("n", "missing", *STATISTICS, "note"):
            row[f"change_{name}"] = None if is_baseline else change[name]
        row["change_missing_reasons"] = (
            {} if is_baseline else dict(sorted(why_change.get(cell, Counter()).items()))
        )
        rows.append(row)

    counts = {
        group: {
            "participants": int((participants["group"] == group).sum()),
            "synthetic": int(
                ((participants["group"] == group) & participants["synthetic"].astype(bool)).sum()
            ),
        }
        for group in groups
    }
    any_synthetic = any(group["synthetic"] for group in counts.values())
    return OutcomeTableData(
        key=key,
        title=title,
        analyte=analyte,
        baseline_visit=baseline.visit,
        columns=_columns(analyte.unit),
        rows=tuple(rows),
        counts=counts,
        footnotes=_footnotes(
            analyte,
            baseline,
            as_of,
            counts,
            any_synthetic=any_synthetic,
            censored=int(participants[CENSORED_ON].notna().sum()) if CENSORED_ON in participants else 0,
            more=more_footnotes,
        ),
    )


def hba1c_by_visit(
    frame: pd.DataFrame,
    participants: pd.DataFrame,
    visits: Sequence[VisitPlan],
    *,
    analyte: Analyte,
    groups: Sequence[str],
    as_of: date,
    include_synthetic: bool,
    more_footnotes: Sequence[str] = (),
    baseline: BaselineRule = BaselineRule(),  # noqa: B008  (frozen)
) -> OutcomeTableData:
    """HbA1c (NGSP %) and its change from baseline by visit × group; see `value_by_visit`."""
    return value_by_visit(
        frame,
        participants,
        visits,
        key="hba1c",
        title="HbA1c and change from baseline by visit and group",
        analyte=analyte,
        groups=groups,
        baseline=baseline,
        as_of=as_of,
        include_synthetic=include_synthetic,
        more_footnotes=more_footnotes,
    )


def _reasons(
    table: pd.DataFrame,
) -> tuple[dict[tuple[str, str], Counter[str]], dict[tuple[str, str], Counter[str]]]:
    """Per cell, how many values and how many changes are missing for which reason."""
    values: dict[tuple[str, str], Counter[str]] = {}
    changes: dict[tuple[str, str], Counter[str]] = {}
    for row in table.itertuples(index=False):
        cell = (row.visit, row.group)
        if pd.isna(row.value):
            recorded = None if pd.isna(row.recorded) else str(row.recorded)
            why = reason_missing(withdrawn=bool(row.withdrawn), recorded=recorded)
            values.setdefault(cell, Counter())[why] += 1
        if row.reason is not None and not pd.isna(row.reason):
            changes.setdefault(cell, Counter())[row.reason] += 1
    return values, changes


def _require(frame: pd.DataFrame, columns: Sequence[str], what: str) -> None:
    absent = [name for name in columns if name not in frame.columns]
    if absent:
        raise ValueError(f"The frame of {what} lacks the column(s) {', '.join(absent)}.")
