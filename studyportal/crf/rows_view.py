"""The rows of a `RowsField` as `ui/components/rows.html` draws them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from studyportal.crf import fields as f
from studyportal.crf.absence import AbsentReason
from studyportal.crf.fields.dates import shown_moment
from studyportal.ui.parts import FieldView, RowsView, RowView

# Empty rows below those that are filled: without a script nobody can add one.
EMPTY = 3


def rows_view(
    rows: f.RowsField,
    value: Sequence[Mapping[str, Any]] | None,
    typed: Any,
    by_field: Mapping[str, list[str]],
    *,
    disabled: bool,
) -> RowsView:
    """typed: what was posted (None: the value of the record is shown). by_field: place of a problem → messages."""
    given = [one for one in typed if isinstance(one, Mapping)] if isinstance(typed, list) else []
    drawn: list[Mapping[str, Any]] = list(given if typed is not None else value or [])
    fixed = rows.fixed_columns
    if fixed:
        drawn = drawn or list(rows.fixed() if rows.fixed else ())
    elif not disabled:
        drawn += [{}] * max(min(EMPTY, rows.maximum - len(drawn)), 0)
    return RowsView(
        columns=[(cell.label, cell.unit, cell.required) for cell in rows.cells.values()],
        rows=[
            RowView(
                number,
                [
                    _cell(
                        rows,
                        name,
                        number - 1,
                        row,
                        by_field.get(f"{rows.name}.{number}.{name}", []),
                        fixed,
                        disabled,
                    )
                    for name in rows.cells
                ],
                by_field.get(f"{rows.name}.{number}", []),
            )
            for number, row in enumerate(drawn, 1)
        ],
        blank=RowView(0, [_cell(rows, name, "__row__", {}, [], fixed, disabled) for name in rows.cells]),
        maximum=rows.maximum,
        fixed=bool(fixed),
    )


def _cell(
    rows: f.RowsField,
    name: str,
    index: int | str,
    row: Mapping[str, Any],
    errors: list[str],
    fixed: Sequence[str],
    disabled: bool,
) -> FieldView:
    cell = rows.cells[name]
    raw = row.get(name)
    absent = row.get("absent")
    value: Any = "" if raw is None else raw
    offset, offsets = "", ()
    if isinstance(cell, f.MultiCodedField):
        value = raw.split(";") if isinstance(raw, str) else raw or []
    elif isinstance(cell, f.YesNoField):
        value = f.YesNoField.WORDS.get(str(raw).lower())
    elif isinstance(cell, f.MomentField) and isinstance(value, str):
        moment = shown_moment(value)
        value, offset, offsets = moment.wall, moment.offset, moment.offsets  # type: ignore[assignment]
    given = name in fixed
    return FieldView(
        name=f"{rows.name}-{index}-{name}",
        label=cell.label,
        widget="fixed" if given else cell.widget,
        value=value,
        # What is given is shown in words; the control beside it posts the code.
        derived=_in_words(cell, value) if given else "",
        unit=cell.unit,
        required=cell.required,
        choices=cell.code_labels,
        errors=errors,
        absent=str(absent.get(name, "")) if isinstance(absent, Mapping) else "",
        absent_choices=() if given else AbsentReason.choices,
        disabled=disabled,
        offset=offset,
        offsets=offsets,
    )


def _in_words(cell: f.CrfField, value: Any) -> str:
    typed = next((row for row in _typed(cell, value)), None)
    return cell.for_people(typed) if typed is not None else str(value)


def _typed(cell: f.CrfField, value: Any) -> list[Any]:
    from django.core.exceptions import ValidationError

    try:
        return [cell.parse(value)]
    except ValidationError:
        return []
