"""Filters of lists that more than one app uses."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _
from django_filters import rest_framework as filters
from django_filters.fields import IsoDateTimeField


class MomentField(IsoDateTimeField):
    default_error_messages = {
        "out_of_range": _("This moment lies beyond the calendar. Write it as 2016-11-03T14:30+05:30.")
    }

    def to_python(self, value: Any) -> dt.datetime | None:
        moment = super().to_python(value)
        if moment is None:
            return None
        try:
            # The database takes offsets of 15:59 hours at most; in UTC it takes them all.
            return moment.astimezone(dt.UTC)
        except (OverflowError, ValueError):
            raise ValidationError(self.error_messages["out_of_range"], code="out_of_range") from None


class SinceFilter(filters.IsoDateTimeFilter):
    """`?updated_since=2026-11-03T14:30+05:30`: at this moment or later."""

    field_class = MomentField

    def __init__(self, field_name: str) -> None:
        super().__init__(field_name=field_name, lookup_expr="gte")
