"""The datasets that are no forms: participants, visits, consent events, glucose readings, queries."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from django.apps import apps
from django.db import models
from django.utils.translation import gettext as _

from apps.enrolment.models import Participant
from apps.exports.datasets import Dataset, coded, key_columns, moment
from studyportal.crf.columns import Column
from studyportal.crf.fields import CrfField

# Model → the fields that its dataset shows, in order. What is not named here never leaves the portal.
VISIT = (
    "key", "number", "planned_on", "happened_on", "status", "days_from_anchor", "in_window", "reason",
)  # fmt: skip


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
        yield Column(prefix + name, expression, type_, label, codes=codes, required=not field.null, free_text=free)


def participants() -> Dataset:
    own = columns_of(Participant, ("status", "retrospective", "label", "index_date", "enrolled_on"))
    return Dataset(
        key="participants",
        title=_("Participants"),
        description=_("One row per participant. The code is all that names a person here."),
        kind="table",
        table=Participant._meta.db_table,
        participant="t.id",
        joins=f'LEFT JOIN "{Participant._meta.db_table}" matched ON matched.id = t.matched_case_id',
        columns=(
            *key_columns(),
            *own,
            Column("matched_case", "matched.code", "text", _("Matched case")),
            Column("record_id", "t.id", "integer", _("Record number"), required=True),
            Column("record_updated_at", moment("t.updated_at"), "datetime", _("Last changed"), required=True),
        ),
    )


def all_tables() -> list[Dataset]:
    return [participants()]
