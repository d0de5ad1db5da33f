"""Scales and ticks: numbers and dates to places in a drawing. Pure; no Django."""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

NICE_STEPS = (1.0, 2.0, 2.5, 5.0, 10.0)
MONTH_STEPS = (1, 2, 3, 6, 12, 24, 60, 120)
DAY_STEPS = (1, 2, 7, 14)
DAYS_PER_MONTH = 30.4375


def nice_step(span: float, wanted: int) -> float:
    """The smallest step of the kind 1, 2, 2.5, 5 × 10ⁿ that cuts `span` into at most `wanted` parts.

    Raises ValueError when the span is not positive or fewer than one part is wanted.
    """
    if span <= 0 or wanted < 1:
        raise ValueError(f"A step needs a positive span and at least one part, not {span} and {wanted}.")
    raw = span / wanted
    power = 10.0 ** math.floor(math.log10(raw))
    for step in NICE_STEPS:
        if step * power >= raw * (1 - 1e-9):
            return step * power
    return 10.0 * power


def decimals_of(step: float) -> int:
    """How many decimals a label needs so that neighbouring ticks read differently."""
    for decimals in range(7):
        if abs(round(step, decimals) - step) < step * 1e-6:
            return decimals
    return 6


def widen(low: float, high: float) -> tuple[float, float]:
    """A range of some width around a single value."""
    if high > low:
        return low, high
    pad = abs(low) * 0.1 or 1.0
    return low - pad, high + pad


def nice_ticks(low: float, high: float, wanted: int = 5) -> tuple[float, ...]:
    """Round numbers that enclose `low` to `high`, ascending; a range without width is widened first."""
    low, high = widen(low, high)
    step = nice_step(high - low, wanted)
    first = math.floor(low / step + 1e-9)
    last = math.ceil(high / step - 1e-9)
    decimals = decimals_of(step)
    return tuple(round(index * step, decimals) for index in range(first, last + 1))


def inner_ticks(low: float, high: float, wanted: int = 6) -> tuple[float, ...]:
    """Round numbers within `low` to `high` (for an axis that should not be stretched)."""
    return tuple(tick for tick in nice_ticks(low, high, wanted) if low - 1e-9 <= tick <= high + 1e-9)


def format_number(value: float, decimals: int) -> str:
    """With a real minus sign and no negative zero."""
    text = f"{value:.{decimals}f}"
    if float(text) == 0:
        text = text.lstrip("-")
    return text.replace("-", "\u2212")


def tick_labels(ticks: Iterable[float]) -> tuple[str, ...]:
    """Labels with as many decimals as the step between the ticks needs."""
    ticks = tuple(ticks)
    step = ticks[1] - ticks[0] if len(ticks) > 1 else (abs(ticks[0]) if ticks and ticks[0] else 1.0)
    decimals = decimals_of(round(step, 9))
    return tuple(format_number(tick, decimals) for tick in ticks)


def _months(day: date) -> int:
    return day.year * 12 + day.month - 1


def _first_of(months: int) -> date:
    return date(months // 12, months % 12 + 1, 1)


def date_ticks(low: date, high: date, wanted: int = 6) -> tuple[date, ...]:
    """Days, first days of months, or first days of years between two days, at most `wanted` + 1 of them."""
    days = (high - low).days
    if days < 1:
        return (low,)
    for step in DAY_STEPS:
        if days / step <= wanted:
            return tuple(date.fromordinal(low.toordinal() + offset) for offset in range(0, days + 1, step))
    for months in MONTH_STEPS:
        if days / (months * DAYS_PER_MONTH) <= wanted:
            break
    first = -(-_months(low) // months) * months
    if _first_of(first) < low:
        first += months
    return tuple(_first_of(index) for index in range(first, _months(high) + 1, months))


@dataclass(frozen=True, slots=True)
class Linear:
    """A linear scale from the domain [low, high] to the range [start, end]; the range may run backwards."""

    low: float
    high: float
    start: float
    end: float

    def __call__(self, value: float) -> float:
        if self.high == self.low:
            return round((self.start + self.end) / 2, 2)
        share = (value - self.low) / (self.high - self.low)
        return round(self.start + share * (self.end - self.start), 2)

    def clamp(self, value: float) -> float:
        return self(min(max(value, self.low), self.high))


def quantile(values: Iterable[float], share: float) -> float:
    """The quantile by linear interpolation between order statistics (R's type 7).

    Raises ValueError without values. Source: Hyndman and Fan, Am Stat 1996;50:361.
    """
    ordered = sorted(values)
    if not ordered:
        raise ValueError("A quantile needs at least one value.")
    place = (len(ordered) - 1) * share
    below = math.floor(place)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (ordered[above] - ordered[below]) * (place - below)
