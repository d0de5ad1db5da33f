"""The infusion: when the participant is observed, and how fast a product may run.

Every part has a working default, so that a protocol without the section `infusion` can be used.
"""

from __future__ import annotations

from pydantic import Field, model_validator

from .base import Frozen, Key, Keyed, NaturalInt, Number, Sourced, Text

_DEFAULT = "Working default of the portal"


class ObservationTime(Frozen):
    """An observation that is due `minutes` after the start of the infusion (before it, when negative).

    tolerance: minutes by which it may be off without being asked about. Minutes are real ones, also over a change of
    the clocks.
    """

    key: Key
    label: Text
    minutes: int = Field(ge=-1440, le=43200)
    tolerance: NaturalInt


def _times() -> Keyed[ObservationTime]:
    """The times of the domain reference; how exact they have to be is a working default."""
    return Keyed.of(
        (
            ObservationTime(key="minus_15_min", label="15 min before", minutes=-15, tolerance=15),
            ObservationTime(key="start", label="At the start", minutes=0, tolerance=5),
            ObservationTime(key="plus_15_min", label="15 min", minutes=15, tolerance=5),
            ObservationTime(key="plus_30_min", label="30 min", minutes=30, tolerance=5),
            ObservationTime(key="plus_60_min", label="60 min", minutes=60, tolerance=10),
            ObservationTime(key="plus_2_h", label="2 h", minutes=120, tolerance=15),
            ObservationTime(key="plus_4_h", label="4 h", minutes=240, tolerance=30),
            ObservationTime(key="plus_24_h", label="24 h", minutes=1440, tolerance=120),
        )
    )


class InfusionRules(Sourced):
    """What the protocol says of the infusion. A rate outside its bounds is asked about, not refused."""

    source: Text = _DEFAULT
    observations: Keyed[ObservationTime] = Field(default_factory=_times)
    rate_minimum_ml_h: Number | None = Field(default=None, ge=0)
    rate_maximum_ml_h: Number | None = Field(default=None, gt=0)
    # By how much the volume given may differ from what the recorded rates and times make, in per cent of the volume.
    volume_tolerance_percent: NaturalInt = 20

    @model_validator(mode="after")
    def _in_order(self) -> InfusionRules:
        minutes = [one.minutes for one in self.observations.values()]
        if minutes != sorted(set(minutes)):
            raise ValueError("observations stand in the order of their times, each at another time")
        low, high = self.rate_minimum_ml_h, self.rate_maximum_ml_h
        if low is not None and high is not None and low >= high:
            raise ValueError(f"the lowest rate {low} mL/h must be below the highest {high} mL/h")
        return self
