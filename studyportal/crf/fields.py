"""Field classes of case report forms: each carries type, unit, codes, limits and meaning.

A field is declared once, on the model. What parses typed text and JSON, what the export writes and what
the dictionary says all come from here. In the database each is an ordinary nullable column.
"""

from __future__ import annotations

import datetime as dt
import enum
import math
from collections.abc import Sequence
from decimal import Decimal, InvalidOperation
from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.core.exceptions import ValidationError
from django.db import models
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext_lazy as _

from studyportal.crf.columns import Column
from studyportal.crf.laboratory_value import LaboratoryValue, LaboratoryValueError
from studyportal.crf.partial_date import PartialDate, PartialDateError
from studyportal.ui.templatetags.ui_tags import human_unit_text

EARLIEST = dt.date(1900, 1, 1)


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

    def columns(self) -> tuple[Column, ...]:
        """Export columns, without the reason of absence."""
        return (self.export_column(self.name, self.sql, self.export_type),)

    @property
    def sql(self) -> str:
        return f't."{self.column}"'

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


def text_of(raw: Any, *, max_length: int) -> str:
    """Text that PostgreSQL can hold: no NUL, no lone surrogate, within the length."""
    if not isinstance(raw, str):
        raise ValidationError(
            _("Give text in quotes, not %(type)s."), code="type", params={"type": json_type(raw)}
        )
    if "\x00" in raw:
        raise ValidationError(_("The text contains a NUL character; remove it."), code="nul_character")
    try:
        raw.encode("utf-8")
    except UnicodeEncodeError:
        raise ValidationError(
            _("The text contains half of a character (a lone surrogate); type it again."), code="surrogate"
        ) from None
    if len(raw) > max_length:
        raise ValidationError(
            _("At most %(max)d characters; this is %(length)d. Shorten it or attach a document."),
            code="max_length",
            params={"max": max_length, "length": len(raw)},
        )
    return raw


def json_type(raw: Any) -> str:
    names = {bool: "true/false", int: "a number", float: "a number", list: "a list", dict: "an object"}
    return names.get(type(raw), type(raw).__name__)


def empty(raw: Any) -> bool:
    return raw is None or (isinstance(raw, str) and not raw.strip())


class QuantityField(CrfField, models.DecimalField):
    """A measured number in one UCUM unit, with hard limits. Exact decimals, as typed."""

    widget = "number"
    export_type = "number"
    column_path = "django.db.models.DecimalField"
    column_kwargs = ("max_digits", "decimal_places")

    def __init__(
        self,
        label: Any = None,
        *,
        decimals: int = 2,
        minimum: str | int | None = None,
        maximum: str | int | None = None,
        **kwargs: Any,
    ) -> None:
        kwargs.setdefault("decimal_places", decimals)
        kwargs.setdefault("max_digits", 12 + kwargs["decimal_places"])
        self.minimum = None if minimum is None else Decimal(minimum)
        self.maximum = None if maximum is None else Decimal(maximum)
        super().__init__(label, **kwargs)

    def parse(self, raw: Any) -> Decimal | None:
        if isinstance(raw, dict):
            raw = value_in_unit(raw, self.unit)
        if empty(raw):
            return None
        number = decimal_of(raw)
        exponent = number.normalize().as_tuple().exponent
        assert isinstance(exponent, int) and self.decimal_places is not None
        if -exponent > self.decimal_places:
            raise ValidationError(
                _("At most %(n)d decimals."), code="max_decimal_places", params={"n": self.decimal_places}
            )
        within(number, self.minimum, self.maximum, self.unit)
        if abs(number) >= Decimal(10) ** 12:
            raise ValidationError(_("This number is too large to be a measurement."), code="max_value")
        return number.quantize(Decimal(1).scaleb(-self.decimal_places)) + 0

    def as_text(self, value: Any) -> str:
        return "" if value is None else plain(value)

    def as_json(self, value: Any) -> Any:
        return None if value is None else plain(value)

    def columns(self) -> tuple[Column, ...]:
        return (
            self.export_column(
                self.name,
                self.sql,
                self.export_type,
                minimum="" if self.minimum is None else str(self.minimum),
                maximum="" if self.maximum is None else str(self.maximum),
            ),
        )


class CountField(CrfField, models.BigIntegerField):
    """A whole number."""

    widget = "number"
    export_type = "integer"
    column_path = "django.db.models.BigIntegerField"

    def __init__(
        self, label: Any = None, *, minimum: int | None = 0, maximum: int | None = 10**12, **kwargs: Any
    ) -> None:
        self.minimum = minimum
        self.maximum = maximum
        super().__init__(label, **kwargs)

    def parse(self, raw: Any) -> int | None:
        if isinstance(raw, dict):
            raw = value_in_unit(raw, self.unit)
        if empty(raw):
            return None
        number = decimal_of(raw)
        if number != number.to_integral_value():
            raise ValidationError(_("Give a whole number."), code="whole_number")
        within(number, self.minimum, self.maximum, self.unit)
        return int(number)

    def as_json(self, value: Any) -> Any:
        return value

    def columns(self) -> tuple[Column, ...]:
        low = "" if self.minimum is None else str(self.minimum)
        high = "" if self.maximum is None else str(self.maximum)
        return (self.export_column(self.name, self.sql, self.export_type, minimum=low, maximum=high),)


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
        day = f"({self.sql} ~ '^[0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}}$')"
        month = f"({self.sql} ~ '^[0-9]{{4}}-[0-9]{{2}}$')"
        year = f"({self.sql} ~ '^[0-9]{{4}}$')"
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


