"""Rates of events over person-time with exact Poisson intervals, and the ratio of two of them.

Sources: Garwood F. Biometrika 1936;28:437 (interval of a Poisson mean by quantiles of chi-squared, here of the gamma
distribution, which is the same); the ratio by the binomial distribution of one count given the sum of both (R:
`poisson.test` with two samples). Both hold when events come independently at a constant rate. A person who has one
event is often more likely to have another: then an interval over all events is too narrow, and the number of
participants with an event beside it is the safer reading.
"""

from __future__ import annotations

import math

from scipy.special import betaincinv, gammaincinv

from apps.outcomes.statistics.proportions import CONFIDENCE, NOT_DEFINED, Interval, _alpha, _whole

DAYS_PER_YEAR = 365.25


def exact_rate(
    events: int, person_time: float, *, per: float = 1.0, confidence: float = CONFIDENCE
) -> Interval:
    """Events per `per` units of person-time (`per=100` with person-years: per 100 person-years).

    Nought events have the lower bound 0 and the upper bound −ln(α/2) ÷ person-time, which is the bound of a one-sided
    interval at 1 − α/2 (97.5 % for 95 %): 3.689 ÷ person-time. Without person-time nothing is defined. Raises ValueError
    on negative or infinite person-time, and on events that happened in none.
    """
    _whole(events, "events")
    _time(person_time)
    if person_time == 0:
        if events:
            raise ValueError(f"{events} events in no person-time: the follow-up of somebody is missing.")
        return NOT_DEFINED
    alpha = _alpha(confidence)
    low = 0.0 if events == 0 else float(gammaincinv(events, alpha / 2))
    high = -math.log(alpha / 2) if events == 0 else float(gammaincinv(events + 1, 1 - alpha / 2))
    return Interval(*(value / person_time * per for value in (float(events), low, high)))


def rate_ratio(
    events: int,
    person_time: float,
    reference_events: int,
    reference_time: float,
    *,
    confidence: float = CONFIDENCE,
) -> Interval:
    """The rate ÷ the reference rate, with the exact conditional interval.

    Without an event in the reference the ratio is not defined and has no upper bound (None), its lower bound stands;
    without any event nothing is defined. Raises ValueError as `exact_rate`.
    """
    exact_rate(events, person_time)
    exact_rate(reference_events, reference_time)
    total = events + reference_events
    if total == 0 or person_time == 0 or reference_time == 0:
        return NOT_DEFINED
    alpha, scale = _alpha(confidence), reference_time / person_time
    low = 0.0
    if events:
        share = float(betaincinv(events, reference_events + 1, alpha / 2))
        low = share / (1 - share) * scale
    if reference_events == 0:
        return Interval(None, low, None)
    share = float(betaincinv(events + 1, reference_events, 1 - alpha / 2))
    return Interval(events / reference_events * scale, low, share / (1 - share) * scale)


def _time(value: float) -> None:
    if not math.isfinite(value) or value < 0:
        raise ValueError(f"Person-time is a finite number and not negative, not {value}.")
