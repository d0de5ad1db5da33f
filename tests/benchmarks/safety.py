"""All safety tables of 10,000 participants, beside what bare numpy needs only to count them.

`python -m tests.benchmarks.safety [--participants N] [--events F]`; it needs no server. The limit: person-years, events
and participants with an event by term and group, by `bincount` and `unique` over arrays that are ready, with the same
number of exact intervals. Times are those of the processor, the best of three runs.
"""

from __future__ import annotations

import argparse
import os
import platform
import time
from collections.abc import Callable
from datetime import date
from typing import Any

import numpy as np
import pandas as pd

from apps.outcomes.statistics.follow_up import EVENT_COLUMNS, PEOPLE_COLUMNS
from apps.outcomes.statistics.proportions import clopper_pearson
from apps.outcomes.statistics.rates import DAYS_PER_YEAR, exact_rate
from apps.outcomes.statistics.safety_course import DEVIATION_COLUMNS
from apps.outcomes.statistics.safety_products import NEAR_MISS_COLUMNS, PRODUCT_COLUMNS
from apps.outcomes.statistics.safety_set import Frames, Words, safety_set
from tests.benchmarks.report import Report, ms

BUDGET_SECONDS = 5.0
FIRST = date(2020, 1, 1).toordinal()
CUT_OFF = date(2026, 1, 1)
TERMS = (
    "harvest_haematoma", "harvest_infection", "harvest_pain", "fever", "infusion_reaction", "thromboembolism",
    "hypoglycaemia", "hypoglycaemia_level_3", "dka", "hyperglycaemia", "positive_culture", "ectopic_tissue", "malignancy",
    "infection", "other",
)  # fmt: skip
WORDS = Words(
    groups={"case": "Cases", "control": "Controls"},
    terms={term: term.replace("_", " ") for term in TERMS},
    components={"bm_mnc": "BM-MNC", "svf": "SVF"},
    deviations={"visit": "Visit", "dose": "Dose"},
)


