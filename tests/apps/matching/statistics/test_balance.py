"""Standardised differences against published formulas worked by hand, and against numpy."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from apps.matching.statistics.balance import Sample, balance_of, difference, mean, pooled_sd, variance
from apps.matching.statistics.matching import match
from tests.apps.matching.statistics.samples import AGE, HBA1C, candidate, case, design, frames, measured


def sample(values: list[float], weights: list[float] | None = None) -> Sample:
    return Sample(
        np.array(values, dtype=float), np.array(weights if weights is not None else [1.0] * len(values))
    )


NOBODY = sample([])


def test_no_values_no_difference() -> None:
    found = difference(NOBODY, sample([1.0]), None, binary=False)
    assert (found.mean_cases, found.smd, found.variance_ratio) == (None, None, None)


def test_no_spread_to_divide_by() -> None:
    same, other = sample([5.0, 5.0]), sample([6.0, 6.0])
    sd = pooled_sd(same, other, binary=False)
    assert difference(same, other, sd, binary=False).smd is None
    assert difference(same, same, sd, binary=False).smd == 0.0


def test_one_value_has_a_mean_and_no_variance() -> None:
    assert mean(sample([5.0])) == 5.0
    assert variance(sample([5.0]), binary=False) is None
    assert pooled_sd(sample([5.0]), sample([5.0, 6.0]), binary=False) is None


def test_a_continuous_difference_by_hand() -> None:
    """Cases 8, 10, 12 (mean 10, s² 4); controls 7, 9, 11, 13 (mean 10, s² 20/3) less 1: mean 9.
    SMD = (10 − 9) ÷ √((4 + 20/3) ÷ 2) = 0.4330127."""
    cases, controls = sample([8, 10, 12]), sample([6, 8, 10, 12])
    sd = pooled_sd(cases, controls, binary=False)
    found = difference(cases, controls, sd, binary=False)
    assert found.smd == pytest.approx(1 / math.sqrt(16 / 3), abs=1e-12)
    assert found.variance_ratio == pytest.approx(4 / (20 / 3))


def test_a_proportion_by_hand() -> None:
    """Cases 3 of 4, controls 1 of 4: SMD = 0.5 ÷ √((3/16 + 3/16) ÷ 2) = 1.1547005 (Austin 2009, equation 2)."""
    cases, controls = sample([1, 1, 1, 0]), sample([1, 0, 0, 0])
    sd = pooled_sd(cases, controls, binary=True)
    found = difference(cases, controls, sd, binary=True)
    assert found.smd == pytest.approx(1.1547005, abs=1e-7)
    assert found.variance_ratio is None


def test_the_weighted_variance_by_hand() -> None:
    """cobalt: Σw(x − m)² · Σw ÷ ((Σw)² − Σw²). Values 1, 2, 4 with weights 1, ½, ½: m = 2,
    Σw(x − m)² = 1 + 0 + 2 = 3, times 2, over 4 − 1.5: 2.4."""
    assert variance(sample([1, 2, 4], [1, 0.5, 0.5]), binary=False) == pytest.approx(2.4)


def test_missing_values_are_counted_and_left_out() -> None:
    cases, controls = sample([8, math.nan, 12]), sample([9, 11])
    found = difference(cases, controls, 1.0, binary=False)
    assert (found.n_cases, found.missing_cases, found.mean_cases) == (2, 1, 10)


def test_the_deviation_is_that_of_before() -> None:
    found = balance_of(
        "age", unit="a", binary=False, flag=0.1,
        before=(sample([8, 10, 12]), sample([6, 8, 10, 12])), after=(sample([10, 12]), sample([10, 11])),
    )  # fmt: skip
    assert found.after.smd == pytest.approx((11 - 10.5) / math.sqrt(16 / 3))
    assert found.flagged


@pytest.mark.parametrize(("gap", "flagged"), [(0.1, False), (0.1001, True), (-0.2, True), (0.0, False)])
def test_the_flag_is_above_the_limit(gap: float, flagged: bool) -> None:
    side = sample([-1.0, 1.0]), sample([-1.0, 1.0])
    sd = pooled_sd(*side, binary=False)
    assert sd is not None
    after = sample([gap * sd]), sample([0.0])
    assert balance_of("x", unit="", binary=False, before=side, after=after, flag=0.1).flagged == flagged


@settings(deadline=None)
@given(
    st.lists(st.integers(0, 50), min_size=2, max_size=20),
    st.lists(st.integers(0, 50), min_size=2, max_size=20),
)
def test_equal_weights_are_the_sample_statistics(ours: list[int], theirs: list[int]) -> None:
    cases, controls = (
        sample([float(x) for x in ours]),
        sample([float(x) for x in theirs], [0.25] * len(theirs)),
    )
    assert variance(controls, binary=False) == pytest.approx(np.var(theirs, ddof=1))
    sd = pooled_sd(cases, controls, binary=False)
    wanted = math.sqrt((np.var(ours, ddof=1) + np.var(theirs, ddof=1)) / 2)
    assert sd == pytest.approx(wanted)
    found = difference(cases, controls, sd, binary=False)
    if wanted > 0:
        assert found.smd == pytest.approx((np.mean(ours) - np.mean(theirs)) / wanted)


def test_before_and_after_of_a_run() -> None:
    """Everybody at risk on one day: before is the plain comparison of cases and pool, after weighs controls by set."""
    cases = [case("C1", age=20), case("C2", age=30)]
    pool = [candidate(f"K{n}", age=age) for n, age in enumerate([19.0, 20.5, 21.0, 31.0, 50.0])]
    hba1c = [measured("C1", 8.0), measured("K0", 7.5)]
    matched = match(*frames(cases, pool, hba1c), design(AGE, ratio=3))
    age = next(one for one in matched.balance if one.key == "age")
    sd = math.sqrt((np.var([20, 30], ddof=1) + np.var([19, 20.5, 21, 31, 50], ddof=1)) / 2)
    assert age.before.smd == pytest.approx((25 - np.mean([19, 20.5, 21, 31, 50])) / sd)
    assert age.after.mean_controls == pytest.approx((np.mean([19, 20.5, 21]) + 31) / 2)
    assert age.after.smd == pytest.approx((25 - (np.mean([19, 20.5, 21]) + 31) / 2) / sd)
    assert (age.before.n_controls, age.after.n_controls) == (5, 4)


def test_the_pool_before_is_weighed_by_risk_set() -> None:
    """K2 is at risk for one case of two: half the weight of K1, beside the share of each risk set."""
    cases = [case("C1", index=18_000), case("C2", index=18_100)]
    pool = [candidate("K1", age=20), candidate("K2", age=40, risk_until=18_050)]
    matched = match(*frames(cases, pool, []), design(AGE))
    age = next(one for one in matched.balance if one.key == "age")
    # Risk set of C1: K1, K2 (½ each); of C2: K1 alone. Weights: K1 1.5 (mean age over both days), K2 0.5.
    first = (0.5 * 20 + 1 * (20 + 100 / 365.25)) / 1.5
    assert age.before.mean_controls == pytest.approx((1.5 * first + 0.5 * 40) / 2)


def test_levels_of_a_factor_are_proportions() -> None:
    cases = [case("C1"), case("C2", sex="male")]
    pool = [candidate("K1"), candidate("K2"), candidate("K3"), candidate("K4", sex="male")]
    matched = match(*frames(cases, pool), design())
    rows = {one.key: one for one in matched.balance}
    assert rows["sex=female"].before.mean_cases == 0.5
    assert rows["sex=female"].before.mean_controls == 0.75
    assert rows["sex=female"].before.smd == pytest.approx(-0.25 / math.sqrt((0.25 + 0.1875) / 2))
    assert rows["sex=female"].after.smd == 0.0


def test_missing_hba1c_counts_on_both_sides() -> None:
    cases = [case("C1"), case("C2")]
    hba1c = [measured("C1", 8.0), measured("K1", 8.2)]
    matched = match(*frames(cases, [candidate("K1"), candidate("K2")], hba1c), design(HBA1C))
    row = next(one for one in matched.balance if one.key == "hba1c")
    assert (row.before.missing_cases, row.before.missing_controls) == (1, 1)
    assert (row.after.missing_cases, row.after.missing_controls) == (0, 0)
