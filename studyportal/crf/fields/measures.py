"""Numbers: measured quantities, counts, and values as a laboratory reports them."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models.query_utils import DeferredAttribute
from django.utils.formats import get_format
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from studyportal.crf.columns import Column
from studyportal.crf.fields.base import CrfField
from studyportal.crf.laboratory_value import LaboratoryValue, LaboratoryValueError
from studyportal.crf.parsing import (
    decimal_of,
    empty,
    plain,
    plain_signs,
    text_of,
    typed_number,
    value_in_unit,
    within,
)
from studyportal.crf.units import CONVERSIONS, Measured
from studyportal.ui.templatetags.ui_tags import human_unit_text
from studyportal.words import translated


def _number_from_page(text: str) -> str:
    return typed_number(text, decimal_sign=get_format("DECIMAL_SEPARATOR"))


class EnteredAttribute(DeferredAttribute):
    """A number together with what stands in its column beside: read as `Measured`, and set as one."""

    def __get__(self, instance: Any, cls: Any = None) -> Any:
        value = super().__get__(instance, cls)  # type: ignore[no-untyped-call]
        if instance is None or value is None or isinstance(value, Measured):
            return value
        entered = instance.__dict__.get(self.field.entered_name)
        return Measured.again(value, entered) if entered else value

    def __set__(self, instance: Any, value: Any) -> None:
        instance.__dict__[self.field.attname] = value
        entered = value.entered if isinstance(value, Measured) else ""
        # While a row is read, its second column is set after this one, by itself.
        if entered or self.field.entered_name in instance.__dict__:
            instance.__dict__[self.field.entered_name] = entered or None


class QuantityField(CrfField, models.DecimalField):
    """A measured number in one UCUM unit, with hard limits. Exact decimals, as typed.

    units: units in which it may be typed as well, where the protocol allows it (`entry_units`), of `crf.units`. The number
    is kept in the unit of the form, for checks and analyses, and as it was typed in a column of its own,
    `<name>_entered`. Two forms of the same number (37.0 °C, 98.6 °F) are no change.
    """

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
        units: Any = (),
        **kwargs: Any,
    ) -> None:
        kwargs.setdefault("decimal_places", decimals)
        kwargs.setdefault("max_digits", 12 + kwargs["decimal_places"])
        self.minimum = None if minimum is None else Decimal(minimum)
        self.maximum = None if maximum is None else Decimal(maximum)
        self.units = tuple(units)
        super().__init__(label, **kwargs)
        unknown = [one for one in self.units if (one, self.unit) not in CONVERSIONS]
        if unknown:
            raise ValueError(f"{label}: no conversion from {unknown} into {self.unit}")

    @property
    def entered_name(self) -> str:
        """The column of the number as it was typed, "" where it can be typed in one unit only."""
        return f"{self.name}_entered" if self.units else ""

    @property
    def descriptor_class(self) -> Any:  # type: ignore[override]
        return EnteredAttribute if self.units else DeferredAttribute

    def contribute_to_class(self, cls: Any, name: str, *args: Any, **kwargs: Any) -> None:
        super().contribute_to_class(cls, name, *args, **kwargs)
        if self.units and self.entered_name not in {one.name for one in cls._meta.local_fields}:
            words = format_lazy(_("{label}, as entered"), label=self.verbose_name)
            entered = models.CharField(words, max_length=60, null=True, blank=True, editable=False)
            cls.add_to_class(self.entered_name, entered)

    @property
    def offered(self) -> tuple[str, ...]:
        """The units besides its own in which the protocol lets it be typed."""
        if not self.units:
            return ()
        from studyportal import protocol
        from studyportal.crf.registry import spec_for

        form = spec_for(self.model).key  # type: ignore[arg-type]
        allowed = protocol.current().entry_units.get(form, {}).get(self.name, ())
        return tuple(one for one in self.units if one in allowed)

    def parse(self, raw: Any) -> Decimal | None:
        if isinstance(raw, str) and self.units:
            digits, _space, unit = raw.strip().rpartition(" ")
            raw = {"value": digits, "unit": unit} if unit in self.units else raw
        typed_unit = ""
        if isinstance(raw, dict):
            given = raw.get("unit")
            typed_unit = given if isinstance(given, str) and given in self.offered else ""
            raw = value_in_unit(raw, typed_unit or self.unit)
        if empty(raw):
            return None
        number = decimal_of(raw)
        exponent = number.normalize().as_tuple().exponent
        assert isinstance(exponent, int) and self.decimal_places is not None
        if -exponent > self.decimal_places:
            raise ValidationError(
                _("At most %(n)d decimals."), code="max_decimal_places", params={"n": self.decimal_places}
            )
        typed = number
        places = Decimal(1).scaleb(-self.decimal_places)
        if abs(number) >= Decimal(10) ** 12:
            raise ValidationError(_("This number is too large to be a measurement."), code="max_value")
        if typed_unit:
            number = CONVERSIONS[typed_unit, self.unit].of(number).quantize(places)
        within(number, self.minimum, self.maximum, self.unit)
        number = number.quantize(places) + 0
        return Measured(number, plain(typed), typed_unit) if typed_unit and self.name else number

    def from_page(self, text: str) -> str:
        return _number_from_page(text)

    def as_text(self, value: Any) -> str:
        if isinstance(value, Measured) and value.unit:
            return value.entered
        return "" if value is None else plain(value)

    def as_json(self, value: Any) -> Any:
        return None if value is None else plain(value)

    def for_people(self, value: Any) -> str:
        if value is None:
            return ""
        words = f"{plain(value)} {human_unit_text(self.unit)}".strip()
        if not isinstance(value, Measured) or not value.unit:
            return words
        return f"{words} ({value.typed} {human_unit_text(value.unit)})"

    def typed_for_people(self, raw: Any) -> str:
        if isinstance(raw, dict):
            return f"{raw.get('value')} {human_unit_text(str(raw.get('unit')))}"
        return super().typed_for_people(raw)

    def columns(self) -> tuple[Column, ...]:
        number = self.export_column(
            self.name,
            self.sql,
            self.export_type,
            minimum="" if self.minimum is None else str(self.minimum),
            maximum="" if self.maximum is None else str(self.maximum),
        )
        if not self.units or self.sql_source:
            return (number,)
        entered = Column(
            name=self.entered_name,
            sql=f't."{self.entered_name}"',
            type="text",
            label=f"{self.label}: {_('as entered, with its unit')}",
            field=self.name,
        )
        return (number, entered)


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

    def from_page(self, text: str) -> str:
        return _number_from_page(text)

    def as_json(self, value: Any) -> Any:
        return value

    def columns(self) -> tuple[Column, ...]:
        low = "" if self.minimum is None else str(self.minimum)
        high = "" if self.maximum is None else str(self.maximum)
        return (self.export_column(self.name, self.sql, self.export_type, minimum=low, maximum=high),)


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
            raise ValidationError(translated(error.message), code=error.code) from None

    def from_page(self, text: str) -> str:
        return plain_signs(text) if len(text) <= 60 else text

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