def frames(participants: int, events_each: float, seed: int = 1) -> Frames:
    """Half of them cases; a tenth leaves; events by a Poisson process; two products of each case."""
    rng = np.random.default_rng(seed)
    codes = [f"MUM-{number:05d}-X" for number in range(participants)]
    case = np.arange(participants) % 2 == 0
    start = FIRST + rng.integers(0, 1000, participants)
    last = start + rng.integers(30, 900, participants)
    leaves = rng.random(participants) < 0.1
    people = pd.DataFrame(
        {
            "participant": codes,
            "group": np.where(case, "case", "control"),
            "site": rng.choice(["MUM", "PUN", "DEL"], participants),
            "synthetic": False,
            "day_0": [date.fromordinal(int(one)) for one in start],
            "last_contact": [date.fromordinal(int(one)) for one in last],
            "exited_on": [
                date.fromordinal(int(one)) if gone else None for one, gone in zip(last, leaves, strict=True)
            ],
            "exited_as": np.where(leaves, "withdrawn", ""),
            "censored_on": None,
        }
    )[list(PEOPLE_COLUMNS)]
    count = rng.poisson(events_each, participants)
    of = np.repeat(np.arange(participants), count)
    size = len(of)
    onset = [
        date.fromordinal(int(one)) for one in rng.integers(start[of] - 5, np.maximum(last[of], start[of]) + 5)
    ]
    serious = rng.random(size) < 0.1
    causes = np.array(["", "certain", "probable", "possible", "unlikely"], dtype=object)
    events = pd.DataFrame(
        {
            "event": np.arange(1, size + 1),
            "participant": np.array(codes, dtype=object)[of],
            "term": rng.choice(TERMS, size),
            "verbatim": "words",
            "onset_from": onset,
            "onset_to": onset,
            "ended_on": None,
            "grade": rng.choice([1.0, 2.0, 3.0, 4.0, np.nan], size),
            "dictionary": "ctcae_5",
            "serious": serious,
            "criteria": np.where(serious, "hospitalisation", ""),
            "outcome": rng.choice(["recovered", "recovering"], size),
            "actions": "none",
            **{
                name: rng.choice(causes, size)
                for name in ("to_harvest", "to_product", "to_insulin", "to_disease")
            },
            "expected": "expected",
            "special": rng.random(size) < 0.2,
            "linked": False,
            "session": None,
            "component": "",
            "complete": True,
        }
    )[list(EVENT_COLUMNS)]
    treated = np.repeat(np.flatnonzero(case), 2)
    made = len(treated)
    products = pd.DataFrame(
        {
            "product": np.arange(1, made + 1),
            "identifier": [f"D{number}" for number in range(made)],
            "participant": np.array(codes, dtype=object)[treated],
            "site": "MUM",
            "synthetic": False,
            "component": rng.choice(["bm_mnc", "svf"], made),
            "session": 1,
            "made_on": [date.fromordinal(int(one)) for one in start[treated]],
            "evaluated": True,
            "failing": np.where(rng.random(made) < 0.05, "viability", ""),
            "decision": rng.choice(["released", "conditional", "rejected"], made, p=[0.8, 0.15, 0.05]),
            "infused": True,
            "discarded": False,
            "discard_reason": "",
            "culture": rng.choice(["growth", "no_growth"], made, p=[0.01, 0.99]),
            "grew_late": False,
        }
    )[list(PRODUCT_COLUMNS)]
    stopped = rng.choice(made, made // 50, replace=False)
    near = pd.DataFrame(
        {
            "product": products["product"].to_numpy()[stopped], "participant": "", "site": "MUM", "synthetic": False,
            "component": "svf", "step": "bedside", "code": "other_participant", "on": CUT_OFF,
        }
    )[list(NEAR_MISS_COLUMNS)]  # fmt: skip
    deviations = pd.DataFrame(
        [(code, "minor", "visit", CUT_OFF, False) for code in codes[: participants // 3]],
        columns=list(DEVIATION_COLUMNS),
    )
    return Frames(people, events, products, near, deviations)


def tables(data: Frames, *, masked: bool) -> Any:
    return safety_set(
        data, WORDS, cut_off=CUT_OFF, include_synthetic=True, mask_key=b"benchmark" if masked else None
    )


def bare(data: Frames) -> Callable[[], int]:
    """The counting alone, over arrays that are made before the clock runs."""
    group = pd.factorize(data.people["group"])[0]
    number = {code: row for row, code in enumerate(data.people["participant"])}
    start = np.array([day.toordinal() for day in data.people["day_0"]])
    last = np.array([day.toordinal() for day in data.people["last_contact"]])
    at = np.array([number[code] for code in data.events["participant"]])
    term = pd.factorize(data.events["term"])[0]
    width, lines = int(term.max()) + 1, 4 * (len(TERMS) + 20)

    def count() -> int:
        time_of = np.bincount(group, weights=last - start + 1) / DAYS_PER_YEAR
        cell = group[at] * width + term
        events = np.bincount(cell, minlength=2 * width)
        affected = np.bincount(np.unique(cell * len(group) + at) // len(group), minlength=2 * width)
        people = np.bincount(group)
        for line in range(lines):
            which = line % (2 * width)
            clopper_pearson(int(affected[which]), int(people[which // width]))
            exact_rate(int(events[which]), float(time_of[which // width]), per=100)
        return int(events.sum())

    return count


def best(work: Callable[[], Any], repeats: int = 3) -> float:
    found = float("inf")
    for _ in range(repeats):
        began = time.process_time()
        work()
        found = min(found, time.process_time() - began)
    return found


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.safety", description=__doc__)
    parser.add_argument("--participants", type=int, default=10_000)
    parser.add_argument("--events", type=float, default=5.0, help="of each participant, on average")
    options = parser.parse_args()
    if options.participants < 2 or options.events < 0:
        parser.error("at least 2 participants, and no negative number of events")
    data = frames(options.participants, options.events)
    report = Report(f"Safety tables on {os.cpu_count()} cores, {platform.system()} {platform.machine()}")
    limit = best(bare(data))
    size = f"{len(data.people):,} participants, {len(data.events):,} events, {len(data.products):,} products"
    for name, masked in (("by group", False), ("masked", True)):
        took = best(lambda masked=masked: tables(data, masked=masked))  # type: ignore[misc]
        report.add(
            f"All tables {name}", ms(took), ms(limit), f"{took / limit:.0f}", f"{BUDGET_SECONDS:.0f} s"
        )
    report.notes.append(size)
    report.notes.append(
        "Limit: the same counts and as many exact intervals by numpy over arrays that are ready."
    )
    print(report.text())
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
