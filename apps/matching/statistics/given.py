"""Sets that were made elsewhere (by R's MatchIt, say): every rule that ours keep, asked of each row."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from .assignment import Pairs
from .design import Design
from .eligibility import RESOLUTION, TOLERANCE, eligible
from .matching import MOST_PAIRS, Matched, balances, sets_of, unmatched_of
from .population import Population, population


@dataclass(frozen=True)
class Row:
    """A pair as it was given. number: of the row, from 1. set: the name of its set, "" when none is given."""

    number: int
    case: str
    control: str
    set: str = ""


@dataclass(frozen=True)
class Wrong:
    """What is wrong with a row: the member (case, control, set), a code, and words that say how to mend it."""

    row: int
    field: str
    code: str
    message: str


def check(
    rows: Sequence[Row],
    cases: pd.DataFrame,
    candidates: pd.DataFrame,
    measurements: pd.DataFrame,
    design: Design,
    *,
    known: Collection[str],
) -> tuple[list[Wrong], Matched | None]:
    """Every problem by row; the sets when there is none. known: codes of all participants that may be named.

    The design's ratio becomes the size of the largest set.
    """
    people = population(cases, candidates, measurements, seed=design.seed, exact=design.exact)
    case_place = {str(code): place for place, code in enumerate(people.cases.codes)}
    place_of = {str(code): place for place, code in enumerate(people.candidates.codes)}
    wrong = [
        *_named(rows, known, case_place, place_of),
        *_sets(rows, design),
        *_cycles(rows),
    ]
    good = [
        row for row in rows if row.case in case_place and row.control in place_of and row.case != row.control
    ]
    pairs: Pairs = [(case_place[row.case], place_of[row.control], 0) for row in good]
    compared, pairs = _compared(good, pairs, people, design)
    wrong = sorted({*wrong, *compared}, key=lambda one: (one.row, one.field, one.code))
    if wrong:
        return wrong, None
    largest = max(Counter(row.case for row in rows).values(), default=1)
    made = replace(design, ratio=max(largest, 1))
    edges = eligible(people, made, most_pairs=MOST_PAIRS)
    pairs = sorted(pairs, key=lambda pair: (pair[0], pair[2]))
    return [], Matched(
        design=made,
        sets=sets_of(people, pairs, made),
        unmatched=unmatched_of(people, edges, pairs, made),
        balance=balances(people, edges, pairs, made),
        cases=len(people.cases),
        candidates=len(people.candidates),
    )


def _named(
    rows: Sequence[Row], known: Collection[str], cases: Collection[str], candidates: Collection[str]
) -> list[Wrong]:
    wrong = []
    for row in rows:
        for field, code, side in (("case", row.case, cases), ("control", row.control, candidates)):
            if not code:
                wrong.append(Wrong(row.number, field, "required", f"The {field} is missing. Give its code."))
            elif code not in known:
                wrong.append(
                    Wrong(
                        row.number, field, "unknown", f"There is no participant {code} among those looked at."
                    )
                )
            elif code not in side and row.case != row.control:
                said = (
                    f"{code} is no case. Name a treated participant here."
                    if field == "case"
                    else f"{code} was never a control. Name a participant of the control group."
                )
                wrong.append(Wrong(row.number, field, f"no_{field}", said))
        if row.case and row.case == row.control:
            wrong.append(
                Wrong(row.number, "control", "self", f"{row.case} is matched to himself or herself.")
            )
    return wrong


def _sets(rows: Sequence[Row], design: Design) -> list[Wrong]:
    """Sets that overlap."""
    wrong = []
    first_pair: dict[tuple[str, str], int] = {}
    first_use: dict[str, Row] = {}
    set_of_case: dict[str, Row] = {}
    case_of_set: dict[str, Row] = {}
    for row in rows:
        before = first_pair.setdefault((row.case, row.control), row.number)
        if before != row.number:
            wrong.append(Wrong(row.number, "control", "twice", f"The same pair stands in row {before}."))
            continue
        used = first_use.setdefault(row.control, row)
        if used is not row and not design.with_replacement and row.control:
            wrong.append(
                Wrong(
                    row.number,
                    "control",
                    "overlap",
                    f"{row.control} is a control of {used.case} already (row {used.number}). Without replacement a "
                    "control is in one set.",
                )
            )
        if row.set:
            other = set_of_case.setdefault(row.case, row)
            if other.set != row.set:
                wrong.append(
                    Wrong(
                        row.number,
                        "set",
                        "case_twice",
                        f"{row.case} is the case of set {other.set} already (row {other.number}).",
                    )
                )
            owner = case_of_set.setdefault(row.set, row)
            if owner.case != row.case:
                wrong.append(
                    Wrong(
                        row.number,
                        "set",
                        "two_cases",
                        f"Set {row.set} has the case {owner.case} already (row {owner.number}); a set has one.",
                    )
                )
    return wrong


def _cycles(rows: Sequence[Row]) -> list[Wrong]:
    """Rows on a way that leads from a case over its controls back to itself."""
    ways: dict[str, set[str]] = defaultdict(set)
    for row in rows:
        if row.case and row.control and row.case != row.control:
            ways[row.case].add(row.control)

    def reachable(start: str) -> set[str]:
        seen: set[str] = set()
        ahead = [start]
        while ahead:
            for code in ways.get(ahead.pop(), ()):
                if code not in seen and code in ways:
                    seen.add(code)
                    ahead.append(code)
        return seen

    both = {code for code in ways if any(code in controls for controls in ways.values())}
    reach = {code: reachable(code) for code in both}
    return [
        Wrong(
            row.number,
            "control",
            "cycle",
            f"{row.case} is a control of {row.control}, directly or through other sets: the sets run in a circle.",
        )
        for row in rows
        if row.control in reach and row.case in reach[row.control] and row.case != row.control
    ]


def _compared(
    rows: Sequence[Row], pairs: Pairs, people: Population, design: Design
) -> tuple[list[Wrong], Pairs]:
    """What the index date, the exact factors and the calipers say of each pair; the pairs with their distance."""
    if not pairs:
        return [], []
    ours = np.array([case for case, _c, _d in pairs], dtype=np.int64)
    theirs = np.array([candidate for _c, candidate, _d in pairs], dtype=np.int64)
    days = people.cases.column("index")[ours]
    starts = people.candidates.column("risk_from")[theirs]
    ends = people.candidates.column("risk_until")[theirs]
    wrong = []
    for row, day, start, end in zip(rows, days, starts, ends, strict=True):
        said = _at_risk(row, day, start, end)
        if said:
            wrong.append(said)
    for name in design.exact:
        levels = people.levels[name]
        mine, other = people.cases.factors[name][ours], people.candidates.factors[name][theirs]
        for row, a, b in zip(rows, mine, other, strict=True):
            if a < 0 or b < 0:
                who = row.case if a < 0 else row.control
                wrong.append(
                    Wrong(row.number, "control", f"{name}_missing", f"The {name} of {who} is not known.")
                )
            elif a != b:
                wrong.append(
                    Wrong(
                        row.number,
                        "control",
                        f"{name}_differs",
                        f"The {name} differs: {levels[a]} for {row.case}, {levels[b]} for {row.control}.",
                    )
                )
    squares = np.zeros(len(pairs))
    for caliper in design.calipers:
        a_values = people.cases.values(caliper.key, ours, days)
        b_values = people.candidates.values(caliper.key, theirs, days)
        for place, (row, a, b) in enumerate(zip(rows, a_values, b_values, strict=True)):
            if np.isnan(days[place]):
                continue
            if np.isnan(a) or np.isnan(b):
                who = row.case if np.isnan(a) else row.control
                wrong.append(
                    Wrong(
                        row.number,
                        "control",
                        f"{caliper.key}_missing",
                        f"{caliper.label} of {who} is not known on the index date.",
                    )
                )
                continue
            allowed = caliper.allowed(float(a))
            if abs(a - b) > allowed + TOLERANCE:
                wrong.append(
                    Wrong(
                        row.number,
                        "control",
                        f"{caliper.key}_outside",
                        f"{caliper.label} lies outside the caliper: {a:.2f} for {row.case}, {b:.2f} for {row.control}; "
                        f"at most {allowed:.2f} {caliper.unit} apart.",
                    )
                )
            squares[place] += ((a - b) / allowed) ** 2
    distances = np.rint(np.sqrt(squares) * RESOLUTION).astype(np.int64)
    return wrong, [
        (case, candidate, int(distance))
        for (case, candidate, _d), distance in zip(pairs, distances, strict=True)
    ]


def _at_risk(row: Row, day: float, start: float, end: float) -> Wrong | None:
    if np.isnan(day):
        return Wrong(row.number, "case", "no_index_date", f"Day 0 of {row.case} is not known to the day.")
    if np.isnan(start):
        said = f"It is not known since when {row.control} is followed."
    elif start > day:
        said = f"{row.control} was not yet followed on the index date of {row.case}."
    elif not np.isnan(end) and end <= day:
        said = f"{row.control} was treated or had left before the index date of {row.case}, or on that day."
    else:
        return None
    return Wrong(row.number, "control", "not_at_risk", f"{said} A control is at risk on the index date.")
