"""Proportions with exact intervals.

Source: Clopper CJ, Pearson ES. Biometrika 1934;26:404. The bounds are quantiles of beta distributions (R:
`binom.test`). The interval never covers less than it says, which is why monitoring committees ask for it; for small
numbers it is wider than needed.
"""

from __future__ import annotations

from dataclasses import dataclass

from scipy.special import betaincinv

CONFIDENCE = 0.95


@dataclass(frozen=True)
class Interval:
    """An estimate with its bounds, all in the unit of the estimate; None where it is not defined."""

    estimate: float | None
    low: float | None
    high: float | None


NOT_DEFINED = Interval(None, None, None)


def clopper_pearson(events: int, n: int, *, confidence: float = CONFIDENCE) -> Interval:
    """`events` of `n` as a share between 0 and 1.

    Nought events have the lower bound 0 and the upper bound 1 − (α/2)^(1/n), which is the bound of a one-sided interval
    at 1 − α/2 (97.5 % for 95 %): 0 of 20 has 0.1684. Nothing of nothing is not defined. Raises ValueError when events are
    negative or more than n.
    """
    _whole(events, "events")
    _whole(n, "n")
    if events > n:
        raise ValueError(f"{events} of {n}: no more can have an event than there are.")
    if n == 0:
        return NOT_DEFINED
    alpha = _alpha(confidence)
    low = 0.0 if events == 0 else float(betaincinv(events, n - events + 1, alpha / 2))
    high = 1.0 if events == n else float(betaincinv(events + 1, n - events, 1 - alpha / 2))
    return Interval(events / n, low, high)


def _alpha(confidence: float) -> float:
    if not 0 < confidence < 1:
        raise ValueError(f"Confidence is a share between 0 and 1, such as 0.95, not {confidence}.")
    return 1 - confidence


def _whole(value: int, name: str) -> None:
    if value != int(value) or value < 0:
        raise ValueError(f"{name} is a whole number and not negative, not {value}.")
