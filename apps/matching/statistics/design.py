"""What a run is asked to do. Light: no numpy, so that pages and API can read and check it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

DAYS_PER_YEAR = 365.25
DAYS_PER_MONTH = DAYS_PER_YEAR / 12
LARGEST_SEED = 2**31 - 1  # what R's set.seed takes too

# What can be matched on, and the unit in which it is computed (UCUM).
EXACT_FACTORS = ("sex", "site")
CALIPER_UNITS: Mapping[str, str] = {"age": "a", "duration": "a", "hba1c": "%", "calendar": "mo"}


@dataclass(frozen=True)
class Caliper:
    """Case and control may differ by at most ± width, or by ± or_percent of the case's value if that is more."""

    key: str
    label: str
    width: float
    unit: str
    or_percent: float | None = None

    def allowed(self, case_value: float) -> float:
        """The largest difference that is admitted for a case with this value."""
        if self.or_percent is None:
            return self.width
        return max(self.width, abs(case_value) * self.or_percent / 100)

    def as_json(self) -> dict[str, Any]:
        return {
            "key": self.key,
            "label": self.label,
            "width": self.width,
            "unit": self.unit,
            "or_percent": self.or_percent,
        }


@dataclass(frozen=True)
class Design:
    """ratio: controls per case. exact: factors that must be equal, in the order in which they are applied."""

    exact: tuple[str, ...]
    calipers: tuple[Caliper, ...]
    ratio: int = 1
    method: str = "optimal"
    with_replacement: bool = False
    seed: int = 0
    smd_flag: float = 0.1

    @property
    def steps(self) -> tuple[str, ...]:
        """The names of the cascade: how many candidates were left after each."""
        return ("candidates", "at_risk", *self.exact, *(caliper.key for caliper in self.calipers))

    def as_json(self) -> dict[str, Any]:
        return {
            "exact": list(self.exact),
            "calipers": [caliper.as_json() for caliper in self.calipers],
            "ratio": self.ratio,
            "method": self.method,
            "with_replacement": self.with_replacement,
            "seed": self.seed,
            "smd_flag": self.smd_flag,
        }

    @classmethod
    def from_json(cls, content: Mapping[str, Any]) -> Design:
        return cls(
            exact=tuple(content["exact"]),
            calipers=tuple(Caliper(**caliper) for caliper in content["calipers"]),
            ratio=content["ratio"],
            method=content["method"],
            with_replacement=content["with_replacement"],
            seed=content["seed"],
            smd_flag=content["smd_flag"],
        )


def unknown_in(exact: Iterable[str], calipers: Iterable[Caliper]) -> list[str]:
    """What a protocol asks for and this portal cannot match on, or not in that unit; in words."""
    found = [f"exact factor “{name}”" for name in exact if name not in EXACT_FACTORS]
    for caliper in calipers:
        unit = CALIPER_UNITS.get(caliper.key)
        if unit is None:
            found.append(f"caliper “{caliper.key}”")
        elif unit != caliper.unit:
            found.append(f"caliper “{caliper.key}” in {caliper.unit} (it is computed in {unit})")
    return found
