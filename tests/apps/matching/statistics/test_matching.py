"""Who is matched to whom: refusals and reasons first, then the sets."""

from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import combinations
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from apps.matching.statistics.matching import fingerprint, match, reason_of
from tests.apps.matching.statistics.samples import (
    AGE,
    CALENDAR,
    DAY0,
    DURATION,
    HBA1C,
    candidate,
    case,
    design,
    frames,
    measured,
    who,
)

quick = settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow])


# --- Nobody to match -------------------------------------------------------------------------------------


def test_no_cases() -> None:
    matched = match(*frames([], [candidate("K1")]), design())
    assert matched.sets == matched.unmatched == ()
    assert matched.summary()["cases"] == 0


def test_no_candidates() -> None:
    matched = match(*frames([case("C1")], []), design())
    assert matched.sets == ()
    assert reason_of(matched.unmatched[0]) == "none:candidates"


def test_a_code_twice_is_refused() -> None:
    with pytest.raises(ValueError, match="C1"):
        match(*frames([case("C1"), case("C1")], []), design())


@pytest.mark.parametrize(
    ("other", "step"),
    [
        ({"risk_from": DAY0 + 1}, "at_risk"),  # came later
        ({"risk_until": DAY0}, "at_risk"),  # treated or gone that very day
        ({"risk_from": math.nan}, "at_risk"),  # not known since when
        ({"sex": "male"}, "sex"),
        ({"sex": None}, "sex"),
        ({"age": 22.1}, "age"),
        ({"age": math.nan}, "age"),
    ],
)
def test_the_reason_is_the_step_that_removed_the_last(other: dict[str, Any], step: str) -> None:
    matched = match(*frames([case("C1")], [candidate("K1", **other)]), design())
    assert matched.sets == ()
    assert reason_of(matched.unmatched[0]) == f"none:{step}"
    assert matched.summary()["reasons"] == {f"none:{step}": 1}


def test_missing_values_are_counted_apart_from_different_ones() -> None:
    pool = [candidate("K1"), candidate("K2"), candidate("K3", sex=None), candidate("K4", sex="male")]
    hba1c = [measured("C1", 8.0), measured("K1", 9.5)]
    matched = match(*frames([case("C1")], pool, hba1c), design(AGE, HBA1C))
    assert matched.unmatched[0].cascade == (
        ("candidates", 4, 0), ("at_risk", 4, 0), ("sex", 2, 1), ("age", 2, 0), ("hba1c", 0, 1),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("lacking", "said"),
    [
        ({"index": math.nan}, "case:index_date"),
        ({"sex": None}, "case:sex"),
        ({"age": math.nan}, "case:age"),
    ],
)
def test_what_the_case_itself_lacks(lacking: dict[str, Any], said: str) -> None:
    matched = match(*frames([case("C1", **lacking)], [candidate("K1")]), design())
    assert reason_of(matched.unmatched[0]) == said


def test_a_case_without_hba1c_before_its_index_date() -> None:
    hba1c = [measured("C1", 8.0, DAY0 + 1), measured("K1", 8.0)]
    matched = match(*frames([case("C1")], [candidate("K1")], hba1c), design(AGE, HBA1C))
    assert reason_of(matched.unmatched[0]) == "case:hba1c"


def test_everything_missing_is_an_answer_and_no_error() -> None:
    nothing = {"sex": None, "age": math.nan, "duration": math.nan, "entry": math.nan}
    matched = match(
        *frames([case("C1", **nothing)], [candidate("K1", **nothing)]), design(AGE, DURATION, HBA1C, CALENDAR)
    )
    assert matched.unmatched[0].case_missing == ("sex", "age", "duration", "hba1c", "calendar")
    assert all(one.before.smd is None and one.after.smd is None for one in matched.balance)


def test_more_controls_asked_for_than_there_are() -> None:
    matched = match(*frames([case("C1")], [candidate("K1"), candidate("K2")]), design(ratio=4))
    assert len(who(matched)["C1"]) == 2
    assert (matched.unmatched[0].wanted, matched.unmatched[0].found) == (4, 2)
    assert matched.summary()["complete_sets"] == 0


