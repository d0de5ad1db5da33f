"""Days, moments, and dates as far as they are known."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.core.exceptions import ValidationError
from django.db import models
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext_lazy as _

from studyportal.crf.columns import Column
from studyportal.crf.fields.base import CrfField
from studyportal.crf.parsing import empty, partial_date_of, text_of
from studyportal.crf.partial_date import PartialDate


class DayField(CrfField, models.DateField):
    """A day that is known to the day."""

    widget = "date"
    export_type = "date"
    column_path = "django.db.models.DateField"

    def parse(self, raw: Any) -> dt.date | None:
        if empty(raw):
            return None
        date = partial_date_of(raw).exact
        if date is None:
            raise ValidationError(
                _("The day is needed here, such as 2016-11-03; give a reason if it is not known."),
                code="day_needed",
            )
        return date

    def as_text(self, value: Any) -> str:
        return "" if value is None else value.isoformat()

    def for_people(self, value: Any) -> str:
        return "" if value is None else PartialDate.of(value).for_people()


class MomentField(CrfField, models.DateTimeField):
    """A moment, with its offset from UTC or in the zone that is active (the site's, on pages)."""

    widget = "datetime"
    export_type = "datetime"
    column_path = "django.db.models.DateTimeField"

    def parse(self, raw: Any) -> dt.datetime | None:
        if empty(raw):
            return None
        text = text_of(raw, max_length=40).strip()
        try:
            # A day alone would be read as its midnight, which nobody said.
            moment = parse_datetime(text) if ":" in text else None
        except ValueError:
            moment = None
        if moment is None:
            raise ValidationError(
                _("Write day and time as 2016-11-03T14:30 (with +05:30 where the zone is not the site's)."),
                code="invalid_datetime",
            )
        if not 1900 <= moment.year <= 2100:
            raise ValidationError(_("The year must lie between 1900 and 2100."), code="impossible_date")
        if timezone.is_naive(moment):
            zone = timezone.get_current_timezone()
            moment = moment.replace(tzinfo=zone)
            # A time that the clocks skipped comes back changed from UTC.
            if moment.astimezone(dt.UTC).astimezone(zone).replace(tzinfo=None) != moment.replace(tzinfo=None):
                raise ValidationError(_("The clocks skipped this time on that day."), code="impossible_time")
        return moment.astimezone(dt.UTC)

    def as_text(self, value: Any) -> str:
        return "" if value is None else timezone.localtime(value).strftime("%Y-%m-%dT%H:%M")

    def as_json(self, value: Any) -> Any:
        return None if value is None else value.astimezone(dt.UTC).isoformat().replace("+00:00", "Z")

    def for_people(self, value: Any) -> str:
        if value is None:
            return ""
        local = timezone.localtime(value)
        return f"{PartialDate.of(local.date()).for_people()}, {local:%H:%M}"

    def columns(self) -> tuple[Column, ...]:
        iso = f"to_char({self.sql} AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"')"
        return (self.export_column(self.name, iso, self.export_type),)


class PartialDateField(CrfField, models.CharField):
    """A date as far as it is known. Stored as recorded; the bounds are derived."""

    # What django-stubs reads as the attribute's types.
    _pyi_private_set_type: PartialDate | str | None  # type: ignore[assignment]
    _pyi_private_get_type: PartialDate | None  # type: ignore[assignment]

    widget = "partial-date"
    export_type = "partial_date"
    column_path = "django.db.models.CharField"
    column_kwargs = ("max_length",)

    def __init__(self, label: Any = None, **kwargs: Any) -> None:
        kwargs["max_length"] = 10
        super().__init__(label, **kwargs)

    def parse(self, raw: Any) -> PartialDate | None:
        return None if empty(raw) else partial_date_of(raw)

    def from_db_value(self, value: str | None, expression: Any, connection: Any) -> PartialDate | None:
        return None if value is None else PartialDate.parse(value)

    def to_python(self, value: Any) -> PartialDate | None:
        if value is None or isinstance(value, PartialDate):
            return value
        return None if value == "" else partial_date_of(value)

    def get_prep_value(self, value: Any) -> str | None:
        return None if value is None else str(value)

    def for_people(self, value: Any) -> str:
        return "" if value is None else value.for_people()

    def columns(self) -> tuple[Column, ...]:
        # Stored as YYYY-MM-DD, YYYY-MM, YYYY or age:years: a length costs a third of a pattern, row by row.
        dated = f"left({self.sql}, 1) <> 'a'"
        day = f"(length({self.sql}) = 10 AND {dated})"
        month = f"(length({self.sql}) = 7 AND {dated})"
        year = f"(length({self.sql}) = 4)"
        precision = (
            f"CASE WHEN {day} THEN 'day' WHEN {month} THEN 'month' WHEN {year} THEN 'year'"
            f" WHEN {self.sql} IS NOT NULL THEN 'age' END"
        )
        first = (
            f"CASE WHEN {day} THEN {self.sql}::date WHEN {month} THEN ({self.sql} || '-01')::date"
            f" WHEN {year} THEN ({self.sql} || '-01-01')::date END"
        )
        last = (
            f"CASE WHEN {day} THEN {self.sql}::date"
            f" WHEN {month} THEN (({self.sql} || '-01')::date + interval '1 month - 1 day')::date"
            f" WHEN {year} THEN ({self.sql} || '-12-31')::date END"
        )
        label = self.label
        return (
            self.export_column(self.name, self.sql, "partial_date"),
            self.export_column(f"{self.name}_precision", precision, "code", f"{label}: {_('precision')}"),
            self.export_column(f"{self.name}_from", first, "date", f"{label}: {_('earliest day')}"),
            self.export_column(f"{self.name}_to", last, "date", f"{label}: {_('latest day')}"),
        )
