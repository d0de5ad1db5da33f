"""Matching 2,000 cases with 20,000 candidates, beside what bare numpy needs only to tell which pairs are admitted.

`python -m tests.benchmarks.matching [--cases N] [--candidates N] [--widen F]`; it needs no server. Each measurement is
a process of its own, so that the peak of its memory is its own; the time is that of its processor.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import resource
import subprocess
import sys
import time
from typing import Any

import numpy as np
import pandas as pd

from apps.matching.statistics.design import Caliper, Design
from tests.benchmarks.report import Report, ms

BUDGET_MB = 1_000


def cohort(cases: int, candidates: int, seed: int = 1) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Three years of enrolment at three sites; a fifth of the candidates leaves; four HbA1c each."""
    rng = np.random.default_rng(seed)

    def people(size: int, letter: str) -> pd.DataFrame:
        entry = rng.integers(16_000, 16_000 + 3 * 365, size).astype(float)
        age = rng.uniform(8, 40, size)
        onset = np.minimum(rng.gamma(2, 2.5, size), age - 1)
        return pd.DataFrame(
            {
                "code": [f"{letter}{number:06d}" for number in range(size)],
                "site": rng.choice(["MUM", "PUN", "DEL"], size),
                "sex": rng.choice(["female", "male"], size),
                "entry": entry,
                "born": entry - age * 365.25,
                "onset": entry - onset * 365.25,
            }
        )

    left, right = people(cases, "C"), people(candidates, "K")
    left["index"] = left["entry"] + rng.integers(20, 200, cases)
    right["risk_from"] = right["entry"]
    leaves = rng.random(candidates) < 0.2
    right["risk_until"] = np.where(leaves, right["entry"] + rng.integers(30, 900, candidates), np.nan)
    measured = [
        pd.DataFrame(
            {
                "code": side["code"],
                "day": side["entry"] + 90.0 * number,
                "value": np.round(rng.normal(8.8, 1.4, len(side)), 1),
            }
        )
        for side, count in ((left, 1), (right, 4))
        for number in range(count)
    ]
    return left, right, pd.concat(measured, ignore_index=True)


def design(widen: float, ratio: int) -> Design:
    calipers = (
        Caliper("age", "Age", 2 * widen, "a"),
        Caliper("duration", "Duration", 1 * widen, "a", 20),
        Caliper("hba1c", "HbA1c", 1 * widen, "%"),
        Caliper("calendar", "Calendar", 6 * widen, "mo"),
    )
    return Design(("sex",), calipers, ratio=ratio, seed=20_161_103)


def ours(frames: Any, asked: Design) -> dict[str, Any]:
    from apps.matching.statistics.matching import match

    return match(*frames, asked).summary()


def bare(frames: Any, asked: Design) -> dict[str, Any]:
    """The limit: which pairs are admitted, one case against all candidates at a time; nobody is matched, nothing is told.
    HbA1c is the first of each candidate, without looking for the last one."""
    left, right, measured = frames
    first = measured.drop_duplicates("code").set_index("code")["value"]
    values = first.reindex(right["code"]).to_numpy()
    own = first.reindex(left["code"]).to_numpy()
    sex, born, onset = (
        (right["sex"] == "female").to_numpy(),
        right["born"].to_numpy(),
        right["onset"].to_numpy(),
    )
    start, end, entry = (
        right["risk_from"].to_numpy(),
        right["risk_until"].fillna(np.inf).to_numpy(),
        right["entry"].to_numpy(),
    )
    age, duration, _hba1c, calendar = (one.width for one in asked.calipers)
    pairs = 0
    for place, one in enumerate(left.itertuples(index=False)):
        day = one.index
        mine = (day - one.onset) / 365.25
        allowed = max(duration, 0.2 * mine)
        admitted = (
            (start <= day) & (day < end) & (sex == (one.sex == "female"))
            & (np.abs(born - one.born) <= age * 365.25)
            & (np.abs((day - onset) / 365.25 - mine) <= allowed)
            & (np.abs(values - own[place]) <= asked.calipers[2].width)
            & (np.abs(entry - one.entry) <= calendar * 30.4375)
        )  # fmt: skip
        pairs += len(np.flatnonzero(admitted))
    return {"pairs": pairs}


def child(what: str, cases: int, candidates: int, widen: float, ratio: int) -> None:
    frames, asked = cohort(cases, candidates), design(widen, ratio)
    began = time.process_time()
    found = (ours if what == "ours" else bare)(frames, asked)
    seconds = time.process_time() - began
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    found.pop("balance", None)
    print(json.dumps({"seconds": seconds, "peak": peak, "found": found}))


def measured(what: str, options: argparse.Namespace, widen: float, ratio: int) -> dict[str, Any]:
    arguments = [
        "--child", what, "--cases", options.cases, "--candidates", options.candidates, "--widen", widen, "--ratio", ratio,
    ]  # fmt: skip
    done = subprocess.run(
        [sys.executable, "-m", "tests.benchmarks.matching", *map(str, arguments)],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    told: dict[str, Any] = json.loads(done.stdout)
    return told


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.matching", description=__doc__)
    parser.add_argument("--cases", type=int, default=2_000)
    parser.add_argument("--candidates", type=int, default=20_000)
    parser.add_argument("--widen", type=float, default=1.0, help="calipers of the protocol times this")
    parser.add_argument("--ratio", type=int, default=2)
    parser.add_argument("--child", choices=("ours", "bare"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        child(options.child, options.cases, options.candidates, options.widen, options.ratio)
        return 0
    report = Report(f"Matching on {os.cpu_count()} cores, {platform.system()} {platform.machine()}")
    for said, widen, ratio in (
        ("the protocol's calipers, 1:2", options.widen, 2),
        ("the protocol's calipers, 1:4", options.widen, 4),
        ("calipers thirty times as wide (nearly all are admitted), 1:2", 30.0, 2),
    ):
        limit, run = measured("bare", options, widen, ratio), measured("ours", options, widen, ratio)
        report.add(
            f"{options.cases:,} × {options.candidates:,}, {said}",
            ms(run["seconds"]),
            ms(limit["seconds"]),
            f"{run['seconds'] / limit['seconds']:.1f} ×",
            "one job",
        )
        report.add(
            "  peak memory of the process", f"{run['peak'] / 1e6:,.0f} MB", "", "", f"< {BUDGET_MB:,} MB"
        )
        found = run["found"]
        report.notes.append(
            f"{said}: {found['matched_cases']:,} cases matched, {found['pairs']:,} pairs"
            + (
                f", {found['limit']:,} nearest candidates of each case looked at"
                if found["limit"]
                else ", exact"
            )
        )
    report.notes.append(
        "Limit: the admitted pairs in bare numpy, case by case; nobody is matched and nothing told."
    )
    print(report.text())
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
