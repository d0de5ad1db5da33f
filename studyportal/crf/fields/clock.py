"""A time of day, where the day is said elsewhere."""

from __future__ import annotations

import re
from typing import Any

from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext_lazy as _

from studyportal.crf.fields.base import CrfField
from studyportal.crf.parsing import empty, text_of

SHAPE = re.compile(r"([0-9]{1,2})[:.h]?([0-9]{2})")


class ClockField(CrfField, models.CharField):
    """Hours and minutes of the site's clock, kept as HH:MM. Typed 7:05, 07.05 or 0705."""

    export_type = "text"
    column_path = "django.db.models.CharField"
    column_kwargs = ("max_length",)

    def __init__(self, label: Any = None, **kwargs: Any) -> None:
        kwargs["max_length"] = 5
        super().__init__(label, **kwargs)

    def parse(self, raw: Any) -> str | None:
        if empty(raw):
            return None
        found = SHAPE.fullmatch(text_of(raw, max_length=20).strip())
        if found is None or not found[0].isascii() or int(found[1]) > 23 or int(found[2]) > 59:
            raise ValidationError(
                _("Write the time as hours and minutes of the day, such as 07:05."), code="invalid_time"
            )
        return f"{int(found[1]):02d}:{found[2]}"
