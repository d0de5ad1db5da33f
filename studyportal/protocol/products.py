"""Cell components: dose ranges, release criteria, expiry, plausibility."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Literal

from pydantic import Field, model_validator

from .base import Key, Keyed, Number, PositiveInt, Sourced, Text, Ucum


class DoseRange(Sourced):
    minimum: Number = Field(ge=0)
    maximum: Number
    unit: Ucum
    basis: Text = "per session"
    note: Text | None = None

    @model_validator(mode="after")
    def _ordered(self) -> DoseRange:
        if self.minimum >= self.maximum:
            raise ValueError(f"minimum {self.minimum} must be below maximum {self.maximum}")
        return self

    def holds(self, amount: Decimal) -> bool:
        """Whether `amount`, in `unit`, lies in the range; the bounds belong to it."""
        return self.minimum <= amount <= self.maximum


class _Criterion(Sourced):
    key: Key
    label: Text
    pending_allowed: bool = False  # a product may be released conditionally while the result is awaited


class AtLeast(_Criterion):
    kind: Literal["at_least"]
    limit: Number
    unit: Ucum

    @property
    def specification(self) -> str:
        return f"≥ {self.limit} {self.unit}"

    def met_by(self, value: Decimal | str | None) -> bool | None:
        """None without a value."""
        return None if value is None else Decimal(value) >= self.limit


class AtMost(_Criterion):
    kind: Literal["at_most"]
    limit: Number
    unit: Ucum

    @property
    def specification(self) -> str:
        return f"≤ {self.limit} {self.unit.replace('{EU}', 'EU')}"

    def met_by(self, value: Decimal | str | None) -> bool | None:
        return None if value is None else Decimal(value) <= self.limit


class Equals(_Criterion):
    kind: Literal["equals"]
    expected: Key

    @property
    def specification(self) -> str:
        return self.expected

    def met_by(self, value: Decimal | str | None) -> bool | None:
        return None if value in (None, "pending") else value == self.expected


class NoGrowth(_Criterion):
    """A culture without growth after `days`."""

    kind: Literal["no_growth"]
    days: PositiveInt

    @property
    def specification(self) -> str:
        return f"no growth at {self.days} days"

    def met_by(self, value: Decimal | str | None) -> bool | None:
        """`value`: "no_growth", "growth", or None / "pending" while the culture runs."""
        return None if value in (None, "pending") else value == "no_growth"


ReleaseCriterion = Annotated[AtLeast | AtMost | Equals | NoGrowth, Field(discriminator="kind")]


class ExpiryLimit(Sourced):
    """Hours from harvest to infusion. storage "any": whatever the temperature."""

    storage: Literal["any", "refrigerated", "room_temperature", "frozen"]
    label: Text
    hours: PositiveInt
    temperature_low: Number | None = None  # °C
    temperature_high: Number | None = None

    @property
    def key(self) -> str:
        return self.storage

    @model_validator(mode="after")
    def _ordered(self) -> ExpiryLimit:
        low, high = self.temperature_low, self.temperature_high
        if (low is None) != (high is None):
            raise ValueError("give both temperature_low and temperature_high, or neither")
        if low is not None and high is not None and low >= high:
            raise ValueError(f"temperature_low {low} must be below temperature_high {high}")
        return self


class Plausibility(Sourced):
    """A soft limit: a value beyond it opens a query and is never refused."""

    key: Key
    label: Text
    unit: Ucum
    minimum: Number | None = None
    maximum: Number | None = None

    @model_validator(mode="after")
    def _some_limit(self) -> Plausibility:
        if self.minimum is None and self.maximum is None:
            raise ValueError("give minimum, maximum or both")
        if self.minimum is not None and self.maximum is not None and self.minimum >= self.maximum:
            raise ValueError(f"minimum {self.minimum} must be below maximum {self.maximum}")
        return self

    def holds(self, value: Decimal) -> bool:
        return (self.minimum is None or value >= self.minimum) and (
            self.maximum is None or value <= self.maximum
        )


class Component(Sourced):
    source: Text = "Study"
    key: Key
    label: Text
    name: Text
    tissue: Literal["bone_marrow", "adipose", "other"]
    dose: DoseRange
    release: Keyed[ReleaseCriterion]
    expiry: Keyed[ExpiryLimit]
    plausibility: Keyed[Plausibility] = Field(default_factory=Keyed)

    @model_validator(mode="after")
    def _has_limits(self) -> Component:
        if not self.release or not self.expiry:
            raise ValueError("a component needs at least one release criterion and one expiry limit")
        return self

    def expiry_hours(self, storage: str | None) -> int | None:
        """Hours from harvest for this storage; without a limit of its own that of "any"; else None (unknown)."""
        if storage is not None and storage in self.expiry:
            return self.expiry[storage].hours
        return self.expiry["any"].hours if "any" in self.expiry else None
