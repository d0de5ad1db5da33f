"""A whole run: eligibility, assignment, reasons, balance."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from .assignment import Pairs, assign
from .balance import Balance, Sample, balance_of
from .design import Design
from .eligibility import RESOLUTION, Eligible, eligible
from .population import Floats, Population, population

# Pairs (with their copies for 1:k) that are kept in memory at most: about 600 MB while they are assigned.
MOST_PAIRS = 12_000_000

Progress = Callable[[int, int, str], None]


@dataclass(frozen=True)
class Control:
    """values: key of the caliper or factor → (value of the case, value of the control) on the index date."""

    code: str
    distance: float
    values: dict[str, tuple[Any, Any]]


@dataclass(frozen=True)
class Set:
    number: int
    case: str
    index: int  # day
    controls: tuple[Control, ...]


@dataclass(frozen=True)
class Unmatched:
    """A case with fewer controls than asked for. cascade: (step, candidates left, of those removed without a value);
    case_missing: what the case itself lacks; taken: admitted candidates that are in sets of other cases."""

    case: str
    index: int | None
    wanted: int
    found: int
    case_missing: tuple[str, ...]
    cascade: tuple[tuple[str, int, int], ...]
    taken: int

    def as_json(self) -> dict[str, Any]:
        return {
            "case_missing": list(self.case_missing),
            "cascade": [
                {"step": step, "left": left, "missing": missing} for step, left, missing in self.cascade
            ],
            "taken": self.taken,
        }


@dataclass(frozen=True)
class Matched:
    design: Design
    sets: tuple[Set, ...]
    unmatched: tuple[Unmatched, ...]
    balance: tuple[Balance, ...]
    cases: int
    candidates: int
    limit: int | None = None
    extra: dict[str, Any] = field(default_factory=dict)

    def summary(self) -> dict[str, Any]:
        """Counts and balance, no participant in it."""
        sizes = [len(one.controls) for one in self.sets]
        controls = {control.code for one in self.sets for control in one.controls}
        return {
            "cases": self.cases,
            "candidates": self.candidates,
            "matched_cases": len(self.sets),
            "complete_sets": sum(size == self.design.ratio for size in sizes),
            "unmatched_cases": self.cases - len(self.sets),
            "pairs": sum(sizes),
            "controls": len(controls),
            "total_distance": round(sum(c.distance for one in self.sets for c in one.controls), 6),
            "reasons": self.reasons(),
            "balance": [one.as_json() for one in self.balance],
            "limit": self.limit,
            **self.extra,
        }

    def reasons(self) -> dict[str, int]:
        """Why cases have no control at all: what each lacked, or the step that left nobody, or all were taken."""
        counted: dict[str, int] = {}
        for one in self.unmatched:
            if not one.found:
                why = reason_of(one)
                counted[why] = counted.get(why, 0) + 1
        return dict(sorted(counted.items()))


def reason_of(one: Unmatched) -> str:
    """case:<what it lacks>, none:<step that left no candidate>, or taken."""
    if one.case_missing:
        return f"case:{one.case_missing[0]}"
    for step, left, _missing in one.cascade:
        if left == 0:
            return f"none:{step}"
    return "taken"


def silent(done: int, total: int, message: str) -> None:
    """Progress that nobody watches."""


def match(
    cases: pd.DataFrame,
    candidates: pd.DataFrame,
    measurements: pd.DataFrame,
    design: Design,
    *,
    progress: Progress = silent,
    most_pairs: int = MOST_PAIRS,
) -> Matched:
    """The sets. The same frames, in whatever order of their rows, and the same design give the same sets."""
    people = population(cases, candidates, measurements, seed=design.seed, exact=design.exact)
    # Three tenths of the bar for the comparison of all pairs, the rest for the assignment.
    edges = eligible(
        people,
        design,
        most_pairs=most_pairs,
        tick=lambda done, total: progress(done * 30 // max(total, 1), 100, "eligible"),
    )
    pairs = assign(
        edges,
        len(people.candidates),
        design,
        tick=lambda done, total: progress(30 + done * 65 // max(total, 1), 100, "assign"),
    )
    progress(95, 100, "balance")
    return Matched(
        design=design,
        sets=sets_of(people, pairs, design),
        unmatched=unmatched_of(people, edges, pairs, design),
        balance=balances(people, edges, pairs, design),
        cases=len(people.cases),
        candidates=len(people.candidates),
        limit=edges.limit,
    )


def sets_of(people: Population, pairs: Pairs, design: Design) -> tuple[Set, ...]:
    """Sets numbered by the code of their case, controls by distance."""
    if not pairs:
        return ()
    compared = _compared(people, pairs, design)
    by_case: dict[int, list[int]] = {}
    for place, (case, _candidate, _distance) in enumerate(pairs):
        by_case.setdefault(case, []).append(place)
    codes, pool = people.cases.codes, people.candidates.codes
    index = people.cases.column("index")
    sets = []
    for number, case in enumerate(sorted(by_case, key=lambda one: str(codes[one])), start=1):
        controls = tuple(
            Control(
                str(pool[pairs[place][1]]),
                pairs[place][2] / RESOLUTION,
                {key: (ours[place], theirs[place]) for key, (ours, theirs) in compared.items()},
            )
            for place in by_case[case]
        )
        sets.append(Set(number, str(codes[case]), int(index[case]), controls))
    return tuple(sets)


def _compared(people: Population, pairs: Pairs, design: Design) -> dict[str, tuple[list[Any], list[Any]]]:
    case_places = np.array([case for case, _c, _d in pairs], dtype=np.int64)
    places = np.array([candidate for _c, candidate, _d in pairs], dtype=np.int64)
    days = people.cases.column("index")[case_places]
    found: dict[str, tuple[list[Any], list[Any]]] = {}
    for name in design.exact:
        levels = people.levels[name]
        ours = [levels[number] if number >= 0 else None for number in people.cases.factors[name][case_places]]
        theirs = [
            levels[number] if number >= 0 else None for number in people.candidates.factors[name][places]
        ]
        found[name] = (ours, theirs)
    for caliper in design.calipers:
        found[caliper.key] = (
            _plain(people.cases.values(caliper.key, case_places, days)),
            _plain(people.candidates.values(caliper.key, places, days)),
        )
    return found


def _plain(values: Floats) -> list[float | None]:
    return [None if np.isnan(value) else round(float(value), 4) for value in values]


def unmatched_of(people: Population, edges: Eligible, pairs: Pairs, design: Design) -> tuple[Unmatched, ...]:
    has = np.zeros(len(people.cases), dtype=np.int64)
    for case, _candidate, _distance in pairs:
        has[case] += 1
    index, codes = people.cases.column("index"), people.cases.codes
    found = [
        Unmatched(
            case=str(codes[case]),
            index=None if np.isnan(index[case]) else int(index[case]),
            wanted=design.ratio,
            found=int(has[case]),
            case_missing=edges.case_missing[case],
            cascade=tuple(
                (step, int(edges.counts[case, number]), int(edges.missing[case, number]))
                for number, step in enumerate(design.steps)
            ),
            taken=int(edges.admitted[case] - has[case]),
        )
        for case in range(len(people.cases))
        if has[case] < design.ratio
    ]
    return tuple(sorted(found, key=lambda one: one.case))


def balances(people: Population, edges: Eligible, pairs: Pairs, design: Design) -> tuple[Balance, ...]:
    """Every factor by level and every caliper's value, before and after."""
    cases = people.cases
    index = cases.column("index")
    dated = np.flatnonzero(~np.isnan(index))
    case_places = np.array([case for case, _c, _d in pairs], dtype=np.int64)
    places = np.array([candidate for _c, candidate, _d in pairs], dtype=np.int64)
    sizes = np.bincount(case_places, minlength=len(cases)) if len(pairs) else np.zeros(len(cases), dtype=int)
    matched = np.flatnonzero(sizes)
    control_weights = 1 / sizes[case_places] if len(pairs) else np.zeros(0)
    rows: list[Balance] = []

    def ones(values: Floats) -> Sample:
        return Sample(values, np.ones(len(values)))

    for name in design.exact:
        for number, level in enumerate(people.levels[name]):
            ours = _indicator(cases.factors[name], number)
            theirs = _indicator(people.candidates.factors[name], number)
            rows.append(
                balance_of(
                    f"{name}={level}",
                    unit="",
                    binary=True,
                    before=(ones(ours[dated]), Sample(theirs, edges.at_risk_weight)),
                    after=(ones(ours[matched]), Sample(theirs[places], control_weights)),
                    flag=design.smd_flag,
                )
            )
    for caliper in design.calipers:
        moments = edges.before[caliper.key]
        with np.errstate(invalid="ignore", divide="ignore"):
            pool = np.where(moments.value_weight > 0, moments.value_sum / moments.value_weight, np.nan)
        own = cases.values(caliper.key, np.arange(len(cases)), index)
        rows.append(
            balance_of(
                caliper.key,
                unit=caliper.unit,
                binary=False,
                before=(ones(own[dated]), Sample(pool, edges.at_risk_weight)),
                after=(
                    ones(own[matched]),
                    Sample(
                        people.candidates.values(caliper.key, places, index[case_places])
                        if len(pairs)
                        else np.zeros(0),
                        control_weights,
                    ),
                ),
                flag=design.smd_flag,
            )
        )
    return tuple(rows)


def _indicator(levels: Any, number: int) -> Floats:
    return np.where(levels < 0, np.nan, (levels == number).astype(np.float64))


def fingerprint(*frames: pd.DataFrame) -> str:
    """SHA-256 over columns and rows, whatever the order of the rows: the inputs of a run."""
    digest = hashlib.sha256()
    for frame in frames:
        digest.update(json.dumps(list(frame.columns)).encode())
        rows: Sequence[str] = sorted(
            json.dumps([None if pd.isna(cell) else cell for cell in row], default=str)
            for row in frame.itertuples(index=False, name=None)
        )
        for row in rows:
            digest.update(row.encode() + b"\n")
        digest.update(b"\0")
    return digest.hexdigest()


def code_version() -> str:
    """Names the code that matches: the checksum of the sources of this package."""
    digest = hashlib.sha256()
    for path in sorted(Path(__file__).parent.glob("*.py")):
        digest.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
    return f"matching-{digest.hexdigest()[:16]}"
