"""Columns of the datasets that are no forms, from the fields of their models."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from django.db import models

from apps.exports.datasets import coded, moment
from studyportal.crf.columns import Column
from studyportal.crf.fields import CrfField


def columns_of(model: type[models.Model], names: Sequence[str], *, prefix: str = "") -> Iterator[Column]:
    """Columns of ordinary model fields; a name that the model does not have is an error of this file."""
    for name in names:
        field: Any = model._meta.get_field(name)
        if isinstance(field, CrfField):
            yield from field.columns()
            continue
        expression, label = f't."{field.column}"', str(field.verbose_name)
        codes = coded(field.flatchoices) if field.flatchoices else ()
        type_, free = "text", False
        if isinstance(field, models.BooleanField):
            type_, expression = "boolean", f"{expression}::text"
        elif isinstance(field, models.DateTimeField):
            type_, expression = "datetime", moment(expression)
        elif isinstance(field, models.DateField):
            type_ = "date"
        elif isinstance(field, models.ForeignKey | models.IntegerField | models.AutoField):
            type_ = "integer"
        elif isinstance(field, models.DecimalField | models.FloatField):
            type_ = "number"
        elif codes:
            type_ = "code"
        else:
            expression, free = f"{expression}::text", True
        yield Column(
            prefix + name, expression, type_, label, codes=codes, required=not field.null, free_text=free
        )


def bound(columns: Iterator[Column]) -> Iterator[Column]:
    """Columns whose text the portal writes itself: keys and hashes, nothing that a person typed."""
    return (replace(column, free_text=False) for column in columns)


def absence(model: type[models.Model], name: str) -> tuple[Column, ...]:
    """The reason of absence of a form field; an ordinary field has none."""
    field: Any = model._meta.get_field(name)
    if not isinstance(field, CrfField):
        return ()
    return (
        Column(f"{name}_absent", f"t.absent ->> '{name}'", "code", f"{field.label}: why absent", field=name),
    )
