"""Metrics of a self-monitored glucose profile: pure.

Meter readings are taken when people choose to: these are per cent of readings in range, not time in range.
Thresholds are judged in the unit that was measured: 54 mg/dL and 3.0 mmol/L are the same boundary.
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from apps.labs.rules import glucose_mg_dl

# International consensus: level 1 below 70, level 2 below 54, in range 70 to 180, above 180, above 250 mg/dL.
LEVEL_2 = {"mg/dL": Decimal(54), "mmol/L": Decimal("3.0")}
LEVEL_1 = {"mg/dL": Decimal(70), "mmol/L": Decimal("3.9")}
HIGH = {"mg/dL": Decimal(180), "mmol/L": Decimal("10.0")}
VERY_HIGH = {"mg/dL": Decimal(250), "mmol/L": Decimal("13.9")}


@dataclass(frozen=True)
class Reading:
    day: dt.date
    slot: str
    value: Decimal
    unit: str

    @property
    def mg_dl(self) -> Decimal:
        return self.value if self.unit == "mg/dL" else glucose_mg_dl(self.value)


@dataclass(frozen=True)
class Summary:
    """n readings; mean and SD in mg/dL (SD with n − 1, None below two readings); CV in per cent."""

    n: int
    mean: float
    sd: float | None
    cv_percent: float | None


@dataclass(frozen=True)
class GlucoseProfile:
    """overall and per slot; per cent of all readings. days: calendar days with a reading."""

    overall: Summary | None
    by_slot: Mapping[str, Summary]
    days: int
    readings_per_day: float | None
    percent_in_range: float | None
    percent_below_70: float | None
    percent_below_54: float | None
    percent_above_180: float | None
    percent_above_250: float | None


def summary(values: Sequence[Decimal]) -> Summary | None:
    """None when there is nothing to summarise."""
    n = len(values)
    if not n:
        return None
    numbers = [float(value) for value in values]
    mean = math.fsum(numbers) / n
    if n < 2:
        return Summary(n, mean, None, None)
    sd = math.sqrt(math.fsum((x - mean) ** 2 for x in numbers) / (n - 1))
    return Summary(n, mean, sd, 100 * sd / mean if mean else None)


def hypoglycaemia_level(value: Decimal, unit: str) -> int:
    """1: below 70 and at least 54 mg/dL; 2: below 54 mg/dL; 0: neither. Level 3 is a state, not a number."""
    if value < LEVEL_2[unit]:
        return 2
    return 1 if value < LEVEL_1[unit] else 0


def in_range(value: Decimal, unit: str) -> bool:
    """Both ends belong to the range."""
    return LEVEL_1[unit] <= value <= HIGH[unit]


def profile(readings: Iterable[Reading]) -> GlucoseProfile:
    listed = list(readings)
    days = {reading.day for reading in listed}
    slots: dict[str, list[Decimal]] = {}
    for reading in listed:
        slots.setdefault(reading.slot, []).append(reading.mg_dl)

    def percent(hits: int) -> float | None:
        return 100 * hits / len(listed) if listed else None

    return GlucoseProfile(
        overall=summary([reading.mg_dl for reading in listed]),
        by_slot={slot: found for slot, values in slots.items() if (found := summary(values)) is not None},
        days=len(days),
        readings_per_day=len(listed) / len(days) if days else None,
        percent_in_range=percent(sum(in_range(r.value, r.unit) for r in listed)),
        percent_below_70=percent(sum(hypoglycaemia_level(r.value, r.unit) >= 1 for r in listed)),
        percent_below_54=percent(sum(hypoglycaemia_level(r.value, r.unit) == 2 for r in listed)),
        percent_above_180=percent(sum(r.value > HIGH[r.unit] for r in listed)),
        percent_above_250=percent(sum(r.value > VERY_HIGH[r.unit] for r in listed)),
    )
