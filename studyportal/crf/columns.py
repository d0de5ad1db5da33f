"""The columns that a field gives to exports and to the data dictionary."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Column:
    """One column of a dataset. description: what it holds, where its type does not say it. sql: expression over the table aliased `t`, built from trusted names only."""

    name: str
    sql: str
    type: str
    label: str
    unit: str = ""
    loinc: str = ""
    codes: tuple[tuple[str, str], ...] = ()
    field: str = ""
    required: bool = False
    derived: bool = False
    free_text: bool = False
    minimum: str = ""
    maximum: str = ""
    description: str = ""
