"""Numbers: measured quantities, counts, and values as a laboratory reports them."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django.core.exceptions import ValidationError
from django.db import models
from django.utils.formats import get_format
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
from studyportal.words import translated


def _number_from_page(text: str) -> str:
    return typed_number(text, decimal_sign=get_format("DECIMAL_SEPARATOR"))


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

    def from_page(self, text: str) -> str:
        return _number_from_page(text)

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
