"""The grade that a laboratory result stands for, by the version of the dictionary. Pure.

The tables are data (`config/dictionaries/`), one file for each version. A version without a table for a term gives no
grade; nothing is taken over from another version.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from studyportal.crf.outcomes import NotDerivable

ReferenceOf = Literal["", "lln", "uln", "baseline"]


@dataclass(frozen=True)
class Bound:
    """The bound that a value has passed when it has this grade. multiple_of: the number is a multiple of that limit."""

    grade: int
    number: Decimal
    multiple_of: ReferenceOf = ""


@dataclass(frozen=True)
class Table:
    """The numbers of one term. A value at a bound belongs to the milder grade.

    direction: "falls" or "rises". bounds: from the mildest to the gravest. when: "baseline_normal",
    "baseline_abnormal" or "" (always).
    """

    term: str
    label: str
    analytes: tuple[str, ...]
    unit: str
    direction: Literal["falls", "rises"]
    bounds: tuple[Bound, ...]
    source: str
    when: Literal["", "baseline_normal", "baseline_abnormal"] = ""


@dataclass(frozen=True)
class Dictionary:
    """One version of the dictionary of grades. tables: by the key of the term; a version may have none."""

    key: str
    label: str
    tables: Mapping[str, tuple[Table, ...]]
    source: str
    why_none: str = ""


@dataclass(frozen=True)
class Suggested:
    """A suggestion, never a decision. grade: 0 (within normal limits) to 4; basis: what it rests on, in words."""

    grade: int
    basis: str


def suggest(
    dictionary: Dictionary,
    *,
    term: str,
    value: Decimal,
    unit: str,
    lln: Decimal | None = None,
    uln: Decimal | None = None,
    baseline: Decimal | None = None,
) -> Suggested | NotDerivable:
    """The grade that the value suggests by this version of the dictionary, or why none can be had.

    term: key of a table. value, lln, uln and baseline in `unit`, which must be that of the table.
    """
    tables = dictionary.tables.get(term)
    if not tables:
        why = dictionary.why_none or f"{dictionary.label} gives no numbers for this term"
        return NotDerivable(why)
    return NotDerivable("not built yet")
