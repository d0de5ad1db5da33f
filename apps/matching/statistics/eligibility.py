"""Who may be a control of whom, how far apart the two are, and which criterion removed how many.

Risk-set matching: a candidate may be matched to a case only while at risk on the case's index date, that is from the
day of entry on and before the day on which he or she is treated or leaves (Li, Propert and Rosenbaum, J Am Stat Assoc
2001;96:870). Values that change with time are those of that day, for both.

Distance: Euclidean over the differences of the calipers, each divided by the difference that is admitted for the case,
so that every caliper weighs alike and no admitted pair is farther apart than √(number of calipers). Matching within
calipers: Rosenbaum and Rubin, Am Stat 1985;39:33.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from .design import DAYS_PER_MONTH, DAYS_PER_YEAR, Design
from .population import Floats, Integers, Population, Side

# Distances are whole millionths, so that sums of them and of the weights of the assignment are exact in a double.
RESOLUTION = 1_000_000
TOLERANCE = 1e-9  # 8.3 − 7.3 is within 1.0

Tick = Callable[[int, int], None]


@dataclass
class Moments:
    """Each candidate once, with the weight 1 ÷ (size of the risk set) summed over the index dates at which he or she
    is at risk, and the mean of the value over them with the same weights: the sample before matching."""

    weight: Floats
    value_weight: Floats
    value_sum: Floats

    @classmethod
    def of(cls, size: int) -> Moments:
        return cls(np.zeros(size), np.zeros(size), np.zeros(size))


@dataclass
class Eligible:
    """Admitted pairs by case (`indptr`, as in a CSR matrix): places of candidates, nearest first, and the distances
    in millionths. counts and missing: case × step of the design; missing counts the candidates without a value among
    those that the step removed."""

    indptr: Integers
    candidates: npt.NDArray[np.int32]
    distances: npt.NDArray[np.int32]
    counts: Integers
    missing: Integers
    case_missing: list[tuple[str, ...]]
    admitted: Integers  # before any limit
    limit: int | None = None  # nearest candidates kept per case, where memory forbade to keep more
    before: dict[str, Moments] = field(default_factory=dict)
    at_risk_weight: Floats = field(default_factory=lambda: np.zeros(0))

    def of_case(self, case: int) -> slice:
        return slice(int(self.indptr[case]), int(self.indptr[case + 1]))


def eligible(
    people: Population, design: Design, *, most_pairs: int, tick: Tick = lambda done, total: None
) -> Eligible:
    """The admitted pairs. Cases are gone through by index date, so that the last HbA1c of all candidates is carried
    along, and memory holds one array over the candidates at a time beside the pairs found.

    No case needs more than as many nearest candidates as there are places to be filled in all: one of them is free
    whatever the others take, and no farther. What lies beyond is left out, which changes no result. most_pairs limits
    further when it must, and `limit` says so.
    """
    cases, pool = people.cases, people.candidates
    number, steps = len(cases), design.steps
    index = cases.column("index")
    everybody = np.arange(number, dtype=np.int64)
    own = {caliper.key: cases.values(caliper.key, everybody, index) for caliper in design.calipers}
    counts = np.zeros((number, len(steps)), dtype=np.int64)
    missing = np.zeros_like(counts)
    case_missing: list[tuple[str, ...]] = [() for _ in range(number)]
    found: list[tuple[npt.NDArray[np.int32], npt.NDArray[np.int32]]] = [_nobody() for _ in range(number)]
    admitted = np.zeros(number, dtype=np.int64)
    needed = number * design.ratio
    bearable = max(most_pairs // max(number * design.ratio, 1), design.ratio)
    limited = False

    sweep = _Sweep(pool)
    same_person = {code: place for place, code in enumerate(pool.codes)}
    risk_from = pool.column("risk_from")
    risk_until = np.where(np.isnan(pool.column("risk_until")), np.inf, pool.column("risk_until"))
    before = {caliper.key: Moments.of(len(pool)) for caliper in design.calipers}
    weight = np.zeros(len(pool))

    order = np.argsort(index, kind="stable")  # unknown index dates come last
    for done, case in enumerate(order):
        tick(done, number)
        lacking = [name for name in design.exact if cases.factors[name][case] < 0]
        lacking += [key for key, values in own.items() if np.isnan(values[case])]
        counts[case, 0] = len(pool)
        day = index[case]
        if np.isnan(day):
            case_missing[case] = ("index_date",)
            continue
        case_missing[case] = tuple(lacking)
        sweep.to(day)
        at_risk = (risk_from <= day) & (day < risk_until)
        if (self_place := same_person.get(cases.codes[case])) is not None:
            at_risk[self_place] = False
        left = np.flatnonzero(at_risk)
        counts[case, 1] = len(left)
        if len(left):
            weight[left] += 1 / len(left)
            for key, moments in before.items():
                values = sweep.values(key, left, day)
                there = ~np.isnan(values)
                moments.value_weight[left[there]] += 1 / len(left)
                moments.value_sum[left[there]] += values[there] / len(left)
        step = 2
        for name in design.exact:
            levels = pool.factors[name][left]
            missing[case, step] = int((levels < 0).sum())
            left = left[levels == cases.factors[name][case]] if cases.factors[name][case] >= 0 else left[:0]
            counts[case, step] = len(left)
            step += 1
        squares = np.zeros(len(left))
        for caliper in design.calipers:
            values, mine = sweep.values(caliper.key, left, day), own[caliper.key][case]
            missing[case, step] = int(np.isnan(values).sum())
            allowed = caliper.allowed(mine)
            difference = np.abs(values - mine)
            keep = difference <= allowed + TOLERANCE  # NaN is not
            left, squares = left[keep], squares[keep] + (difference[keep] / allowed) ** 2
            counts[case, step] = len(left)
            step += 1
        admitted[case] = len(left)
        if not len(left):
            continue
        distance = np.rint(np.sqrt(squares) * RESOLUTION).astype(np.int32)
        nearest = np.argsort(distance, kind="stable")[: min(needed, bearable)]
        limited = limited or bearable < min(needed, len(left))
        found[case] = (left[nearest].astype(np.int32), distance[nearest])
    tick(number, number)
    sizes = np.array([len(places) for places, _ in found], dtype=np.int64)
    return Eligible(
        indptr=np.concatenate(([0], np.cumsum(sizes))).astype(np.int64),
        candidates=np.concatenate([places for places, _ in found]) if found else _nobody()[0],
        distances=np.concatenate([distances for _, distances in found]) if found else _nobody()[1],
        counts=counts,
        missing=missing,
        case_missing=case_missing,
        admitted=admitted,
        limit=bearable if limited else None,
        before=before,
        at_risk_weight=weight,
    )


def _nobody() -> tuple[npt.NDArray[np.int32], npt.NDArray[np.int32]]:
    return np.zeros(0, dtype=np.int32), np.zeros(0, dtype=np.int32)


class _Sweep:
    """The values of all candidates on a day that only moves forward."""

    def __init__(self, pool: Side) -> None:
        self.born, self.onset = pool.column("born"), pool.column("onset")
        self.calendar = pool.column("entry") / DAYS_PER_MONTH
        order = pool.latest.by_day
        self.days, self.persons = pool.latest.day[order], pool.latest.person[order]
        self.measured = pool.latest.value[order]
        self.next = 0
        self.hba1c = np.full(len(pool), np.nan)

    def to(self, day: float) -> None:
        end = int(np.searchsorted(self.days, np.floor(day), side="right"))
        if end > self.next:
            # Of several of one person the last in this order, which is by day, stays.
            self.hba1c[self.persons[self.next : end]] = self.measured[self.next : end]
            self.next = end

    def values(self, key: str, places: Integers, day: float) -> Floats:
        if key == "hba1c":
            return self.hba1c[places]
        if key == "calendar":
            return self.calendar[places]
        since: Floats = (day - (self.born if key == "age" else self.onset)[places]) / DAYS_PER_YEAR
        return since
