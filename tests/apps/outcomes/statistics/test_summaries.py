import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.outcomes.statistics.plan import NO_BASELINE, NO_VALUE
from apps.outcomes.statistics.summaries import (
    NO_VALUES,
    ONE_VALUE,
    BaselineRule,
    change_from_baseline,
    describe,
    quantile,
    summarise_by,
)

NAN = float("nan")
values = st.lists(st.floats(min_value=-1e6, max_value=1e6, allow_nan=False), min_size=1, max_size=40)


def frame_of(rows: list[tuple]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["participant", "group", "visit", "value"])


# refusals
def test_absent_column_is_named():
    with pytest.raises(ValueError, match=r"lacks the column.*weight"):
        summarise_by(frame_of([]), value="weight", by=("visit",))


def test_rows_without_a_visit_are_refused():
    with pytest.raises(ValueError, match="no visit"):
        summarise_by(frame_of([("P1", "case", None, 7.0)]), value="value", by=("visit",))


def test_infinite_value_is_refused():
    with pytest.raises(ValueError, match="infinite"):
        describe([1.0, math.inf])


def test_more_values_than_expected_is_refused():
    expected = pd.DataFrame({"visit": ["BL"], "expected": [1]})
    rows = frame_of([("P1", "case", "BL", 7.0), ("P1", "case", "BL", 7.1)])
    with pytest.raises(ValueError, match="2 values and expects 1"):
        summarise_by(rows, value="value", by=("visit",), expected=expected)


def test_value_in_an_unexpected_cell_is_refused():
    expected = pd.DataFrame({"visit": ["BL"], "expected": [1]})
    with pytest.raises(ValueError, match=r"not expected.*M3"):
        summarise_by(frame_of([("P1", "case", "M3", 7.0)]), value="value", by=("visit",), expected=expected)


def test_two_rows_for_one_visit_have_no_change():
    rows = frame_of([("P1", "case", "BL", 7.0), ("P1", "case", "BL", 7.1)])
    with pytest.raises(ValueError, match="P1 has more than one row at BL"):
        change_from_baseline(rows, BaselineRule())


# R 4.3: x <- c(...); quantile(x, c(.25, .5, .75)); mean(x); sd(x)
R_VALUES = [
    ([1, 2, 3, 4], (1.75, 2.5, 3.25), 2.5, 1.2909944487358056),
    ([7.0, 11.5], (8.125, 9.25, 10.375), 9.25, 3.181980515339464),
    ([2, 4, 4, 4, 5, 5, 7, 9], (4.0, 4.5, 5.5), 5.0, 2.138089935299395),
    ([15, 20, 35, 40, 50], (20.0, 35.0, 40.0), 32.0, 14.404860290887934),
    (list(range(1, 11)), (3.25, 5.5, 7.75), 5.5, 3.0276503540974917),
]


@pytest.mark.parametrize(("data", "quartiles", "mean", "sd"), R_VALUES)
def test_agrees_with_r(data, quartiles, mean, sd):
    summary = describe(data)
    assert (summary.q1, summary.median, summary.q3) == pytest.approx(quartiles, rel=1e-15)
    assert summary.mean == pytest.approx(mean, rel=1e-15)
    assert summary.sd == pytest.approx(sd, rel=1e-14)


def test_degenerate_cells():
    assert describe([]) == describe([NAN, NAN])
    assert describe([]).note == NO_VALUES and describe([]).mean is None
    one = describe([7.0])
    assert (one.n, one.mean, one.sd, one.median, one.q1, one.note) == (1, 7.0, None, 7.0, 7.0, ONE_VALUE)
    constant = describe([0.1] * 7)
    assert (constant.mean, constant.sd, constant.note) == (0.1, 0.0, None)


def test_empty_and_all_missing_cells_are_shown():
    expected = pd.DataFrame({"visit": ["BL", "M3", "M6"], "expected": [2, 2, 0]})
    rows = frame_of([("P1", "case", "BL", 8.0), ("P2", "case", "BL", NAN), ("P1", "case", "M3", NAN)])
    table = summarise_by(rows, value="value", by=("visit",), expected=expected)
    assert table[["visit", "expected", "n", "missing"]].to_numpy().tolist() == [
        ["BL", 2, 1, 1],
        ["M3", 2, 0, 2],
        ["M6", 0, 0, 0],
    ]
    assert table["mean"].tolist() == [8.0, None, None]


def test_empty_frame_gives_an_empty_table():
    assert summarise_by(frame_of([]), value="value", by=("visit", "group")).empty


def test_change_needs_both_values():
    rows = frame_of(
        [
            ("P1", "case", "BL", 9.0), ("P1", "case", "M3", 7.5),
            ("P2", "case", "M3", 7.0),
            ("P3", "case", "BL", 8.0), ("P3", "case", "M3", NAN),
            ("P4", "case", "BL", NAN), ("P4", "case", "M3", NAN),
        ]
    )  # fmt: skip
    changed = change_from_baseline(rows, BaselineRule("BL"))
    at_m3 = changed[changed.visit == "M3"].set_index("participant")
    assert at_m3.loc["P1", "change"] == -1.5 and at_m3.loc["P1", "reason"] is None
    assert at_m3["change"].notna().sum() == 1
    assert at_m3["reason"].tolist() == [None, NO_BASELINE, NO_VALUE, NO_BASELINE]


# properties
@given(values, st.randoms())
def test_row_order_does_not_matter_to_the_last_bit(data, random):
    shuffled = list(data)
    random.shuffle(shuffled)
    assert describe(shuffled) == describe(data)


@given(values, st.sampled_from([0.0, 0.25, 0.5, 0.75, 1.0]))
def test_quantile_is_numpys_linear(data, probability):
    assert quantile(sorted(data), probability) == pytest.approx(
        np.quantile(data, probability), rel=1e-9, abs=1e-6
    )


@given(values, st.integers(-1000, 1000), st.sampled_from([0.5, 2.0, 8.0]))
def test_shift_and_scale(data, shift, scale):
    before, after = describe(data), describe([scale * value + shift for value in data])
    for name in ("mean", "median", "q1", "q3", "minimum", "maximum"):
        assert getattr(after, name) == pytest.approx(scale * getattr(before, name) + shift, abs=1e-5)
    if before.sd is not None:
        assert after.sd == pytest.approx(scale * before.sd, rel=1e-6, abs=1e-4)


@given(values)
def test_order_of_the_statistics(data):
    summary = describe(data)
    assert summary.minimum <= summary.q1 <= summary.median <= summary.q3 <= summary.maximum
    assert summary.n == len(data)


@given(st.lists(st.tuples(st.booleans(), st.floats(4, 18)), max_size=30))
def test_swapping_the_labels_of_the_groups_swaps_the_rows(data):
    def table(case: str, control: str) -> dict:
        rows = [(f"P{i}", case if is_case else control, "BL", x) for i, (is_case, x) in enumerate(data)]
        expected = pd.DataFrame({"group": [case, control], "expected": [len(data)] * 2})
        done = summarise_by(frame_of(rows), value="value", by=("group",), expected=expected)
        return {row.pop("group"): row for row in done.to_dict("records")}

    one, other = table("case", "control"), table("control", "case")
    assert one["case"] == other["control"] and one["control"] == other["case"]