def test_taken_by_another_case() -> None:
    matched = match(*frames([case("C1", age=20), case("C2", age=21)], [candidate("K1", age=20)]), design())
    assert who(matched) == {"C1": ("K1",)}
    assert reason_of(matched.unmatched[0]) == "taken"
    assert matched.unmatched[0].taken == 1


def test_nobody_is_a_control_of_himself() -> None:
    """Somebody who was a control and was treated later is on both sides."""
    cases = [case("A", index=DAY0 + 100)]
    pool = [candidate("A", risk_until=DAY0 + 200)]
    matched = match(*frames(cases, pool), design())
    assert matched.sets == ()


def test_a_control_who_is_treated_later_is_one_until_then() -> None:
    cases = [case("C1", index=DAY0 + 50), case("A", index=DAY0 + 100)]
    assert who(match(*frames(cases, [candidate("A", risk_until=DAY0 + 100)]), design())) == {"C1": ("A",)}


# --- Calipers --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("age", "admitted"), [(22.0, True), (18.0, True), (22.01, False), (17.99, False)])
def test_the_edge_of_a_caliper_belongs_to_it(age: float, admitted: bool) -> None:
    assert bool(match(*frames([case("C1", age=20)], [candidate("K1", age=age)]), design()).sets) == admitted


@pytest.mark.parametrize(
    ("case_duration", "duration", "admitted"),
    [
        (2, 3.0, True),  # within a year, though half as long again
        (2, 3.1, False),
        (10, 12.0, True),  # within a fifth of the case's value
        (10, 12.1, False),
        (10, 8.0, True),
        (10, 7.9, False),
    ],
)
def test_a_year_or_a_fifth_whichever_admits(case_duration: float, duration: float, admitted: bool) -> None:
    matched = match(
        *frames([case("C1", duration=case_duration)], [candidate("K1", duration=duration)]), design(DURATION)
    )
    assert bool(matched.sets) == admitted


def test_rounding_does_not_decide() -> None:
    """8.3 − 7.3 is 1.0000000000000009 in floating point."""
    hba1c = [measured("C1", 8.3), measured("K1", 7.3)]
    assert match(*frames([case("C1")], [candidate("K1")], hba1c), design(HBA1C)).sets


def test_calendar_time_is_six_months_of_enrolment() -> None:
    def sets(days: float) -> Any:
        return match(
            *frames([case("C1", index=DAY0 + 300)], [candidate("K1", entry=DAY0 + days, risk_from=DAY0)]),
            design(CALENDAR),
        ).sets

    assert sets(182)
    assert not sets(183)


def test_values_are_those_of_the_index_date() -> None:
    """The last HbA1c until then counts, and ages go on."""
    hba1c = [
        measured("C1", 9.0, DAY0 + 10),
        measured("K1", 9.1, DAY0 + 20),
        measured("K1", 6.0, DAY0 + 40),
        measured("K2", 6.0, DAY0 + 20),
        measured("K2", 9.0, DAY0 + 40),
    ]
    cases = [case("C1", index=DAY0 + 30)]
    matched = match(*frames(cases, [candidate("K1"), candidate("K2")], hba1c), design(AGE, HBA1C))
    assert who(matched) == {"C1": ("K1",)}
    values = matched.sets[0].controls[0].values
    assert values["hba1c"] == (9.0, 9.1)
    assert values["age"][0] == pytest.approx(20 + 30 / 365.25, abs=1e-4)


def test_two_measurements_of_one_day_count_by_their_mean() -> None:
    hba1c = [measured("C1", 8.0), measured("K1", 7.0), measured("K1", 9.0)]
    matched = match(*frames([case("C1")], [candidate("K1")], hba1c), design(HBA1C))
    assert matched.sets[0].controls[0].values["hba1c"] == (8.0, 8.0)


def test_the_distance_is_euclidean_in_calipers() -> None:
    hba1c = [measured("C1", 8.0), measured("K1", 8.4)]
    matched = match(*frames([case("C1", age=20)], [candidate("K1", age=20.6)], hba1c), design(AGE, HBA1C))
    assert matched.sets[0].controls[0].distance == pytest.approx(math.hypot(0.3, 0.4), abs=1e-6)


