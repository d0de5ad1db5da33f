"""Analytes: units, conversions, codes, plausible and hard limits."""

from __future__ import annotations

from decimal import Decimal
from typing import Literal

from pydantic import Field, model_validator

from .base import Frozen, FrozenMapping, Key, Keyed, Loinc, NaturalInt, Number, Sourced, Text, Ucum

Comparator = Literal["<", "<=", ">", ">="]


def compare(value: Decimal, comparator: Comparator, limit: Decimal) -> bool:
    match comparator:
        case "<":
            return value < limit
        case "<=":
            return value <= limit
        case ">":
            return value > limit
        case ">=":
            return value >= limit


class Limits(Sourced):
    """Both bounds belong to the range."""

    low: Number
    high: Number

    @model_validator(mode="after")
    def _ordered(self) -> Limits:
        if self.low >= self.high:
            raise ValueError(f"low {self.low} must be below high {self.high}")
        return self

    def holds(self, value: Decimal) -> bool:
        return self.low <= value <= self.high


class AlternativeUnit(Sourced):
    """value in the analyte's unit = value × factor + offset; the other way value × back_factor + back_offset.

    One direction may be left out: it is then the inverse of the other.
    """

    unit: Ucum
    label: Text | None = None
    loinc: Loinc | None = None
    factor: Number | None = Field(default=None, gt=0)
    offset: Number = Decimal(0)
    back_factor: Number | None = Field(default=None, gt=0)
    back_offset: Number | None = None
    decimals: NaturalInt

    @model_validator(mode="after")
    def _one_direction(self) -> AlternativeUnit:
        if self.factor is None and self.back_factor is None:
            raise ValueError("give factor, back_factor or both")
        if self.factor is None and self.offset:
            raise ValueError("an offset needs its factor")
        if self.back_factor is None and self.back_offset is not None:
            raise ValueError("a back_offset needs its back_factor")
        return self

    @property
    def key(self) -> str:
        return self.unit

    def to_analyte_unit(self, value: Decimal) -> Decimal:
        if self.factor is not None:
            return value * self.factor + self.offset
        assert self.back_factor is not None
        return (value - (self.back_offset or 0)) / self.back_factor

    def from_analyte_unit(self, value: Decimal) -> Decimal:
        if self.back_factor is not None:
            return value * self.back_factor + (self.back_offset or 0)
        assert self.factor is not None
        return (value - self.offset) / self.factor


class UnitThreshold(Sourced):
    """A limit given in each unit of measurement: judged in the unit that was measured, never converted first."""

    key: Key
    label: Text
    comparator: Comparator
    limits: FrozenMapping[Number]

    def met_by(self, value: Decimal, unit: str) -> bool:
        return compare(value, self.comparator, self.limits[unit])


class Analyte(Frozen):
    key: Key
    label: Text
    category: Literal["glycaemia", "beta_cell", "autoantibody", "safety", "donor_test", "other"]
    result: Literal["quantitative", "qualitative", "both"] = "quantitative"
    loinc: Loinc | None = None
    loinc_source: Text | None = None
    unit: Ucum | None = None
    unit_label: Text | None = None
    decimals: NaturalInt = 0
    alternatives: Keyed[AlternativeUnit] = Field(default_factory=Keyed)
    other_units: tuple[Ucum, ...] = ()  # accepted as reported, without conversion
    plausible: Limits | None = None  # in `unit`; outside opens a query
    hard: Limits | None = None  # in `unit`; outside is refused
    thresholds: Keyed[UnitThreshold] = Field(default_factory=Keyed)
    note: Text | None = None

    @model_validator(mode="after")
    def _sane(self) -> Analyte:
        if self.result != "qualitative" and self.unit is None:
            raise ValueError("an analyte with a quantity needs a unit")
        if self.unit is None and (self.alternatives or self.plausible or self.hard):
            raise ValueError("limits and alternative units need a unit")
        if self.unit in self.alternatives or self.unit in self.other_units:
            raise ValueError(f"{self.unit} is the analyte's own unit and cannot be an alternative as well")
        soft, hard = self.plausible, self.hard
        if soft and hard and (soft.low < hard.low or soft.high > hard.high):
            raise ValueError("the plausible range must lie within the hard limits")
        for threshold in self.thresholds.values():
            for unit in threshold.limits:
                if unit not in self.units:
                    raise ValueError(
                        f"threshold {threshold.key} uses the unit {unit}, which this analyte has not"
                    )
        return self

    @property
    def units(self) -> tuple[str, ...]:
        """Every unit in which a result may be reported, the analyte's own first."""
        own = (self.unit,) if self.unit else ()
        return (*own, *self.alternatives, *self.other_units)

    def converted(self, value: Decimal, unit: str) -> Decimal | None:
        """`value` in the analyte's unit, unrounded; None if that unit does not convert (a scale of its own)."""
        if unit == self.unit:
            return value
        if unit in self.alternatives:
            return self.alternatives[unit].to_analyte_unit(value)
        return None

    def in_unit(self, value: Decimal, unit: str) -> Decimal | None:
        """`value` (in the analyte's unit) expressed in `unit`, unrounded."""
        if unit == self.unit:
            return value
        if unit in self.alternatives:
            return self.alternatives[unit].from_analyte_unit(value)
        return None

    def loinc_for(self, unit: str) -> str | None:
        if unit in self.alternatives and self.alternatives[unit].loinc:
            return self.alternatives[unit].loinc
        return self.loinc
