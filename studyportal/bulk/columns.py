"""The columns of a form's file, made from its declaration; with them goes the dictionary of the form."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from django.core.exceptions import ValidationError
from django.utils.functional import lazy
from django.utils.text import format_lazy
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from studyportal.bulk import parents
from studyportal.crf.absence import AbsentReason
from studyportal.crf.fields import CrfField, RowsField
from studyportal.crf.parsing import text_of
from studyportal.crf.spec import CrfSpec
from studyportal.imports import cells
from studyportal.imports.errors import CellRefused
from studyportal.imports.registry import Column
from studyportal.ui.templatetags.ui_tags import human_unit_text

lazystr: Any = lazy(lambda said: str(said()), str)
PARTICIPANT, ROW, COMPLETE = "participant", "row", "complete"
LONGEST = 4_000


def absent_of(name: str) -> str:
    """The column that says why a field has no value: as in the dataset of the form."""
    return f"{name}_absent"


def unit_of(name: str) -> str:
    return f"{name}_unit"


def columns_of(spec: CrfSpec) -> tuple[Column, ...]:
    """Whose record, which one, then each field with why it is absent and its unit, then whether it is complete."""
    found = [
        Column(
            PARTICIPANT, gettext_lazy("Participant code"), required=True, read=_code, example="MUM-0012-K",
            help=gettext_lazy("The code of the portal; never a name or a hospital number."),
        )
    ]  # fmt: skip
    found += [_parent(spec, name) for name in spec.parents]
    if spec.repeats:
        found.append(
            Column(
                ROW, gettext_lazy("Number of the record"), read=cells.whole_number(1, 10**11), example="",
                help=gettext_lazy(
                    "To change a record: its number, the column id of the dataset. Empty: a new record, unless one with the"
                    " same values is there."
                ),
            )
        )  # fmt: skip
    for name, field in spec.entered_fields.items():
        found += _of_field(name, field)
    found.append(
        Column(
            COMPLETE, gettext_lazy("Complete"), read=cells.code(lambda: (("yes", _("Yes")), ("no", _("No")))),
            example="yes", help=gettext_lazy("no: saved as incomplete, values are still to come. Empty: complete."),
        )
    )  # fmt: skip
    return tuple(found)


def _parent(spec: CrfSpec, name: str) -> Column:
    model_field: Any = spec.model._meta.get_field(name)

    def reader() -> parents.Reader:
        # Asked when it is shown: the app of the parent may be made ready after this one.
        return parents.reader_of(model_field.related_model)

    return Column(
        name,
        model_field.verbose_name,
        required=name not in spec.optional_parents,
        help=lazystr(lambda: reader().help),
        example=lazystr(lambda: reader().example),
        read=parents.plain,
    )


def _of_field(name: str, field: CrfField) -> list[Column]:
    columns = [Column(name, field.verbose_name, read=_reader(field), help=_described(field))]
    if field.unit:
        columns.append(
            Column(
                unit_of(name),
                format_lazy("{}: {}", field.verbose_name, gettext_lazy("unit")),
                read=cells.text(40),
                example=field.unit,
                help=format_lazy(
                    "{} {}.", gettext_lazy("The unit of the value as UCUM writes it. Empty:"), field.unit
                ),
            )
        )
    columns.append(
        Column(
            absent_of(name),
            format_lazy("{}: {}", field.verbose_name, gettext_lazy("why absent")),
            read=cells.code(lambda: AbsentReason.choices),
            help=gettext_lazy("Why there is no value: code or words of the reasons of the portal."),
        )
    )
    return columns


def _reader(field: CrfField) -> Callable[[str], Any]:
    return _rows if isinstance(field, RowsField) else _as_typed


def _code(raw: str) -> str:
    found: str = cells.text(40)(raw)
    return found.upper()


def _as_typed(raw: str) -> str:
    """The text as it was typed: the field of the form reads it, so that one rule stands for pages, API and files."""
    try:
        return text_of(raw, max_length=LONGEST)
    except ValidationError as error:
        raise CellRefused(str(error.code), error.messages[0]) from None


def _rows(raw: str) -> Any:
    """Rows within a form: a list of objects, as the API takes them."""
    try:
        found = json.loads(_as_typed(raw))
    except (ValueError, RecursionError):
        raise CellRefused(
            "json", _("Write the rows as JSON: a list of objects, as the API and the template show them.")
        ) from None
    if not isinstance(found, list):
        raise CellRefused("json", _("Write the rows as a JSON list of objects."))
    return found


def _described(field: CrfField) -> Any:
    """What the dictionary says of the field: its help, unit, limits and codes."""
    parts: list[Any] = [field.help_text] if field.help_text else []
    if field.required:
        parts.append(gettext_lazy("A value, or why it is absent."))
    if isinstance(field, RowsField):
        parts.append(
            format_lazy(
                "{} {}.",
                gettext_lazy(
                    "JSON: a list of objects, one for each row, as the API takes them. Their members:"
                ),
                ", ".join(field.cells),
            )
        )
        return format_lazy(" ".join(["{}"] * len(parts)), *parts)
    if field.unit:
        parts.append(format_lazy("{} {}.", gettext_lazy("In"), human_unit_text(field.unit)))
    low, high = getattr(field, "minimum", None), getattr(field, "maximum", None)
    if low is not None and high is not None and not isinstance(high, bool):
        parts.append(f"{low}–{high}.")
    codes = getattr(field, "codes", ())
    if codes:
        parts.append("; ".join(["{} = {}"] * len(codes)) + ".")
        parts[-1] = format_lazy(parts[-1], *(part for code in codes for part in code))
    return format_lazy(" ".join(["{}"] * len(parts)), *parts) if parts else ""