class LaboratoryValueField(CrfField, models.CharField):
    """A value as the laboratory reported it: comparator and digits kept, such as <0.2 or 7.0."""

    # What django-stubs reads as the attribute's types.
    _pyi_private_set_type: LaboratoryValue | str | None  # type: ignore[assignment]
    _pyi_private_get_type: LaboratoryValue | None  # type: ignore[assignment]

    widget = "laboratory"
    export_type = "laboratory_value"
    column_path = "django.db.models.CharField"
    column_kwargs = ("max_length",)

    def __init__(self, label: Any = None, **kwargs: Any) -> None:
        kwargs["max_length"] = 30
        super().__init__(label, **kwargs)

    def parse(self, raw: Any) -> LaboratoryValue | None:
        if isinstance(raw, dict):
            raw = value_in_unit(raw, self.unit)
        if empty(raw):
            return None
        if isinstance(raw, (int, float)) and not isinstance(raw, bool):
            raw = plain(decimal_of(raw))
        try:
            return LaboratoryValue.parse(text_of(raw, max_length=200))
        except LaboratoryValueError as error:
            raise ValidationError(str(error), code=error.code) from None

    def from_db_value(self, value: str | None, expression: Any, connection: Any) -> LaboratoryValue | None:
        return None if value is None else LaboratoryValue.parse(value)

    def to_python(self, value: Any) -> LaboratoryValue | None:
        if value is None or isinstance(value, LaboratoryValue):
            return value
        return self.parse(value)

    def get_prep_value(self, value: Any) -> str | None:
        return None if value is None else str(value)

    def columns(self) -> tuple[Column, ...]:
        comparator = f"substring({self.sql} from '^[<>=]+')"
        number = f"substring({self.sql} from '-?[0-9][0-9.]*$')::numeric"
        return (
            self.export_column(self.name, self.sql, "laboratory_value"),
            self.export_column(
                f"{self.name}_comparator", comparator, "code", f"{self.label}: {_('comparator')}"
            ),
            self.export_column(f"{self.name}_number", number, "number", f"{self.label}: {_('number')}"),
        )


def plain(number: Decimal) -> str:
    """Decimal without exponent, trailing zeros kept."""
    return format(number, "f")


def decimal_of(raw: Any) -> Decimal:
    """A typed or JSON number → Decimal; commas and thousands signs are refused, not guessed."""
    if isinstance(raw, Decimal):
        return raw
    if isinstance(raw, bool) or not isinstance(raw, (str, int, float)):
        raise ValidationError(_("Give a number, not %(type)s."), code="type", params={"type": json_type(raw)})
    if isinstance(raw, float) and not math.isfinite(raw):
        raise ValidationError(_("Give a number."), code="invalid_number")
    text = raw.strip() if isinstance(raw, str) else repr(raw)
    if "," in text:
        raise ValidationError(
            _("“%(text)s” can be read in two ways. Write the decimal sign as a point."),
            code="ambiguous_number",
            params={"text": text[:40]},
        )
    try:
        if len(text) > 40 or not text.isascii() or "_" in text:
            raise InvalidOperation
        number = Decimal(text)
    except InvalidOperation:
        raise ValidationError(
            _("“%(text)s” is no number. Write digits with a point, such as 61.2."),
            code="invalid_number",
            params={"text": text[:40]},
        ) from None
    if not number.is_finite() or abs(number.adjusted()) > 30:
        raise ValidationError(_("Give a number of ordinary size."), code="invalid_number")
    return number


def within(number: Decimal, minimum: Any, maximum: Any, unit: str) -> None:
    if minimum is not None and number < minimum:
        raise ValidationError(
            _(
                "%(value)s is below %(limit)s %(unit)s, the least that can be true. Check the number and its unit."
            ),
            code="min_value",
            params={"value": plain(number), "limit": minimum, "unit": unit},
        )
    if maximum is not None and number > maximum:
        raise ValidationError(
            _(
                "%(value)s is above %(limit)s %(unit)s, the most that can be true. Check the number and its unit."
            ),
            code="max_value",
            params={"value": plain(number), "limit": maximum, "unit": unit},
        )


def value_in_unit(raw: dict[str, Any], unit: str) -> Any:
    """`{"value": …, "unit": …}` → the value; another unit is refused, never converted in silence."""
    if set(raw) - {"value", "unit"} or "value" not in raw:
        raise ValidationError(_("Give a number, or an object with value and unit."), code="type")
    if raw.get("unit") != unit:
        raise ValidationError(
            _("This field is in %(unit)s, not %(given)s. Convert the value and send it in %(unit)s."),
            code="unit",
            params={"unit": unit or _("no unit"), "given": str(raw.get("unit"))[:40]},
        )
    return raw["value"]


def known_code(raw: Any, codes: Sequence[tuple[str, Any]]) -> str:
    if not isinstance(raw, str):
        raise ValidationError(
            _("Give a code in quotes, not %(type)s."), code="type", params={"type": json_type(raw)}
        )
    code = raw.strip()
    if code not in {known for known, _label in codes}:
        raise ValidationError(
            _("“%(code)s” is none of the codes: %(codes)s."),
            code="unknown_code",
            params={"code": code[:60], "codes": ", ".join(known for known, _label in codes)},
        )
    return code


def partial_date_of(raw: Any) -> PartialDate:
    try:
        return PartialDate.parse(text_of(raw, max_length=60))
    except PartialDateError as error:
        raise ValidationError(str(error), code=error.code) from None
