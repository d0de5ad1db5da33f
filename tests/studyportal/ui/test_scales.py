from datetime import date

import pytest

from studyportal.ui.drawing.scales import (
    Linear,
    date_ticks,
    inner_ticks,
    nice_step,
    nice_ticks,
    quantile,
    tick_labels,
)


@pytest.mark.parametrize(("span", "wanted"), [(0, 5), (-1, 5), (1, 0)])
def test_a_step_needs_a_span_and_a_part(span: float, wanted: int):
    with pytest.raises(ValueError, match="positive span"):
        nice_step(span, wanted)


def test_no_values_have_no_quantile():
    with pytest.raises(ValueError, match="at least one value"):
        quantile([], 0.5)


@pytest.mark.parametrize(
    ("span", "wanted", "step"),
    [(10, 5, 2), (1, 5, 0.2), (0.9, 4, 0.25), (430, 5, 100), (2.4, 5, 0.5), (0.003, 3, 0.001), (1e6, 5, 2e5)],
)
def test_steps_are_round(span: float, wanted: int, step: float):
    assert nice_step(span, wanted) == pytest.approx(step)


@pytest.mark.parametrize(
    ("low", "high", "ticks"),
    [
        (7.1, 9.8, (7, 8, 9, 10)),
        (0, 52, (0, 20, 40, 60)),
        (88, 251, (50, 100, 150, 200, 250, 300)),
        (-3, 12, (-5, 0, 5, 10, 15)),
        (5, 5, (4.4, 4.6, 4.8, 5.0, 5.2, 5.4, 5.6)),
        (0, 0, (-1, -0.5, 0, 0.5, 1)),
        (0.02, 0.31, (0, 0.1, 0.2, 0.3, 0.4)),
    ],
)
def test_ticks_enclose_the_values(low: float, high: float, ticks: tuple[float, ...]):
    found = nice_ticks(low, high)
    assert found == pytest.approx(ticks)
    assert found[0] <= low <= high <= found[-1]


def test_inner_ticks_stay_within():
    assert inner_ticks(-3, 12, 8) == (-2, 0, 2, 4, 6, 8, 10, 12)


@pytest.mark.parametrize(
    ("ticks", "labels"),
    [
        ((7, 8, 9), ("7", "8", "9")),
        ((0.0, 0.25, 0.5), ("0.00", "0.25", "0.50")),
        ((-0.2, -0.0, 0.2), ("−0.2", "0.0", "0.2")),
        ((5,), ("5",)),
        ((), ()),
    ],
)
def test_labels_have_the_decimals_of_the_step(ticks: tuple[float, ...], labels: tuple[str, ...]):
    assert tick_labels(ticks) == labels


@pytest.mark.parametrize(
    ("low", "high", "ticks"),
    [
        (date(2016, 11, 12), date(2016, 11, 12), (date(2016, 11, 12),)),
        (date(2016, 11, 12), date(2016, 11, 15), tuple(date(2016, 11, day) for day in (12, 13, 14, 15))),
        (date(2016, 11, 12), date(2017, 3, 2), tuple(date(2016 + m // 12, m % 12 + 1, 1) for m in (11, 12, 13, 14))),
        (date(2016, 8, 3), date(2017, 11, 14), tuple(date(2016 + m // 12, m % 12 + 1, 1) for m in (9, 12, 15, 18, 21))),
        (date(2011, 6, 1), date(2017, 1, 1), tuple(date(year, 1, 1) for year in range(2012, 2018))),
    ],
)  # fmt: skip
def test_date_ticks_stand_on_round_days(low: date, high: date, ticks: tuple[date, ...]):
    assert date_ticks(low, high, 6) == ticks


@pytest.mark.parametrize(("value", "place"), [(0, 100), (10, 0), (5, 50), (20, -100)])
def test_a_scale_runs_backwards_for_the_vertical_axis(value: float, place: float):
    assert Linear(0, 10, 100, 0)(value) == place


def test_a_scale_clamps_and_survives_a_single_value():
    assert Linear(0, 10, 100, 0).clamp(20) == 0
    assert Linear(3, 3, 0, 10)(3) == 5


@pytest.mark.parametrize(("share", "value"), [(0, 1), (0.25, 1.75), (0.5, 2.5), (0.75, 3.25), (1, 4)])
def test_quantiles_are_those_of_r(share: float, value: float):
    assert quantile([4, 1, 3, 2], share) == value
