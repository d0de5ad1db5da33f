"""Units in which a number may be typed besides the one of its form. No Django.

Definitions only, exact by convention: whatever depends on the substance (mg/dL and mmol/L) belongs to the analytes of the
protocol.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any


@dataclass(frozen=True)
class Conversion:
    """value in the form's unit = (typed − less) × times / by."""

    times: Decimal
    by: Decimal = Decimal(1)
    less: Decimal = Decimal(0)

    def of(self, typed: Decimal) -> Decimal:
        return (typed - self.less) * self.times / self.by


# (typed unit, unit of the form), in UCUM.
CONVERSIONS = {
    ("[degF]", "Cel"): Conversion(Decimal(5), Decimal(9), Decimal(32)),
    ("[lb_av]", "kg"): Conversion(Decimal("0.45359237")),
    ("[in_i]", "cm"): Conversion(Decimal("2.54")),
    ("g", "kg"): Conversion(Decimal("0.001")),
    ("m", "cm"): Conversion(Decimal(100)),
}


class Measured(Decimal):
    """A number in the unit of its form that remembers how it was typed. typed: digits; unit: UCUM; "" for neither.

    It compares and computes as the number: checks see the unit of the form.
    """

    typed: str
    unit: str

    def __new__(cls, value: Any, typed: str = "", unit: str = "") -> Measured:
        made = super().__new__(cls, value)
        made.typed, made.unit = typed, unit
        return made

    def __reduce__(self) -> tuple[Any, ...]:
        return Measured, (str(self), self.typed, self.unit)

    def __copy__(self) -> Measured:
        return self

    def __deepcopy__(self, memo: Any) -> Measured:
        return self

    @property
    def entered(self) -> str:
        """As it is kept beside the number: `98.6 [degF]`."""
        return f"{self.typed} {self.unit}" if self.unit else ""

    @classmethod
    def again(cls, value: Decimal, entered: str) -> Measured:
        typed, _space, unit = entered.partition(" ")
        return cls(value, typed, unit)
