"""Cells of the rows within a form: what is wrong in one, what one holds, how the export reads it."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from studyportal.crf.absence import label_of
from studyportal.crf.fields.answers import MultiCodedField, YesNoField
from studyportal.crf.fields.base import CrfField
from studyportal.crf.fields.dates import DayField, MomentField
from studyportal.crf.fields.measures import CountField, QuantityField

Row = dict[str, Any]

# Cells with problems that are told one by one; of the rest only the number is said.
MOST_TOLD = 100
# The alias of a row in the SQL of exports: `element` its object, `number` its place from 1.
SQL_ROW = "row_of"


@dataclass(frozen=True)
class CellProblem:
    """What is wrong in one cell. row: from 1; column: "" for the row as a whole."""

    row: int
    column: str
    code: str
    message: str

    def field_of(self, name: str) -> str:
        """The name of the problem's place: `medicines.2.dose`."""
        return ".".join(part for part in (name, str(self.row), self.column) if part)


class RowsInvalid(ValidationError):
    """Cells that cannot be taken; `cells` names each. The text of the error is the first of them."""

    def __init__(self, cells: Sequence[CellProblem]) -> None:
        self.cells = tuple(cells)
        super().__init__(cells[0].message, code=cells[0].code)


@dataclass(frozen=True)
class TypedRow:
    """One row with its cells parsed. number: from 1."""

    number: int
    values: Mapping[str, Any]
    absent: Mapping[str, str]


def cell_for_people(cell: CrfField, value: Any, absent: str = "") -> str:
    """A cell as a page shows it; why it is empty in the place of a value."""
    if value is None:
        return label_of(absent) if absent else ""
    return cell.for_people(value) if fits(cell, value) else str(value)


def cell_sql(cell: CrfField) -> str:
    text = f"({SQL_ROW}.element ->> '{cell.name}')"
    match cell:
        case QuantityField():
            return f"{text}::numeric"
        case CountField():
            return f"{text}::bigint"
        case YesNoField():
            return f"{text}::boolean"
        case MomentField():
            return f"{text}::timestamptz"
        case DayField():
            return f"{text}::date"
        case MultiCodedField():
            return f"string_to_array({text}, ';')"
    return text


def typed_cell(cell: CrfField, text: str | None) -> Any:
    if text is None:
        return None
    try:
        return cell.parse(text)
    except ValidationError:
        return text


def fits(cell: CrfField, value: Any) -> bool:
    """Whether a typed cell is a value of its column: a text that no longer parses is none."""
    if not isinstance(value, str):
        return True
    try:
        return cell.parse(value) == value
    except ValidationError:
        return False


def value_and_reason(raw: Any, reason: Any) -> tuple[Any, Any]:
    if isinstance(raw, Mapping) and set(raw) == {"absent"}:
        return None, raw["absent"]
    if isinstance(raw, Mapping) and set(raw) == {"value"}:
        return raw["value"], reason
    return raw, reason


def is_blank(row: Mapping[str, Any]) -> bool:
    return all(
        value in (None, "", [], {}) or (isinstance(value, str) and not value.strip())
        for value in row.values()
    )


def says_something(row: Row, given: Collection[str]) -> bool:
    return bool(row["absent"]) or any(
        value is not None for name, value in row.items() if name != "absent" and name not in given
    )


def same_as(row: TypedRow) -> str:
    return json.dumps([{k: str(v) for k, v in row.values.items()}, dict(row.absent)], sort_keys=True)


def shortened(told: Sequence[CellProblem]) -> list[CellProblem]:
    if len(told) <= MOST_TOLD:
        return list(told)
    said = _("%(more)d more cells cannot be taken.") % {"more": len(told) - MOST_TOLD}
    return [*told[:MOST_TOLD], CellProblem(told[MOST_TOLD].row, "", "more", said)]
