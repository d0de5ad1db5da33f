"""Codes, yes or no, and free text."""

from __future__ import annotations

from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext_lazy as _

from studyportal.crf.columns import Column
from studyportal.crf.fields.base import CrfField, Sensitivity
from studyportal.crf.parsing import empty, known_code, text_of


class CodedField(CrfField, models.CharField):
    """One of a list of codes. The export gives the code; the dictionary gives the words."""

    widget = "select"
    export_type = "code"
    column_path = "django.db.models.CharField"
    column_kwargs = ("max_length",)

    def __init__(self, label: Any = None, *, codes: Any = (), **kwargs: Any) -> None:
        self.codes: tuple[tuple[str, Any], ...] = tuple(getattr(codes, "choices", codes))
        kwargs.setdefault("max_length", 60)
        super().__init__(label, **kwargs)

    @property
    def code_labels(self) -> tuple[tuple[str, str], ...]:
        return tuple((code, str(label)) for code, label in self.codes)

    def parse(self, raw: Any) -> str | None:
        return None if empty(raw) else known_code(raw, self.codes)

    def for_people(self, value: Any) -> str:
        return dict(self.code_labels).get(value, value or "")


class MultiCodedField(CrfField, ArrayField):
    """Any number of a list of codes, kept in the order of the list."""

    widget = "multiselect"
    export_type = "codes"
    column_path = "django.contrib.postgres.fields.ArrayField"
    column_kwargs = ("base_field", "size")

    def __init__(self, label: Any = None, *, codes: Any = (), **kwargs: Any) -> None:
        self.codes: tuple[tuple[str, Any], ...] = tuple(getattr(codes, "choices", codes))
        kwargs.setdefault("base_field", models.CharField(max_length=60))
        super().__init__(label, **kwargs)

    @property
    def code_labels(self) -> tuple[tuple[str, str], ...]:
        return tuple((code, str(label)) for code, label in self.codes)

    def parse(self, raw: Any) -> list[str] | None:
        if empty(raw) or raw == []:
            return None
        if isinstance(raw, str):
            raw = [part.strip() for part in raw.split(";") if part.strip()]
        if not isinstance(raw, list):
            raise ValidationError(_("Give a list of codes."), code="type")
        given = {known_code(one, self.codes) for one in raw}
        return [code for code, _label in self.codes if code in given]

    def as_text(self, value: Any) -> str:
        return ";".join(value or [])

    def as_json(self, value: Any) -> Any:
        return value

    def for_people(self, value: Any) -> str:
        words = dict(self.code_labels)
        return ", ".join(words.get(code, code) for code in value or [])

    def columns(self) -> tuple[Column, ...]:
        return (self.export_column(self.name, f"array_to_string({self.sql}, ';')", self.export_type),)


class YesNoField(CrfField, models.BooleanField):
    """Yes or no; not answered is null with a reason."""

    widget = "yesno"
    export_type = "boolean"
    column_path = "django.db.models.BooleanField"
    WORDS = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}

    def parse(self, raw: Any) -> bool | None:
        if isinstance(raw, bool):
            return raw
        if empty(raw):
            return None
        value = self.WORDS.get(raw.strip().lower()) if isinstance(raw, str) else None
        if value is None:
            raise ValidationError(_("Answer true or false."), code="boolean")
        return value

    def as_text(self, value: Any) -> str:
        return "" if value is None else "true" if value else "false"

    def as_json(self, value: Any) -> Any:
        return value

    def for_people(self, value: Any) -> str:
        return "" if value is None else str(_("Yes")) if value else str(_("No"))

    def columns(self) -> tuple[Column, ...]:
        return (self.export_column(self.name, f"{self.sql}::text", self.export_type),)


class TextField(CrfField, models.TextField):
    """A short text on one line."""

    export_type = "text"
    sensitivity = Sensitivity.FREE_TEXT
    limit = 200

    def __init__(
        self, label: Any = None, *, limit: int | None = None, max_length: int | None = None, **kwargs: Any
    ) -> None:
        self.limit = limit or max_length or type(self).limit
        super().__init__(label, **kwargs)

    def parse(self, raw: Any) -> str | None:
        if empty(raw):
            return None
        text = text_of(raw, max_length=self.limit).strip()
        if self.widget == "text" and len(text.splitlines()) > 1:
            raise ValidationError(_("One line only."), code="one_line")
        return text.replace("\r\n", "\n")


class NoteField(TextField):
    """Several lines of free text."""

    widget = "textarea"
    limit = 4000
