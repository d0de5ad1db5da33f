"""Days, moments, and dates as far as they are known.

What is recorded has happened: a field refuses what lies ahead (`in_future`), by page, API and import alike, unless it is
declared with `future=True`, as plans, expiries and due dates are. Days are judged by the day in the zone that is active
(the site's), moments by the clock with `moments.TOLERANCE`. Derived values are not parsed and so not judged.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import ValidationError
from django.db import models
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext_lazy as _

from studyportal.crf import moments
from studyportal.crf.columns import Column
from studyportal.crf.fields.base import CrfField
from studyportal.crf.parsing import empty, partial_date_of, text_of
from studyportal.crf.partial_date import PartialDate, PartialDateError


class DatedField(CrfField):
    """A field that says when. `future`: it may lie ahead, because it is planned, due or expires."""

    def __init__(self, label: Any = None, *, future: bool = False, **kwargs: Any) -> None:
        self.future = future
        super().__init__(label, **kwargs)

    def not_ahead(self, earliest: dt.date | None) -> None:
        """Refuse a day that certainly lies after today in the zone that is active."""
        today = timezone.localdate()
        if not self.future and earliest is not None and earliest > today:
            raise ValidationError(
                _("This lies in the future: today is %(today)s. Check day, month and year."),
                code="in_future",
                params={"today": PartialDate.of(today).for_people()},
            )


def _from_page(text: str) -> str:
    try:
        return str(PartialDate.typed(text, today=timezone.localdate()))
    except PartialDateError:
        return text


class DayField(DatedField, models.DateField):
    """A day that is known to the day."""

    widget = "day"
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
        self.not_ahead(date)
        return date

    def from_page(self, text: str) -> str:
        return _from_page(text)

    def as_text(self, value: Any) -> str:
        return "" if value is None else value.isoformat()

    def for_people(self, value: Any) -> str:
        return "" if value is None else PartialDate.of(value).for_people()


class MomentField(DatedField, models.DateTimeField):
    """A moment, with its offset from UTC or in the zone that is active (the site's, on pages)."""

    widget = "datetime"
    export_type = "datetime"
    column_path = "django.db.models.DateTimeField"

    def parse(self, raw: Any) -> dt.datetime | None:
        if empty(raw):
            return None
        moment = _meant(_written(text_of(raw, max_length=40).strip())).astimezone(dt.UTC)
        now = timezone.now()
        if not self.future and moments.lies_ahead(moment, now):
            raise ValidationError(
                _("This lies in the future: it is %(now)s now. Check day and time."),
                code="in_future",
                params={"now": moment_for_people(now)},
            )
        # A browser shows no control for parts of a millisecond: it would come back empty, and the moment be lost.
        return moment.replace(microsecond=0)

    def as_text(self, value: Any) -> str:
        """As the wall clock of the active zone shows it; with its offset where that clock showed it twice."""
        if value is None:
            return ""
        zone = timezone.get_current_timezone()
        local = value.astimezone(zone)
        wall = local.replace(tzinfo=None)
        text = wall.isoformat(timespec="seconds" if wall.second else "minutes")
        return text + moments.offset_of(local) if moments.is_ambiguous(local, zone) else text

    def as_json(self, value: Any) -> Any:
        return None if value is None else value.astimezone(dt.UTC).isoformat().replace("+00:00", "Z")

    def for_people(self, value: Any) -> str:
        return "" if value is None else moment_for_people(value)

    def columns(self) -> tuple[Column, ...]:
        iso = f"to_char({self.sql} AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"')"
        return (self.export_column(self.name, iso, self.export_type),)


def _written(text: str) -> dt.datetime:
    """Day and time as they are written, with or without an offset."""
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
    return moment


def _meant(moment: dt.datetime) -> dt.datetime:
    """The one moment that is meant; a time without offset is one of the zone that is active."""
    if timezone.is_aware(moment):
        return moment
    found = moments.meant_by(moment, timezone.get_current_timezone())
    if not found:
        raise ValidationError(
            _("The clocks skipped this time on that day: they were put forward. Look at the time again."),
            code="impossible_time",
        )
    if len(found) > 1:
        first, second = found
        raise ValidationError(
            _(
                "The clocks went back: this time came twice on that day. Say which is meant: before the change"
                " (%(first)s) or after it (%(second)s)."
            ),
            code="ambiguous_time",
            params={"first": _with_offset(first), "second": _with_offset(second)},
        )
    return found[0]


def _with_offset(moment: dt.datetime) -> str:
    return moment.replace(tzinfo=None).isoformat(timespec="minutes") + moments.offset_of(moment)


def moment_for_people(moment: dt.datetime) -> str:
    """“1 Nov 2026, 01:30”, with its offset from UTC where the wall clock showed that time twice."""
    zone = timezone.get_current_timezone()
    local = moment.astimezone(zone)
    text = f"{PartialDate.of(local.date()).for_people()}, {local:%H:%M}"
    return f"{text} (UTC{moments.offset_of(local)})" if moments.is_ambiguous(local, zone) else text


@dataclass(frozen=True)
class ShownMoment:
    """A moment as the control of a page takes it: the time on the wall, and which of two it is when it came twice."""

    wall: str
    offset: str = ""
    offsets: tuple[tuple[str, str], ...] = ()


def shown_moment(text: str) -> ShownMoment:
    """Typed or stored text → control. Text that is no moment comes back as it is."""
    zone = timezone.get_current_timezone()
    try:
        moment = _written(text.strip())
    except ValidationError:
        return ShownMoment(text)
    offset = ""
    if timezone.is_aware(moment):
        local = moment.astimezone(zone)
        moment, offset = local.replace(tzinfo=None), moments.offset_of(local)
    exact = "seconds" if moment.second else "minutes"
    wall = moment.replace(fold=0).isoformat(timespec=exact)
    found = moments.meant_by(moment, zone)
    if len(found) < 2:
        return ShownMoment(wall)
    said = (_("before the clocks went back"), _("after the clocks went back"))
    return ShownMoment(
        wall,
        offset,
        tuple(
            (moments.offset_of(one), f"{words} (UTC{moments.offset_of(one)})")
            for one, words in zip(found, said, strict=True)
        ),
    )


def with_offset(text: str, offset: str) -> str:
    """What a page posted, as one text: the choice counts only where the wall clock showed that time twice.

    A choice that is left over from another time that was typed before must not move the new one.
    """
    shown = shown_moment(text)
    return shown.wall + offset if offset in dict(shown.offsets) and not shown.offset else text


class PartialDateField(DatedField, models.CharField):
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
        if empty(raw):
            return None
        date = partial_date_of(raw)
        self.not_ahead(date.earliest)
        return date

    def from_page(self, text: str) -> str:
        return _from_page(text)

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
