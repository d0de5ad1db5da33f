"""What every field of a form has."""

from __future__ import annotations

import enum
from collections.abc import Collection
from typing import Any

from django.db import models

from studyportal.crf.columns import Column
from studyportal.ui.templatetags.ui_tags import human_unit_text


class Sensitivity(enum.StrEnum):
    ROUTINE = "routine"
    FREE_TEXT = "free_text"


class CrfField(models.Field):
    """What every field of a form has. `required`: a complete form has the value or a reason for its absence."""

    widget = "text"
    export_type = "text"
    sensitivity = Sensitivity.ROUTINE
    # What goes into migrations: the database column only, not labels and limits.
    column_path = "django.db.models.TextField"
    column_kwargs: tuple[str, ...] = ()
    # SQL of the value where it is no column of the record's table, as a cell of `RowsField`.
    sql_source = ""

    def __init__(
        self,
        label: Any = None,
        *,
        unit: str = "",
        loinc: str = "",
        required: bool = True,
        derived: bool = False,
        copy_forward: bool = False,
        **kwargs: Any,
    ) -> None:
        self.unit = unit
        self.loinc = loinc
        self.required = required and not derived
        self.derived = derived
        self.copy_forward = copy_forward
        kwargs.setdefault("verbose_name", label)
        kwargs["null"] = True
        kwargs["blank"] = True
        if derived:
            kwargs["editable"] = False
        super().__init__(**kwargs)

    def deconstruct(self) -> Any:
        name, _path, _args, kwargs = super().deconstruct()
        kept = {
            key: value
            for key, value in kwargs.items()
            if key in ("null", "blank", "db_index", *self.column_kwargs)
        }
        return name, self.column_path, [], kept

    @property
    def label(self) -> str:
        return str(self.verbose_name)

    @property
    def code_labels(self) -> tuple[tuple[str, str], ...]:
        """Code and words, where the field has a code list."""
        return ()

    def parse(self, raw: Any) -> Any:
        """Typed text or a JSON value → the field's value, None when empty.

        Raises ValidationError with a code and a message that says how to mend it.
        """
        raise NotImplementedError(type(self))

    def as_text(self, value: Any) -> str:
        """The value as it is typed again into the form: parse(as_text(v)) == v."""
        return "" if value is None else str(value)

    def as_json(self, value: Any) -> Any:
        return None if value is None else str(value)

    def for_people(self, value: Any) -> str:
        """The value with its unit, as a page shows it."""
        text = self.as_text(value)
        return f"{text} {human_unit_text(self.unit)}" if text and self.unit else text

    def changed_for_people(self, before: Any, after: Any) -> tuple[str, str]:
        """Old and new value as a history shows them: of many rows only those that differ."""
        return self.for_people(before), self.for_people(after)

    def typed_for_people(self, raw: Any) -> str:
        """What a person typed or a script sent, as a page that compares shows it, whether or not it can be taken."""
        return ";".join(map(str, raw)) if isinstance(raw, list) else "" if raw is None else str(raw)

    def controls(self, names: Collection[str]) -> list[str]:
        """Controls of a page, besides the field's own, that hold parts of its value: of those posted."""
        return []

    def columns(self) -> tuple[Column, ...]:
        """Export columns, without the reason of absence."""
        return (self.export_column(self.name, self.sql, self.export_type),)

    @property
    def sql(self) -> str:
        return self.sql_source or f't."{self.column}"'

    def export_column(self, name: str, sql: str, type_: str, label: str = "", **more: Any) -> Column:
        return Column(
            name=name,
            sql=sql,
            type=type_,
            label=label or self.label,
            unit=self.unit,
            loinc=self.loinc,
            codes=self.code_labels,
            field=self.name,
            required=self.required,
            derived=self.derived,
            free_text=self.sensitivity == Sensitivity.FREE_TEXT,
            **more,
        )
