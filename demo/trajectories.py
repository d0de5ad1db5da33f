"""The courses of the synthetic cohort: pure functions of a numpy Generator.

HbA1c is a personal long-term mean plus an AR(1) residual. Participants are chosen when their HbA1c is high, so
the residual at baseline is above 0 on average and falls back in both groups: regression to the mean. The groups
differ only by `EFFECT`, an invented course that says nothing about the therapy.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

# Days from Day 0 → share of the full effect in treated participants.
EFFECT_DAYS = (0, 30, 90, 180, 270, 365, 545)
EFFECT = (0.0, 0.25, 0.7, 1.0, 1.05, 1.0, 0.85)
HBA1C_FULL_EFFECT = -1.1  # percentage points
INSULIN_FULL_EFFECT = -0.4  # share of the baseline dose
C_PEPTIDE_FULL_EFFECT = 0.8  # share of the baseline value
C_PEPTIDE_DECAY_PER_YEAR = 0.2  # share lost in a year without therapy

RESIDUAL_SD = 0.75  # percentage points of HbA1c
CORRELATION_90_DAYS = 0.55
SELECTION = 0.55  # mean residual at baseline: chosen because of a high value
LOWEST_HBA1C, HIGHEST_HBA1C = 5.3, 14.5
INSULIN_FREE_FROM = 1.55  # a response above this stops insulin from day INSULIN_FREE_DAY on
INSULIN_FREE_DAY = 240


@dataclass(frozen=True)
class Course:
    """Values at the given days from Day 0. hba1c: % NGSP; insulin: IU/kg/day; c_peptide: ng/mL, fasting."""

    days: tuple[int, ...]
    hba1c: Floats
    insulin_per_kg: Floats
    c_peptide: Floats
    fasting_glucose: Floats  # mg/dL

    def at(self, day: int) -> int:
        """The position of a day."""
        return self.days.index(day)


def share_of_effect(days: Sequence[int]) -> Floats:
    return np.interp(np.maximum(np.asarray(days, dtype=float), 0.0), EFFECT_DAYS, EFFECT)


def residuals(rng: np.random.Generator, days: Sequence[int], first: float) -> Floats:
    """AR(1) in continuous time: correlation CORRELATION_90_DAYS over 90 days, stationary sd RESIDUAL_SD."""
    found = [first]
    for gap in np.diff(days):
        kept = CORRELATION_90_DAYS ** (max(float(gap), 0.0) / 90)
        found.append(kept * found[-1] + np.sqrt(1 - kept**2) * RESIDUAL_SD * rng.standard_normal())
    return np.asarray(found)


def response(rng: np.random.Generator) -> float:
    """How strongly a treated participant answers; 1 on average."""
    return float(np.clip(rng.normal(1.0, 0.4), 0.0, 2.0))


def baseline_hba1c(rng: np.random.Generator) -> float:
    """A value that passes the criterion of at least 7.5 %."""
    return float(np.clip(rng.normal(9.4, 1.1), 7.7, 13.0))


def course(
    rng: np.random.Generator,
    days: Sequence[int],
    *,
    baseline: float,
    answer: float,
    insulin: float,
    c_peptide: float,
) -> Course:
    """baseline: HbA1c at the first day; answer: response to therapy, 0 for controls; insulin, c_peptide: at baseline."""
    first = rng.normal(SELECTION, 0.5)
    mean = baseline - first
    share = share_of_effect(days)
    hba1c = np.clip(
        mean + answer * HBA1C_FULL_EFFECT * share + residuals(rng, days, first), LOWEST_HBA1C, HIGHEST_HBA1C
    )
    drift = np.exp(rng.normal(0.0, 0.05, len(days)))
    dose = insulin * (1 + answer * INSULIN_FULL_EFFECT * share) * drift
    if answer > INSULIN_FREE_FROM:
        dose[np.asarray(days) >= INSULIN_FREE_DAY] = 0.0
    years = np.maximum(np.asarray(days, dtype=float), 0.0) / 365
    kept = (
        (1 - C_PEPTIDE_DECAY_PER_YEAR) ** years if answer == 0 else 1 + answer * C_PEPTIDE_FULL_EFFECT * share
    )
    peptide = c_peptide * kept * np.exp(rng.normal(0.0, 0.12, len(days)))
    # Fasting glucose follows the mean glucose that the HbA1c stands for, loosely.
    fasting = np.clip(28.7 * hba1c - 46.7 - 35 + rng.normal(0.0, 22.0, len(days)), 62, 380)
    return Course(tuple(days), hba1c, np.maximum(dose, 0.0), peptide, fasting)


_AGES = (6, 8, 10, 12, 14, 16, 18)
_HEIGHTS = {"female": (115, 127, 138, 150, 156, 158, 158), "male": (116, 128, 138, 149, 162, 170, 172)}
_BMI = (15.5, 16.0, 17.0, 18.2, 19.4, 20.4, 21.2)


def height_cm(rng: np.random.Generator, sex: str, age: float) -> float:
    return float(np.interp(age, _AGES, _HEIGHTS[sex]) + rng.normal(0.0, 4.0))


def weights_kg(rng: np.random.Generator, age: float, height: float, days: Sequence[int]) -> Floats:
    """A weight per day: the body mass index usual at that age, growing with it, and the scale's noise."""
    lean = rng.normal(0.0, 1.6)
    ages = age + np.asarray(days, dtype=float) / 365
    index = np.interp(ages, _AGES, _BMI) + lean + (1.0 if age >= 18 else 0.0)
    grown = height + np.where(ages < 15, (ages - age) * 5.0, 0.0)
    return np.round(index * (grown / 100) ** 2 + rng.normal(0.0, 0.4, len(days)), 1)
