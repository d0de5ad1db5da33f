import json
from datetime import date

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from apps.outcomes.statistics.cohort import NOT_RECORDED, WITHDRAWN
from apps.outcomes.statistics.plan import VisitPlan
from apps.outcomes.statistics.tables import Analyte, hba1c_by_visit

BOTH = ("case", "control")
VISITS = (
    VisitPlan("BL", "Baseline", -7, -1, BOTH),
    VisitPlan("M3", "Month 3", 90, 104, BOTH),
    VisitPlan("M12", "Month 12", 365, 395, BOTH),
)
ANALYTE = Analyte("hba1c", "HbA1c", "%", "4548-4", 1)
NAN = float("nan")


def people(*rows: tuple) -> pd.DataFrame:
    columns = ["participant", "group", "site", "synthetic", "index_date", "withdrawn_on"]
    return pd.DataFrame(rows, columns=columns)


def values(*rows: tuple) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["participant", "visit", "value", "reason"])


def table(
    frame: pd.DataFrame, participants: pd.DataFrame, *, as_of=date(2024, 12, 31), include_synthetic=True
):
    return hba1c_by_visit(
        frame,
        participants,
        VISITS,
        analyte=ANALYTE,
        groups=BOTH,
        as_of=as_of,
        include_synthetic=include_synthetic,
    )


def cell(data, visit, group):
    return next(row for row in data.rows if row["visit"] == visit and row["group"] == group)


DAY0 = date(2024, 1, 1)
FOUR = people(
    ("A", "case", "MUM", False, DAY0, None),
    ("B", "case", "MUM", True, DAY0, date(2024, 2, 1)),
    ("C", "control", "PUN", True, DAY0, None),
    ("D", "control", "PUN", True, None, None),
)
SOME = values(
    ("A", "BL", 11.5, None), ("A", "M3", 7.0, None),
    ("B", "BL", 9.0, None),
    ("C", "M3", NAN, "not_done"),
    ("D", "M3", 8.0, None),
)  # fmt: skip


def test_a_frame_without_reasons_is_refused():
    with pytest.raises(ValueError, match=r"values lacks the column.*reason"):
        table(SOME.drop(columns="reason"), FOUR)


def test_an_unknown_group_is_refused():
    with pytest.raises(ValueError, match="placebo"):
        table(SOME, people(("A", "placebo", "MUM", False, DAY0, None)))


def test_two_values_at_one_visit_are_refused():
    with pytest.raises(ValueError, match="A has more than one row at BL"):
        table(values(("A", "BL", 7.0, None), ("A", "BL", 8.0, None)), FOUR)


def test_expected_n_missing_and_reasons_reconcile():
    data = table(SOME, FOUR)
    case = cell(data, "M3", "case")
    assert (case["expected"], case["n"], case["missing"]) == (2, 1, 1)
    assert case["missing_reasons"] == {WITHDRAWN: 1}
    assert (case["mean"], case["sd"], case["change_mean"]) == (7.0, None, -4.5)
    control = cell(data, "M3", "control")
    assert (control["expected"], control["n"], control["missing_reasons"]) == (2, 1, {"not_done": 1})
    assert (control["change_n"], control["change_missing_reasons"]) == (0, {"no baseline": 2})
    assert cell(data, "BL", "control")["missing_reasons"] == {NOT_RECORDED: 1}
    for row in data.rows:
        assert row["n"] + row["missing"] == row["expected"]
        assert sum(row["missing_reasons"].values()) == row["missing"]


def test_a_window_that_is_open_expects_nobody():
    assert [row["expected"] for row in table(SOME, FOUR).rows if row["visit"] == "M12"] == [0, 0]
    assert cell(table(SOME, FOUR, as_of=date(2025, 6, 1)), "M12", "case")["expected"] == 2


def test_the_baseline_row_has_no_change():
    row = cell(table(SOME, FOUR), "BL", "case")
    assert row["n"] == 2 and row["change_n"] is None and row["change_mean"] is None


def test_synthetic_participants_are_counted_or_left_out():
    assert "3 of 4" in table(SOME, FOUR).footnotes[-1]
    without = table(SOME, FOUR, include_synthetic=False)
    assert without.footnotes[-1] == "Synthetic participants are excluded."
    assert cell(without, "BL", "case")["n"] == 1 and cell(without, "BL", "control")["expected"] == 0


def test_nobody_at_all():
    data = table(values(), people())
    assert len(data.rows) == 6 and all(row["n"] == row["expected"] == 0 for row in data.rows)


def test_footnotes_say_what_must_be_said():
    text = " ".join(table(SOME, FOUR).footnotes)
    for phrase in (
        "matched cohort",
        "hba1c ~ group",
        "regression to the mean",
        "standard deviation",
        "4548-4",
    ):
        assert phrase in text


@settings(max_examples=20)
@given(st.randoms())
def test_the_same_rows_in_any_order_give_the_same_bytes(random):
    def shuffled(frame):
        order = list(range(len(frame)))
        random.shuffle(order)
        return frame.iloc[order]

    assert json.dumps(table(shuffled(SOME), shuffled(FOUR)).as_json()) == json.dumps(
        table(SOME, FOUR).as_json()
    )
