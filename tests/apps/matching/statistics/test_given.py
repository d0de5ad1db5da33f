"""Sets that were made elsewhere: every problem, by row."""

from __future__ import annotations

import math
from typing import Any

import pytest

from apps.matching.statistics.given import Row, check
from tests.apps.matching.statistics.samples import (
    AGE,
    DAY0,
    HBA1C,
    candidate,
    case,
    design,
    frames,
    measured,
    who,
)

CASES = [case("C1", age=20, index=DAY0 + 50), case("C2", age=30, index=DAY0 + 50)]
POOL = [candidate("K1", age=20), candidate("K2", age=21), candidate("K3", age=30), candidate("K4", age=31)]
KNOWN = {"C1", "C2", "K1", "K2", "K3", "K4", "N1"}


def found(
    rows: list[tuple[str, ...]], *, cases: Any = CASES, pool: Any = POOL, hba1c: Any = None, **more: Any
) -> Any:
    calipers = more.pop("calipers", (AGE,))
    known = KNOWN | {one["code"] for one in [*cases, *pool]}
    wrong, matched = check(
        [Row(number, *row) for number, row in enumerate(rows, start=1)],
        *frames(cases, pool, hba1c),
        design(*calipers, **more),
        known=known,
    )
    return [(one.row, one.code) for one in wrong], matched


@pytest.mark.parametrize(
    ("rows", "wrong"),
    [
        ([("", "K1")], [(1, "required")]),
        ([("C9", "K1")], [(1, "unknown")]),
        ([("C1", "K9")], [(1, "unknown")]),
        ([("N1", "K1")], [(1, "no_case")]),
        ([("C1", "N1")], [(1, "no_control")]),
        ([("K1", "K2")], [(1, "no_case")]),
        ([("C1", "C1")], [(1, "self")]),
        ([("C1", "K1"), ("C1", "K1")], [(2, "twice")]),
        ([("C1", "K1"), ("C2", "K1")], [(2, "overlap"), (2, "age_outside")]),
        ([("C1", "K1", "a"), ("C1", "K2", "b")], [(2, "case_twice")]),
        ([("C1", "K1", "a"), ("C2", "K3", "a")], [(2, "two_cases")]),
        ([("C1", "K4")], [(1, "age_outside")]),
    ],
)
def test_what_is_wrong_with_a_row(rows: list[tuple[str, ...]], wrong: list[tuple[int, str]]) -> None:
    said, matched = found(rows)
    assert sorted(said) == sorted(wrong)
    assert matched is None


@pytest.mark.parametrize(
    "other",
    [{"risk_from": DAY0 + 51}, {"risk_until": DAY0 + 50}, {"risk_until": DAY0 + 10}, {"risk_from": math.nan}],
)
def test_not_at_risk_on_the_index_date(other: dict[str, Any]) -> None:
    said, _matched = found([("C1", "K9")], pool=[candidate("K9", **other)])
    assert said == [(1, "not_at_risk")]


def test_a_case_without_day_0() -> None:
    said, _matched = found([("C9", "K1")], cases=[case("C9", index=math.nan)])
    assert (1, "no_index_date") in said


def test_sets_in_a_circle() -> None:
    """A and B cannot each have been at risk when the other was treated; a circle of three neither."""
    cases = [case(code, index=DAY0 + 50) for code in "ABC"]
    pool = [candidate(code) for code in "ABC"]
    two, _matched = found([("A", "B"), ("B", "A")], cases=cases, pool=pool)
    assert two == [(1, "cycle"), (2, "cycle")]
    three, _matched = found([("A", "B"), ("B", "C"), ("C", "A")], cases=cases, pool=pool)
    assert [code for _row, code in three] == ["cycle"] * 3


def test_a_control_who_becomes_a_case_is_no_circle() -> None:
    cases = [case("A", index=DAY0 + 10), case("B", index=DAY0 + 90)]
    pool = [candidate("B", risk_until=DAY0 + 90), candidate("K1")]
    said, matched = found([("A", "B"), ("B", "K1")], cases=cases, pool=pool)
    assert not said
    assert who(matched) == {"A": ("B",), "B": ("K1",)}


def test_another_sex_and_an_unknown_one() -> None:
    pool = [candidate("M1", sex="male"), candidate("M2", sex=None)]
    assert found([("C1", "M1")], pool=pool)[0] == [(1, "sex_differs")]
    assert found([("C1", "M2")], pool=pool)[0] == [(1, "sex_missing")]


def test_a_missing_value_and_one_outside() -> None:
    hba1c = [measured("C1", 8.0), measured("K2", 9.1)]
    assert found([("C1", "K1")], calipers=(AGE, HBA1C), hba1c=hba1c)[0] == [(1, "hba1c_missing")]
    assert found([("C1", "K2")], calipers=(AGE, HBA1C), hba1c=hba1c)[0] == [(1, "hba1c_outside")]


def test_good_sets_are_kept_as_they_came_with_distance_and_balance() -> None:
    said, matched = found([("C1", "K2"), ("C1", "K1"), ("C2", "K4")])
    assert not said
    assert who(matched) == {"C1": ("K1", "K2"), "C2": ("K4",)}
    assert [c.distance for c in matched.sets[0].controls] == [0.0, 0.5]
    assert matched.design.ratio == 2
    assert [one.case for one in matched.unmatched] == ["C2"]
    assert matched.balance


def test_with_replacement_a_control_may_stand_in_two_sets() -> None:
    cases = [*CASES, case("C3", age=20.5, index=DAY0 + 50)]
    said, matched = found([("C1", "K1"), ("C3", "K1")], cases=cases, with_replacement=True)
    assert not said
    assert who(matched) == {"C1": ("K1",), "C3": ("K1",)}