def test_sites_may_be_matched_exactly() -> None:
    cases, pool, hba1c = frames(
        [case("C1", site="MUM")], [candidate("K1", site="PUN", age=20), candidate("K2", age=21)]
    )
    assert who(match(cases, pool, hba1c, design())) == {"C1": ("K1",)}
    assert who(match(cases, pool, hba1c, design(exact=("sex", "site")))) == {"C1": ("K2",)}


# --- The assignment --------------------------------------------------------------------------------------


def test_optimal_matches_more_than_greedy_may() -> None:
    """C1 is nearer to K1, which is all that C2 has."""
    cases = [case("C1", age=20), case("C2", age=18)]
    pool = [candidate("K1", age=20), candidate("K2", age=22)]
    assert who(match(*frames(cases, pool), design())) == {"C1": ("K2",), "C2": ("K1",)}
    greedy = [len(match(*frames(cases, pool), design(method="greedy", seed=seed)).sets) for seed in range(20)]
    assert set(greedy) == {1, 2}


def test_greedy_gives_everybody_a_first_control_before_a_second() -> None:
    cases = [case("C1", age=20), case("C2", age=20)]
    pool = [candidate("K1", age=20), candidate("K2", age=21)]
    for seed in range(10):
        matched = who(match(*frames(cases, pool), design(method="greedy", ratio=2, seed=seed)))
        assert sorted(map(len, matched.values())) == [1, 1]


@pytest.mark.parametrize("method", ["optimal", "greedy"])
def test_with_replacement_each_case_takes_its_nearest(method: str) -> None:
    cases = [case("C1", age=20), case("C2", age=20.1)]
    pool = [candidate("K1", age=20), candidate("K2", age=21)]
    matched = match(*frames(cases, pool), design(method=method, with_replacement=True))
    assert who(matched) == {"C1": ("K1",), "C2": ("K1",)}
    assert matched.summary()["controls"] == 1
    assert matched.summary()["pairs"] == 2


def test_an_unknown_method_is_refused() -> None:
    with pytest.raises(ValueError, match="magic"):
        match(*frames([case("C1")], [candidate("K1")]), design(method="magic"))


def test_a_limit_of_memory_is_told() -> None:
    cases = [case(f"C{n}") for n in range(4)]
    pool = [candidate(f"K{n}") for n in range(20)]
    assert match(*frames(cases, pool), design()).limit is None
    limited = match(*frames(cases, pool), design(), most_pairs=8)
    assert limited.limit == 2
    assert limited.summary()["limit"] == 2


def test_progress_goes_forward_to_the_end() -> None:
    said: list[tuple[int, int, str]] = []
    cases = [case(f"C{n}", age=18 + n) for n in range(12)]
    match(
        *frames(cases, [candidate(f"K{n}", age=18 + n) for n in range(12)]),
        design(),
        progress=lambda done, total, what: said.append((done, total, what)),
    )
    assert [done for done, _t, _w in said] == sorted(done for done, _t, _w in said)
    assert said[-1] == (95, 100, "balance")


# --- Properties ------------------------------------------------------------------------------------------

ages = st.lists(st.integers(180, 230).map(lambda tenths: tenths / 10), min_size=0, max_size=6)


def cohort(case_ages: list[float], pool_ages: list[float]) -> Any:
    return frames(
        [case(f"C{n}", age=age) for n, age in enumerate(case_ages)],
        [candidate(f"K{n}", age=age) for n, age in enumerate(pool_ages)],
    )


def assignments(
    case_ages: list[float], pool_ages: list[float], ratio: int
) -> Iterator[tuple[int, int, float]]:
    """Every way to give each case at most `ratio` controls: pairs, cases with one, total distance."""

    def go(case_place: int, free: frozenset[int]) -> Iterator[tuple[int, int, float]]:
        if case_place == len(case_ages):
            yield 0, 0, 0.0
            return
        allowed = [k for k in sorted(free) if abs(case_ages[case_place] - pool_ages[k]) <= 2 + 1e-9]
        for size in range(min(ratio, len(allowed)) + 1):
            for chosen in combinations(allowed, size):
                cost = sum(abs(case_ages[case_place] - pool_ages[k]) / 2 for k in chosen)
                for pairs, covered, rest in go(case_place + 1, free - set(chosen)):
                    yield pairs + size, covered + (size > 0), rest + cost

    yield from go(0, frozenset(range(len(pool_ages))))


