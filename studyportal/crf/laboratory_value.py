"""A laboratory value as reported: comparator and number, nothing converted, nothing rounded. No Django."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal

from studyportal.words import said

_VALUE = re.compile(r"(<=|>=|<|>|≤|≥)?\s*(-?\d{1,12}(?:\.\d{1,9})?)\Z", re.ASCII)
_COMPARATORS = {"≤": "<=", "≥": ">="}


class LaboratoryValueError(ValueError):
    """code: invalid_laboratory_value or ambiguous_number."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


@dataclass(frozen=True)
class LaboratoryValue:
    """comparator: "", "<", "<=", ">" or ">="; digits: the number as written, so that 7.0 stays 7.0."""

    comparator: str
    digits: str

    @classmethod
    def parse(cls, text: str) -> LaboratoryValue:
        text = text.strip()
        if match := _VALUE.match(text):
            comparator = match[1] or ""
            return cls(_COMPARATORS.get(comparator, comparator), match[2])
        if "," in text:
            raise LaboratoryValueError(
                "ambiguous_number",
                said(
                    "“%(text)s” can be read in two ways. Write the decimal sign as a point: 7.4.",
                    text=text[:40],
                ),
            )
        raise LaboratoryValueError(
            "invalid_laboratory_value",
            said(
                "“%(text)s” is no number. Write 7.4 or <0.2; give words such as “negative” in the qualitative result.",
                text=text[:40],
            ),
        )

    @property
    def number(self) -> Decimal:
        return Decimal(self.digits)

    def __str__(self) -> str:
        return f"{self.comparator}{self.digits}"
