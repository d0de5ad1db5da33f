"""Endpoints and matching defaults."""

from __future__ import annotations

from decimal import Decimal
from typing import Literal

from pydantic import Field, model_validator

from .analytes import Comparator, compare
from .base import Frozen, Key, Keyed, Number, PositiveInt, Sourced, Text, Ucum


class Threshold(Frozen):
    key: Key
    label: Text
    comparator: Comparator
    value: Number
    unit: Ucum

    def met_by(self, value: Decimal | None) -> bool | None:
        """None without a value: what was not measured is neither met nor missed."""
        return None if value is None else compare(value, self.comparator, self.value)


class Endpoint(Sourced):
    key: Key
    label: Text
    role: Literal["primary", "secondary", "safety", "exploratory"]
    analyte: Key | None = None
    unit: Ucum | None = None
    baseline: Key | None = None
    visits: tuple[Key, ...] = Field(min_length=1)
    direction: Literal["lower", "higher", "yes_is_better"]  # what is better for the participant
    definition: Text
    thresholds: Keyed[Threshold] = Field(default_factory=Keyed)


class Ratio(Frozen):
    """Controls per case."""

    default: PositiveInt
    minimum: PositiveInt
    maximum: PositiveInt

    @model_validator(mode="after")
    def _ordered(self) -> Ratio:
        if not self.minimum <= self.default <= self.maximum:
            raise ValueError("minimum ≤ default ≤ maximum is expected")
        return self


class Caliper(Frozen):
    """Case and control may differ by at most ± width, or ± or_percent of the case's value if that is given."""

    key: Key
    label: Text
    width: Number = Field(gt=0)
    unit: Ucum
    or_percent: Number | None = Field(default=None, gt=0)


class Matching(Sourced):
    ratio: Ratio
    exact: tuple[Key, ...]
    exact_optional: tuple[Key, ...] = ()
    calipers: Keyed[Caliper]
    method: Key
    methods: tuple[Key, ...] = Field(min_length=1)
    with_replacement: bool
    smd_flag: Number = Field(gt=0)
    note: Text

    @model_validator(mode="after")
    def _method_offered(self) -> Matching:
        if self.method not in self.methods:
            raise ValueError(f"method {self.method} is not among methods: {', '.join(self.methods)}")
        return self
