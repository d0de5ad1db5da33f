"""The day that a record is about: for gates in Python, and the same for exports in SQL.

A spec names the fields that can date its records, the best one first (`dated_by`); a name may begin with a parent:
`visit.happened_on`. The first that has a value counts, by the first day that it can mean.
"""

from __future__ import annotations

import datetime as dt
from typing import Any
from zoneinfo import ZoneInfo

from django.db import models
from django.utils import timezone

from studyportal.crf.fields import PartialDateField
from studyportal.crf.partial_date import PartialDate
from studyportal.crf.spec import CrfSpec


def day_of(spec: CrfSpec, record: Any) -> tuple[str, PartialDate] | None:
    """What dates the record: the name in `dated_by` and the date, as far as it is known. None: nothing does."""
    for name in spec.dated_by:
        value: Any = record
        for step in name.split("."):
            value = None if value is None else getattr(value, step)
        if isinstance(value, dt.datetime):
            zone = ZoneInfo(record.site.timezone)
            return name, PartialDate.of(timezone.localtime(value, zone).date())
        if isinstance(value, dt.date):
            return name, PartialDate.of(value)
        if value is not None:
            return name, value
    return None


def day_sql(spec: CrfSpec) -> str:
    """SQL of the first day that the record can be about: of `t`, the record, `s`, its site, and its parents by name."""
    days = [_first_day(spec.model, name) for name in spec.dated_by]
    return f"coalesce({', '.join(days)})" if days else "NULL::date"


def _first_day(model: Any, name: str) -> str:
    *parents, last = name.split(".")
    alias = parents[-1] if parents else "t"
    for parent in parents:
        model = model._meta.get_field(parent).related_model
    return first_day(model._meta.get_field(last), alias)


def first_day(field: Any, alias: str) -> str:
    """SQL of the first day that a column can mean."""
    column = f'{alias}."{field.column}"'
    if isinstance(field, PartialDateField):
        known = f"left({column}, 1) <> 'a'"
        return (
            f"CASE WHEN length({column}) = 10 AND {known} THEN {column}::date"
            f" WHEN length({column}) = 7 AND {known} THEN ({column} || '-01')::date"
            f" WHEN length({column}) = 4 THEN ({column} || '-01-01')::date END"
        )
    if isinstance(field, models.DateTimeField):
        return f"({column} AT TIME ZONE s.timezone)::date"
    return f"{column}::date"
