"""The planned dose and what was given against it, as tables. Pure."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal as D
from typing import Any

import pytest

from apps.celldose import rules
from apps.celldose.rules import Part, Weighed
from studyportal.crf.outcomes import NotDerivable

DAY = dt.date(2024, 11, 12)
WEIGHED = Weighed(D("50"), DAY)
RANGE = (D("500"), D("5000"))


@pytest.mark.parametrize(
    ("low", "high", "allowed", "expected"),
    [
        (D("500"), D("5000"), RANGE, True),
        (D("499.999"), D("5000"), RANGE, False),
        (D("500"), D("5000.001"), RANGE, False),
        (None, D("5000"), RANGE, NotDerivable("lowest planned dose missing")),
        (None, None, RANGE, NotDerivable("lowest planned dose and highest planned dose missing")),
        (D("500"), D("5000"), None, NotDerivable("the protocol states no dose range for this component")),
    ],
)
def test_a_plan_within_the_protocol(low: Any, high: Any, allowed: Any, expected: Any) -> None:
    assert rules.within(low, high, allowed) == expected


def test_a_plan_names_the_weight_and_its_day() -> None:
    derived = rules.derive_dose_plan(
        {"planned_low": D("800"), "planned_high": D("1600")}, {"weighed": WEIGHED, "protocol_range": RANGE}
    )
    assert derived == {
        "weight_kg": D("50"),
        "weight_on": DAY,
        "planned_low_per_kg": D("16.0000"),
        "planned_high_per_kg": D("32.0000"),
        "within_protocol": True,
    }


def test_a_plan_without_weight_says_so() -> None:
    why = NotDerivable("same-day weight missing")
    derived = rules.derive_dose_plan({"planned_low": D("800"), "planned_high": None}, {"weighed": why})
    assert derived["weight_kg"] == derived["weight_on"] == why
    assert derived["planned_low_per_kg"] == NotDerivable("same-day weight missing")
    assert derived["planned_high_per_kg"] == NotDerivable("highest planned dose and same-day weight missing")


@pytest.mark.parametrize(
    ("dose", "planned", "state", "by"),
    [
        (D("499.999"), RANGE, "below", D("0.001")),
        (D("500"), RANGE, "within", D("0")),
        (D("5000"), RANGE, "within", D("0")),
        (D("5000.5"), RANGE, "above", D("0.5")),
        (D("0"), RANGE, "below", D("500")),
        (None, RANGE, "unknown", D("0")),
        (D("700"), None, "unknown", D("0")),
    ],
)
def test_a_dose_against_its_plan(dose: Any, planned: Any, state: str, by: D) -> None:
    found = rules.compared(dose, planned)
    assert (found.state, found.by) == (state, by)
    assert bool(found.why) is (state == "unknown")


@pytest.mark.parametrize(
    ("dose", "planned", "fires"),
    [
        (D("450"), (D("400"), D("600")), True),
        (D("500"), (D("400"), D("600")), False),
        (D("450"), (D("500"), D("600")), False),  # outside its own plan: said there
        (D("450"), RANGE, False),  # no plan of its own
        (None, (D("400"), D("600")), False),
        (D("450"), None, False),
    ],
)
def test_a_dose_as_planned_and_outside_the_protocol(dose: Any, planned: Any, fires: bool) -> None:
    found = list(rules.protocol_breaches(dose, planned, RANGE))
    assert [(one.code, one.classification, one.kind) for one in found] == (
        [("dose_outside_protocol", "major", "dose")] if fires else []
    )


@pytest.mark.parametrize(
    ("dose", "tnc", "part", "expected"),
    [
        (D("1000"), D("1500"), D("18"), D("12.000")),
        (D("1000"), D("1000"), D("1000"), D("1000.000")),
        (D("1000"), D("0"), D("0"), NotDerivable("the product held no nucleated cells")),
        (None, D("1500"), D("18"), NotDerivable("dose given missing")),
        (
            D("1000"),
            None,
            None,
            NotDerivable("total nucleated cells and cells of this kind missing"),
        ),
    ],
)
def test_cells_of_one_kind_given(dose: Any, tnc: Any, part: Any, expected: Any) -> None:
    assert rules.share_given(dose, tnc, part) == expected


MARROW = Part("BM-MNC", "infused", D("1000"), D("900"), D("20"), D("18"), WEIGHED)
FAT = Part("SVF", "infused", D("500"), D("400"), D("10"), D("8"), WEIGHED)


def test_both_components_together() -> None:
    both = rules.together([MARROW, FAT])
    assert (both.dose, both.viable, both.per_kg, both.viable_per_kg) == (
        D("1500"),
        D("1300"),
        D("30"),
        D("26"),
    )
    assert both.weights == (WEIGHED,)
    assert (both.names, both.without) == (("BM-MNC", "SVF"), ())


@pytest.mark.parametrize(
    ("other", "why"),
    [
        (Part("SVF", "awaited"), "not infused yet: SVF"),
        (Part("SVF", "infused", None, None, None, None), "dose given missing: SVF"),
    ],
)
def test_a_sum_is_open_while_a_part_is(other: Part, why: str) -> None:
    assert rules.together([MARROW, other]).dose == NotDerivable(why)


@pytest.mark.parametrize("fate", ["discarded", "rejected"])
def test_a_component_that_is_not_given_is_named_beside_the_sum(fate: str) -> None:
    both = rules.together([MARROW, Part("SVF", fate)])
    assert both.dose == D("1000")
    assert both.without == (f"SVF ({fate})",)


def test_nothing_given_is_not_zero() -> None:
    assert rules.together([Part("SVF", "discarded")]).dose == NotDerivable("nothing was infused")
    assert rules.together([]).per_kg == NotDerivable("nothing was infused")


def test_two_weights_are_both_named() -> None:
    other = Weighed(D("51"), DAY + dt.timedelta(days=1))
    second = Part("SVF", "infused", D("510"), D("510"), D("10"), D("10"), other)
    both = rules.together([MARROW, second])
    assert both.weights == (WEIGHED, other)
    assert both.per_kg == D("30")
