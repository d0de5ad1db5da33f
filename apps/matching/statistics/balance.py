"""How alike cases and controls are, before and after matching.

Standardised mean difference: (mean of cases − mean of controls) ÷ √((s²cases + s²controls) ÷ 2), the deviations those of
the samples before matching in both columns, so that the two can be compared (Austin, Stat Med 2009;28:3083; cobalt
with s.d.denom = "pooled" and binary = "std"). The level of a factor is a proportion p with variance p(1 − p).

Weighted variance: Σw(x − m)² · Σw ÷ ((Σw)² − Σw²), which is the sample variance for equal weights (cobalt's col_w_sd).
Before: each candidate once, weighted by 1 ÷ (size of the risk set) over the index dates at which he or she was at risk.
After: cases that have a control count once, controls 1 ÷ (controls of their set).
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from .population import Floats


@dataclass(frozen=True)
class Sample:
    """Values of one side with their weights; NaN is a missing value."""

    values: Floats
    weights: Floats

    def known(self) -> Sample:
        there = ~np.isnan(self.values) & (self.weights > 0)
        return Sample(self.values[there], self.weights[there])

    @property
    def n(self) -> int:
        return int((~np.isnan(self.values) & (self.weights > 0)).sum())

    @property
    def missing(self) -> int:
        return int((np.isnan(self.values) & (self.weights > 0)).sum())


@dataclass(frozen=True)
class Difference:
    """One line of the balance table, before or after. None: not defined (no values, or no spread to divide by)."""

    n_cases: int
    n_controls: int
    missing_cases: int
    missing_controls: int
    mean_cases: float | None
    mean_controls: float | None
    smd: float | None
    variance_ratio: float | None


@dataclass(frozen=True)
class Balance:
    """key: caliper key, or factor=level. flagged: |SMD| after matching above the protocol's limit."""

    key: str
    kind: str  # continuous | level
    unit: str
    before: Difference
    after: Difference
    flagged: bool

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def mean(sample: Sample) -> float | None:
    known = sample.known()
    return float(np.average(known.values, weights=known.weights)) if len(known.values) else None


def variance(sample: Sample, *, binary: bool) -> float | None:
    """None with fewer than two values."""
    known = sample.known()
    if not len(known.values):
        return None
    weights = known.weights
    m = float(np.average(known.values, weights=weights))
    if binary:
        return m * (1 - m)
    total = float(weights.sum())
    divisor = total**2 - float((weights**2).sum())
    if len(known.values) < 2 or divisor <= 0:
        return None
    return float((weights * (known.values - m) ** 2).sum()) * total / divisor


def pooled_sd(cases: Sample, controls: Sample, *, binary: bool) -> float | None:
    """√((s²cases + s²controls) ÷ 2) of the samples before matching."""
    own = variance(cases, binary=binary), variance(controls, binary=binary)
    if own[0] is None or own[1] is None:
        return None
    return math.sqrt((own[0] + own[1]) / 2)


def difference(cases: Sample, controls: Sample, sd: float | None, *, binary: bool) -> Difference:
    means = mean(cases), mean(controls)
    smd = ratio = None
    if means[0] is not None and means[1] is not None:
        gap = means[0] - means[1]
        if abs(gap) < 1e-12:
            smd = 0.0
        elif sd:
            smd = gap / sd
    if not binary:
        spreads = variance(cases, binary=False), variance(controls, binary=False)
        if spreads[0] is not None and spreads[1]:
            ratio = spreads[0] / spreads[1]
    return Difference(cases.n, controls.n, cases.missing, controls.missing, means[0], means[1], smd, ratio)


def balance_of(
    key: str,
    *,
    unit: str,
    binary: bool,
    before: tuple[Sample, Sample],
    after: tuple[Sample, Sample],
    flag: float,
) -> Balance:
    sd = pooled_sd(*before, binary=binary)
    first, second = difference(*before, sd, binary=binary), difference(*after, sd, binary=binary)
    flagged = second.smd is not None and abs(second.smd) > flag
    return Balance(key, "level" if binary else "continuous", unit, first, second, flagged)
