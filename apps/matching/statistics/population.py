"""Cases and candidates as arrays, in an order that depends on the seed and the codes alone.

Days are numbers: days since 1 January 1970, fractions allowed, NaN where unknown. The frames:

CASES        code, site, sex, entry (day of enrolment), born, onset (day of diagnosis), index (Day 0)
CANDIDATES   code, site, sex, entry, born, onset, risk_from, risk_until (NaN: still at risk)
MEASUREMENTS code, day, value: HbA1c in % (NGSP) of either; of several on one day the mean counts
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from .design import DAYS_PER_MONTH, DAYS_PER_YEAR

PERSON = ("code", "site", "sex", "entry", "born", "onset")
CASES = (*PERSON, "index")
CANDIDATES = (*PERSON, "risk_from", "risk_until")
MEASUREMENTS = ("code", "day", "value")

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]

_SPAN = 1 << 22  # more days than any two dates of a study are apart


def shuffled(frame: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    """Rows by code, then in an order drawn by the seed: ties are broken by it, and never by the order of the input."""
    if frame["code"].duplicated().any():
        twice = sorted(set(frame.loc[frame["code"].duplicated(), "code"]))
        raise ValueError(f"named twice: {', '.join(map(str, twice[:5]))}")
    ordered = frame.sort_values("code", kind="stable").reset_index(drop=True)
    return ordered.iloc[rng.permutation(len(ordered))].reset_index(drop=True)


class Latest:
    """The last measurement of a person on or before a day."""

    def __init__(self, persons: Sequence[str], measurements: pd.DataFrame) -> None:
        place = {code: index for index, code in enumerate(persons)}
        known = measurements[measurements["code"].isin(place) & measurements["value"].notna()]
        known = known[known["day"].notna()]
        daily = known.groupby(["code", "day"], as_index=False, sort=True)["value"].mean()
        self.person = daily["code"].map(place).to_numpy(dtype=np.int64)
        self.day = np.floor(daily["day"].to_numpy(dtype=np.float64)).astype(np.int64)
        self.value = daily["value"].to_numpy(dtype=np.float64)
        order = np.lexsort((self.day, self.person))
        self._keys = (self.person * _SPAN + (self.day + _SPAN // 2))[order]
        self._persons, self._values = self.person[order], self.value[order]
        self.by_day = np.argsort(self.day, kind="stable")

    def on(self, persons: Integers, days: Floats) -> Floats:
        """The value of each person on each day; NaN where nothing was measured until then."""
        if not len(self._keys):
            return np.full(len(persons), np.nan)
        known_days = np.where(np.isnan(days), -float(_SPAN // 2), np.floor(days))
        wanted = persons * _SPAN + (known_days.astype(np.int64) + _SPAN // 2)
        place = np.searchsorted(self._keys, wanted, side="right") - 1
        there = (place >= 0) & (self._persons[place] == persons)
        return np.where(there, self._values[place], np.nan)


@dataclass(frozen=True)
class Side:
    """Cases or candidates."""

    frame: pd.DataFrame
    factors: dict[str, Integers]  # exact factor → code of its level, −1 where missing
    latest: Latest

    def __len__(self) -> int:
        return len(self.frame)

    @property
    def codes(self) -> npt.NDArray[np.object_]:
        codes: npt.NDArray[np.object_] = self.frame["code"].to_numpy(dtype=object)
        return codes

    def column(self, name: str) -> Floats:
        values: Floats = self.frame[name].to_numpy(dtype=np.float64)
        return values

    def values(self, key: str, persons: Integers, days: Floats) -> Floats:
        """What is compared within a caliper, of each person on each day; NaN where unknown."""
        if key == "hba1c":
            return self.latest.on(persons, days)
        if key == "calendar":
            return self.column("entry")[persons] / DAYS_PER_MONTH
        since: Floats = (days - self.column("born" if key == "age" else "onset")[persons]) / DAYS_PER_YEAR
        return since


@dataclass(frozen=True)
class Population:
    cases: Side
    candidates: Side
    levels: dict[str, tuple[str, ...]]  # exact factor → its levels, by code


def population(
    cases: pd.DataFrame,
    candidates: pd.DataFrame,
    measurements: pd.DataFrame,
    *,
    seed: int,
    exact: Sequence[str],
) -> Population:
    """The two sides in the order of the seed. Raises ValueError when a code is there twice on one side."""
    rng = np.random.default_rng(seed)
    sides = [shuffled(cases, rng), shuffled(candidates, rng)]
    levels: dict[str, tuple[str, ...]] = {}
    factors: list[dict[str, Integers]] = [{}, {}]
    for name in exact:
        known = pd.concat([side[name] for side in sides]).dropna().astype(str)
        levels[name] = tuple(sorted(set(known)))
        code = {level: number for number, level in enumerate(levels[name])}
        for side, own in zip(sides, factors, strict=True):
            own[name] = np.array([code.get(_text(value), -1) for value in side[name]], dtype=np.int64)
    left, right = (
        Side(side, own, Latest(list(side["code"]), measurements))
        for side, own in zip(sides, factors, strict=True)
    )
    return Population(left, right, levels)


def _text(value: Any) -> str:
    """A level as text, "" (which is none) where it is missing."""
    return "" if value is None or pd.isna(value) else str(value)