@quick
@given(
    case_ages=ages.filter(lambda a: len(a) <= 4),
    pool_ages=ages,
    ratio=st.integers(1, 2),
    seed=st.integers(0, 9),
)
def test_optimal_is_the_best_of_all_assignments(
    case_ages: list[float], pool_ages: list[float], ratio: int, seed: int
) -> None:
    """Most pairs; among those most cases with a control; among those the smallest total distance."""
    matched = match(*cohort(case_ages, pool_ages), design(ratio=ratio, seed=seed))
    found = matched.summary()
    best = min((-pairs, -covered, cost) for pairs, covered, cost in assignments(case_ages, pool_ages, ratio))
    assert (-found["pairs"], -found["matched_cases"]) == best[:2]
    assert found["total_distance"] == pytest.approx(best[2], abs=1e-5)


@quick
@given(
    case_ages=ages,
    pool_ages=ages,
    method=st.sampled_from(["optimal", "greedy"]),
    replacement=st.booleans(),
    ratio=st.integers(1, 3),
    seed=st.integers(0, 2**31 - 1),
    order=st.randoms(use_true_random=False),
)
def test_the_order_of_the_rows_changes_nothing(
    case_ages: list[float],
    pool_ages: list[float],
    method: str,
    replacement: bool,
    ratio: int,
    seed: int,
    order: Any,
) -> None:
    """Also where ages agree, so that only the seed decides."""
    given_frames = cohort([round(a) for a in case_ages], [round(a) for a in pool_ages])
    asked = design(method=method, with_replacement=replacement, ratio=ratio, seed=seed)
    mixed = tuple(frame.sample(frac=1, random_state=order.randint(0, 9999)) for frame in given_frames)
    assert match(*given_frames, asked) == match(*mixed, asked)
    assert fingerprint(*given_frames) == fingerprint(*mixed)


@quick
@given(case_ages=ages, pool_ages=ages, ratio=st.integers(1, 3), method=st.sampled_from(["optimal", "greedy"]))
def test_every_set_keeps_the_rules(
    case_ages: list[float], pool_ages: list[float], ratio: int, method: str
) -> None:
    matched = match(*cohort(case_ages, pool_ages), design(ratio=ratio, method=method))
    controls = [code for codes in who(matched).values() for code in codes]
    assert len(controls) == len(set(controls))
    for one in matched.sets:
        assert 1 <= len(one.controls) <= ratio
        distances = [control.distance for control in one.controls]
        assert distances == sorted(distances)
        assert all(abs(c.values["age"][0] - c.values["age"][1]) <= 2 + 1e-9 for c in one.controls)
    listed = {one.case for one in matched.unmatched}
    complete = {one.case for one in matched.sets if len(one.controls) == ratio}
    assert listed | complete == {f"C{n}" for n in range(len(case_ages))}
    assert not listed & complete


def test_seeds_break_ties_and_only_those() -> None:
    """All alike: the seed decides, and different seeds decide differently; one seed always alike."""
    cases, pool, hba1c = frames([case(f"C{n}") for n in range(3)], [candidate(f"K{n}") for n in range(9)])
    ways = {tuple(sorted(who(match(cases, pool, hba1c, design(seed=seed))).items())) for seed in range(12)}
    assert len(ways) > 3
    first = match(cases, pool, hba1c, design(seed=7))
    assert first == match(cases, pool, hba1c, design(seed=7))
    apart = frames([case("C1", age=20)], [candidate("K1", age=20), candidate("K2", age=21)])
    assert len({str(who(match(*apart, design(seed=seed)))) for seed in range(12)}) == 1


def test_pruning_loses_nothing() -> None:
    """Many candidates, few places: the nearest of each case are enough, as the whole graph shows."""
    from scipy.optimize import linear_sum_assignment

    rng = np.random.default_rng(5)
    case_ages, pool_ages = rng.uniform(20, 30, 12), rng.uniform(20, 30, 300)
    matched = match(*cohort(list(case_ages), list(pool_ages)), design())
    gaps = np.abs(case_ages[:, None] - pool_ages[None, :])
    costs = np.where(gaps <= 2, gaps / 2, 1e6)
    rows, columns = linear_sum_assignment(costs)
    assert matched.summary()["total_distance"] == pytest.approx(costs[rows, columns].sum(), abs=1e-4)
