"""Exact intervals against published values, and against their own definition summed in long decimals.

No R is on this machine. Values of R: the examples on the help pages of `binom.test` and `poisson.test` (stats), as R
prints them; the two-sample one was looked up as printed elsewhere, the others are quoted. Values of a Poisson count: the
usual table of 95 % limits (Garwood, Biometrika 1936;28:437), quoted to four places. What is quoted is no proof by itself:
below, every bound is put back into its own definition, summed in decimals of 60 digits. Nothing here is computed by
scipy.
"""

from __future__ import annotations

import math
from decimal import Decimal, getcontext

import pytest

from apps.outcomes.statistics.proportions import clopper_pearson
from apps.outcomes.statistics.rates import exact_rate, rate_ratio

getcontext().prec = 60
HALF_ALPHA = 0.025


# --- Refusals --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("events", "n"), [(-1, 10), (11, 10), (1, -1), (1.5, 10), (1, 0)])
def test_an_impossible_proportion_is_refused(events, n):
    with pytest.raises(ValueError, match=r"whole number|no more can have"):
        clopper_pearson(events, n)


@pytest.mark.parametrize(
    ("events", "time"), [(-1, 10.0), (1, -1.0), (1, math.inf), (1, math.nan), (1, 0.0), (0.5, 1.0)]
)
def test_an_impossible_rate_is_refused(events, time):
    with pytest.raises(ValueError, match=r"whole number|Person-time|no person-time"):
        exact_rate(events, time)
    with pytest.raises(ValueError, match=r"whole number|Person-time|no person-time"):
        rate_ratio(1, 1.0, events, time)


@pytest.mark.parametrize("confidence", [0, 1, 95, -0.1])
def test_confidence_is_a_share(confidence):
    with pytest.raises(ValueError, match="share between 0 and 1"):
        clopper_pearson(1, 2, confidence=confidence)
    with pytest.raises(ValueError, match="share between 0 and 1"):
        exact_rate(1, 2, confidence=confidence)


def test_nothing_of_nothing_is_not_defined():
    for found in (
        clopper_pearson(0, 0),
        exact_rate(0, 0.0),
        rate_ratio(0, 5.0, 0, 5.0),
        rate_ratio(0, 0.0, 3, 5.0),
    ):
        assert (found.estimate, found.low, found.high) == (None, None, None)


# --- Published values ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("events", "n", "low", "high"),
    [
        (682, 925, 0.7076683, 0.7654066),  # binom.test(682, 925): Conover (1971), Mendel's peas
        (0, 20, 0.0, 0.1684335),  # domain reference §7: 16.84 %
        (0, 10, 0.0, 0.3084971),
        (0, 30, 0.0, 0.1157033),
        (10, 10, 0.6915029, 1.0),
        (1, 20, 0.00126509, 0.2487328),
    ],
)
def test_proportions(events, n, low, high):
    found = clopper_pearson(events, n)
    assert (found.low, found.high) == (pytest.approx(low, abs=5e-8), pytest.approx(high, abs=5e-8))
    assert found.estimate == events / n


@pytest.mark.parametrize(
    ("count", "low", "high"),
    [
        (0, 0.0, 3.6889), (1, 0.0253, 5.5716), (2, 0.2422, 7.2247), (3, 0.6187, 8.7673), (4, 1.0899, 10.2416),
        (5, 1.6235, 11.6683), (10, 4.7954, 18.3904), (20, 12.2165, 30.8884),
    ],
)  # fmt: skip
def test_poisson_counts(count, low, high):
    found = exact_rate(count, 1.0)
    assert (found.low, found.high) == (pytest.approx(low, abs=6e-5), pytest.approx(high, abs=6e-5))


def test_the_rate_of_the_domain_reference():
    found = exact_rate(3, 10.0)
    assert found.estimate == pytest.approx(0.3)
    assert (round(found.low, 4), round(found.high, 4)) == (0.0619, 0.8767)


def test_the_examples_of_poisson_test():
    nickel = exact_rate(137, 24.19893)  # Welsh nickel workers, SMR
    assert nickel.estimate == pytest.approx(5.661407, abs=5e-7)
    assert (nickel.low, nickel.high) == (pytest.approx(4.753125, abs=5e-7), pytest.approx(6.692709, abs=5e-7))
    fredericia = rate_ratio(11, 800, 6 + 8 + 7, 1083 + 1050 + 878)
    assert fredericia.estimate == pytest.approx(1.971488, abs=5e-7)
    assert (fredericia.low, fredericia.high) == (
        pytest.approx(0.8584264, abs=5e-8),
        pytest.approx(4.2772659, abs=5e-8),
    )


def test_without_events_the_upper_bound_is_that_of_a_one_sided_interval():
    assert exact_rate(0, 10.0, per=100).high == pytest.approx(-math.log(0.025) * 10, rel=1e-12)
    assert exact_rate(0, 10.0).low == 0.0
    assert clopper_pearson(0, 7).high == pytest.approx(1 - 0.025 ** (1 / 7), rel=1e-12)


def test_without_events_in_the_reference_there_is_no_ratio():
    found = rate_ratio(3, 10.0, 0, 10.0)
    assert (found.estimate, found.high) == (None, None)
    assert found.low == pytest.approx(0.025 ** (1 / 3) / (1 - 0.025 ** (1 / 3)), rel=1e-9)
    reverse = rate_ratio(0, 10.0, 3, 10.0)
    assert (reverse.estimate, reverse.low) == (0.0, 0.0)
    assert reverse.high == pytest.approx(1 / found.low, rel=1e-9)


# --- Their definition ------------------------------------------------------------------------------------


def binomial_at_most(k: int, n: int, p: float) -> float:
    q = Decimal(p)
    return float(sum(math.comb(n, i) * q**i * (1 - q) ** (n - i) for i in range(k + 1)))


def poisson_at_most(k: int, mean: float) -> float:
    m = Decimal(mean)
    return float((-m).exp() * sum(m**i / math.factorial(i) for i in range(k + 1)))


@pytest.mark.parametrize("n", [1, 2, 7, 20, 41, 97])
def test_each_bound_of_a_proportion_leaves_a_fortieth_beyond(n):
    for events in {0, 1, n // 2, n - 1, n}:
        found = clopper_pearson(events, n)
        if events > 0:
            assert 1 - binomial_at_most(events - 1, n, found.low) == pytest.approx(HALF_ALPHA, rel=1e-9)
        if events < n:
            assert binomial_at_most(events, n, found.high) == pytest.approx(HALF_ALPHA, rel=1e-9)


@pytest.mark.parametrize("events", [0, 1, 2, 3, 5, 12, 40, 137])
@pytest.mark.parametrize("time", [0.25, 10.0, 1234.5])
def test_each_bound_of_a_rate_leaves_a_fortieth_beyond(events, time):
    found = exact_rate(events, time)
    if events:
        assert 1 - poisson_at_most(events - 1, found.low * time) == pytest.approx(HALF_ALPHA, rel=1e-8)
    assert poisson_at_most(events, found.high * time) == pytest.approx(HALF_ALPHA, rel=1e-8)


@pytest.mark.parametrize(("a", "b"), [(1, 1), (3, 9), (11, 21), (40, 2), (0, 6)])
def test_a_ratio_is_the_odds_of_the_binomial_share(a, b):
    share, found = clopper_pearson(a, a + b), rate_ratio(a, 50.0, b, 125.0)
    assert found.low == pytest.approx(share.low / (1 - share.low) * 2.5, rel=1e-12)
    assert found.high == pytest.approx(share.high / (1 - share.high) * 2.5, rel=1e-12)
