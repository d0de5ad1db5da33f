"""A repeating group within a form: rows of cells in one column of the record.

Declared with a field for each column of the table:

    medicines = RowsField(_("Medicines"), columns={"name": TextField(_("Medicine")), "dose": QuantityField(…)})

**Value** (what rules, checks, derivations and the database hold): a list of plain objects, in order, or None for no rows:

    [{"name": "Metformin", "dose": "500", "absent": {}}, {"name": "Aspirin", "dose": None, "absent": {"dose": "unknown"}}]

Each cell is a text as its column's `as_text` writes it (moments in UTC, with their Z) or None; `typed` gives the parsed
values. **Sent** (JSON): a list of objects, a cell as the column takes it, or `{"absent": reason}`, or the reasons of a row
together under `absent`. **Posted** (pages): controls `<field>-<row>-<column>` and `absent-<field>-<row>-<column>`, rows
from 0; a row without any value is left out. Problems of a cell are called `<field>.<row>.<column>`, rows from 1.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Any

from django.core.exceptions import ValidationError
from django.db import models
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from studyportal.crf.absence import AbsentReason, label_of
from studyportal.crf.columns import Column
from studyportal.crf.fields.answers import MultiCodedField, YesNoField
from studyportal.crf.fields.base import CrfField
from studyportal.crf.fields.dates import DayField, MomentField, with_offset
from studyportal.crf.fields.measures import CountField, QuantityField
from studyportal.crf.parsing import empty, json_type

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


class RowsField(CrfField, models.JSONField):
    """A repeating group of cells.

    columns: name → field of the column, none of them derived. minimum, maximum: rows of a complete form; more than
    maximum are refused at any time. fixed: the rows that a new form begins with, as the cells that are given there (the
    planned times of a test): the page neither adds nor removes rows then, and those cells are read only; no two rows
    have the same. It is called when a page is drawn, because the protocol may say.
    """

    widget = "rows"
    export_type = "integer"
    column_path = "django.db.models.JSONField"

    def __init__(
        self,
        label: Any = None,
        *,
        columns: Mapping[str, CrfField] | None = None,
        minimum: int = 0,
        maximum: int = 50,
        fixed: Callable[[], Sequence[Mapping[str, str]]] | None = None,
        **kwargs: Any,
    ) -> None:
        self.cells: dict[str, CrfField] = dict(columns or {})
        self.minimum = minimum
        self.maximum = maximum
        self.fixed = fixed
        for name, cell in self.cells.items():
            if cell.derived or isinstance(cell, RowsField) or name == "absent" or not name.isidentifier():
                raise ValueError(f"{name} cannot be a column of rows")
            cell.set_attributes_from_name(name)
            cell.sql_source = _cell_sql(cell)
        super().__init__(label, **kwargs)

    # --- Reading what was sent ---------------------------------------------------------------------------

    def parse(self, raw: Any) -> list[Row] | None:
        """Raises RowsInvalid for cells, ValidationError for what is no list of rows."""
        given = self._listed(raw)
        if given is None:
            return None
        told: list[CellProblem] = []
        read = [self._row(number, one, told) for number, one in enumerate(given, 1)]
        rows = [row for row in read if row is not None]
        given_here = self.fixed_columns
        said = [row for row in rows if _says_something(row, given_here)]
        if not told and given_here:
            told += self._same_twice(rows, given_here)
        if told:
            raise RowsInvalid(_shortened(told))
        # Of a table with fixed rows all stay, so that each says what it has or why not.
        return (rows if given_here else said) if said else None

    def _listed(self, raw: Any) -> list[Any] | None:
        if empty(raw):
            return None
        if isinstance(raw, str):
            try:
                raw = json.loads(raw)
            except (ValueError, RecursionError):
                raise ValidationError(
                    _("Give a list of rows, such as [{%(columns)s}]."),
                    code="type",
                    params={"columns": ", ".join(f'"{name}": …' for name in self.cells)},
                ) from None
        if raw is None:
            return None
        if not isinstance(raw, list):
            raise ValidationError(
                _("Give a list of rows, not %(type)s."), code="type", params={"type": json_type(raw)}
            )
        given = [one for one in raw if not (isinstance(one, Mapping) and _is_blank(one))]
        if len(given) > self.maximum:
            raise ValidationError(
                _("At most %(max)d rows; these are %(count)d. Split them, or import them as a file."),
                code="max_rows",
                params={"max": self.maximum, "count": len(given)},
            )
        # Blank rows keep their place, so that a problem names the row that a person sees.
        return raw[: self.maximum * 2] if given else None

    def _row(self, number: int, raw: Any, told: list[CellProblem]) -> Row | None:
        if not isinstance(raw, Mapping):
            told.append(CellProblem(number, "", "type", str(_("Give an object: column → value."))))
            return None
        for name in raw:
            if name not in self.cells and name != "absent":
                said = _("There is no such column. The columns are: %(columns)s.") % {
                    "columns": ", ".join(self.cells)
                }
                told.append(CellProblem(number, str(name)[:60], "unknown_field", said))
        reasons = raw.get("absent") or {}
        if not isinstance(reasons, Mapping):
            told.append(CellProblem(number, "absent", "type", str(_("Give an object: column → reason."))))
            reasons = {}
        unknown = [name for name in reasons if name not in self.cells]
        if unknown:
            said = str(_("There is no such column."))
            told.append(CellProblem(number, str(unknown[0])[:60], "unknown_field", said))
        row: Row = {}
        absent: dict[str, str] = {}
        for name, cell in self.cells.items():
            value, reason = _value_and_reason(raw.get(name), reasons.get(name))
            try:
                row[name] = self._text(cell, cell.parse(value))
            except ValidationError as error:
                row[name] = None
                told.append(CellProblem(number, name, error.code or "invalid", error.messages[0]))
                continue
            if reason in (None, ""):
                continue
            if not isinstance(reason, str) or reason not in AbsentReason.values:
                said = _("“%(reason)s” is no reason. Reasons: %(reasons)s.") % {
                    "reason": str(reason)[:60], "reasons": ", ".join(AbsentReason.values)
                }  # fmt: skip
                told.append(CellProblem(number, name, "absent_reason", said))
            elif row[name] is not None:
                said = str(_("There is a value and a reason why there is none. Keep one of them."))
                told.append(CellProblem(number, name, "value_and_absent", said))
            else:
                absent[name] = reason
        row["absent"] = absent
        return row

    def _same_twice(self, rows: Sequence[Row], names: Collection[str]) -> Iterator[CellProblem]:
        seen: set[tuple[Any, ...]] = set()
        for number, row in enumerate(rows, 1):
            key = tuple(row[name] for name in names)
            if key in seen:
                said = str(_("There are two rows for this. Keep one of them."))
                yield CellProblem(number, next(iter(names)), "row_twice", said)
            seen.add(key)

    def lacking(self, value: Sequence[Row] | None) -> list[tuple[str, str, str]]:
        """What a complete form still needs here: (place, code, message). None is judged by `required` of the field."""
        if value is None:
            return []
        needed = [
            CellProblem(number, name, "required", str(_("Give a value, or the reason why there is none.")))
            for number, row in enumerate(value, 1)
            for name, cell in self.cells.items()
            if cell.required and row.get(name) is None and name not in row.get("absent", {})
        ]
        found = [(one.field_of(self.name), one.code, one.message) for one in _shortened(needed)]
        if len(value) < self.minimum:
            said = _("At least %(min)d rows are needed; there are %(count)d.") % {
                "min": self.minimum, "count": len(value)
            }  # fmt: skip
            found.append((self.name, "min_rows", said))
        return found

    # --- Rows as values ----------------------------------------------------------------------------------

    @property
    def fixed_columns(self) -> tuple[str, ...]:
        """The columns whose cells the fixed rows give."""
        rows = self.fixed() if self.fixed is not None else ()
        return tuple(rows[0]) if rows else ()

    def typed(self, value: Sequence[Row] | None) -> list[TypedRow]:
        """The rows with their cells parsed; one that no longer fits its column (narrower limits since) keeps its text."""
        return [
            TypedRow(
                number,
                {name: _typed(cell, row.get(name)) for name, cell in self.cells.items()},
                row.get("absent", {}),
            )
            for number, row in enumerate(value or [], 1)
        ]

    @staticmethod
    def _text(cell: CrfField, value: Any) -> str | None:
        if value is None:
            return None
        # A moment is written in the zone that is active; what is kept must mean the same in any.
        return str(cell.as_json(value)) if isinstance(cell, MomentField) else cell.as_text(value)

    def as_text(self, value: Any) -> str:
        return "" if not value else json.dumps(value, ensure_ascii=False, separators=(",", ":"))

    def as_json(self, value: Any) -> Any:
        if value is None:
            return None
        return [
            {
                **{
                    name: cell.as_json(row.values[name])
                    if _fits(cell, row.values[name])
                    else row.values[name]
                    for name, cell in self.cells.items()
                },
                "absent": dict(row.absent),
            }
            for row in self.typed(value)
        ]

    def for_people(self, value: Any) -> str:
        return "; ".join(self.row_for_people(row) for row in self.typed(value))

    def row_for_people(self, row: TypedRow) -> str:
        """“1. Metformin, 500 mg, 12 Nov 2016”; absent cells say why."""
        said = [
            cell_for_people(cell, row.values[name], row.absent.get(name, ""))
            for name, cell in self.cells.items()
        ]
        return f"{row.number}. " + ", ".join(one for one in said if one)

    def changed_for_people(self, before: Any, after: Any) -> tuple[str, str]:
        """Only the rows that differ, each with its number: what a history shows."""
        old, new = self.typed(before), self.typed(after)
        left, right = ([_same_as(row) for row in rows] for rows in (old, new))
        gone: list[TypedRow] = []
        come: list[TypedRow] = []
        for tag, i1, i2, j1, j2 in SequenceMatcher(None, left, right, autojunk=False).get_opcodes():
            if tag != "equal":
                gone += old[i1:i2]
                come += new[j1:j2]
        return "; ".join(map(self.row_for_people, gone)), "; ".join(map(self.row_for_people, come))

    # --- Pages -------------------------------------------------------------------------------------------

    def controls(self, names: Collection[str]) -> list[str]:
        """Which of the posted controls are cells of this field, their reasons of absence and offsets of times."""
        shape = self._shape
        return [name for name in names if shape.fullmatch(name)]

    @property
    def _shape(self) -> re.Pattern[str]:
        columns = "|".join(map(re.escape, self.cells))
        return re.compile(rf"(?:absent-)?{re.escape(self.name)}-([0-9]{{1,4}})-({columns})(?:-offset)?")

    def posted(self, posted: QueryDict) -> Any:
        """What a browser sent → what `parse` takes: the rows in the order of the page, blank ones among them."""
        if posted.get(self.name):
            return posted[self.name]
        numbers = sorted({int(found[1]) for name in posted if (found := self._shape.fullmatch(name))})
        rows: list[Row] = []
        for number in numbers:
            row: Row = {"absent": {}}
            for name, cell in self.cells.items():
                control = f"{self.name}-{number}-{name}"
                if isinstance(cell, MultiCodedField):
                    row[name] = [one for one in posted.getlist(control) if one]
                else:
                    row[name] = posted.get(control, "")
                if isinstance(cell, MomentField):
                    row[name] = with_offset(row[name], posted.get(f"{control}-offset", ""))
                if reason := posted.get(f"absent-{control}"):
                    row["absent"][name] = reason
            rows.append(row)
        return rows

    def typed_for_people(self, raw: Any) -> str:
        try:
            return self.for_people(self.parse(raw))
        except ValidationError:
            return raw if isinstance(raw, str) else json.dumps(raw, ensure_ascii=False)[:2000]

    def place_of(self, problem_field: str) -> tuple[str, str] | None:
        """The control and the words of a problem's place (`medicines.2.dose`); None for another field's."""
        parts = problem_field.split(".")
        if parts[0] != self.name or len(parts) < 2 or not parts[1].isdigit():
            return None
        row = int(parts[1])
        column = parts[2] if len(parts) > 2 else ""
        cell = self.cells.get(column)
        words = _("%(table)s, row %(row)d") % {"table": self.label, "row": row}
        if cell is None:
            return self.name, words
        return f"{self.name}-{row - 1}-{column}", f"{words}, {cell.label}"

    # --- Exports -----------------------------------------------------------------------------------------

    def columns(self) -> tuple[Column, ...]:
        """In the dataset of the form itself only how many rows there are; the rows are a dataset of their own."""
        label = str(_("%(table)s: number of rows") % {"table": self.label})
        return (self.export_column(f"{self.name}_rows", f"jsonb_array_length({self.sql})", "integer", label),)

    def row_columns(self) -> tuple[Column, ...]:
        """The columns of the dataset of the rows, over `lateral_sql`."""
        found: list[Column] = [
            Column(
                "row",
                f"{SQL_ROW}.number",
                "integer",
                str(_("Row of the form")),
                field=self.name,
                required=True,
            )
        ]
        for name, cell in self.cells.items():
            found.extend(cell.columns())
            found.append(
                Column(
                    name=f"{name}_absent",
                    sql=f"{SQL_ROW}.element -> 'absent' ->> '{name}'",
                    type="code",
                    label=f"{cell.label}: why absent",
                    field=name,
                )
            )
        return tuple(found)

    @property
    def lateral_sql(self) -> str:
        """The join that makes one line of each row."""
        return (
            f"CROSS JOIN LATERAL jsonb_array_elements({self.sql}) WITH ORDINALITY"
            f" AS {SQL_ROW}(element, number)"
        )


def cell_for_people(cell: CrfField, value: Any, absent: str = "") -> str:
    """A cell as a page shows it; why it is empty in the place of a value."""
    if value is None:
        return label_of(absent) if absent else ""
    return cell.for_people(value) if _fits(cell, value) else str(value)


def _cell_sql(cell: CrfField) -> str:
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


def _typed(cell: CrfField, text: str | None) -> Any:
    if text is None:
        return None
    try:
        return cell.parse(text)
    except ValidationError:
        return text


def _fits(cell: CrfField, value: Any) -> bool:
    """Whether a typed cell is a value of its column: a text that no longer parses is none."""
    if not isinstance(value, str):
        return True
    try:
        return cell.parse(value) == value
    except ValidationError:
        return False


def _value_and_reason(raw: Any, reason: Any) -> tuple[Any, Any]:
    if isinstance(raw, Mapping) and set(raw) == {"absent"}:
        return None, raw["absent"]
    if isinstance(raw, Mapping) and set(raw) == {"value"}:
        return raw["value"], reason
    return raw, reason


def _is_blank(row: Mapping[str, Any]) -> bool:
    return all(
        value in (None, "", [], {}) or (isinstance(value, str) and not value.strip())
        for value in row.values()
    )


def _says_something(row: Row, given: Collection[str]) -> bool:
    return bool(row["absent"]) or any(
        value is not None for name, value in row.items() if name != "absent" and name not in given
    )


def _same_as(row: TypedRow) -> str:
    return json.dumps([{k: str(v) for k, v in row.values.items()}, dict(row.absent)], sort_keys=True)


def _shortened(told: Sequence[CellProblem]) -> list[CellProblem]:
    if len(told) <= MOST_TOLD:
        return list(told)
    said = _("%(more)d more cells cannot be taken.") % {"more": len(told) - MOST_TOLD}
    return [*told[:MOST_TOLD], CellProblem(told[MOST_TOLD].row, "", "more", said)]
