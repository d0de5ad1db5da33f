"""Values as people and programs write them, read for the tables of enrolment that are no forms."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext as _

from studyportal.crf.outcomes import Problem
from studyportal.crf.partial_date import PartialDate, PartialDateError


def plain_text(name: str, raw: Any, max_length: int, problems: list[Problem]) -> str:
    """Text without NUL and halves of characters, stripped; anything else is a problem."""
    if raw is None:
        return ""
    if not isinstance(raw, str) or "\x00" in raw or any("\ud800" <= c <= "\udfff" for c in raw):
        problems.append(Problem(name, "type", _("Give plain text.")))
        return ""
    text = raw.strip()
    if len(text) > max_length:
        problems.append(Problem(name, "max_length", _("At most %d characters.") % max_length))
    return text


def code_of(name: str, raw: Any, choices: Mapping[str, Any], problems: list[Problem]) -> str:
    """One of the codes, or "" for nothing."""
    if raw in (None, ""):
        return ""
    if not isinstance(raw, str) or raw not in choices:
        problems.append(Problem(name, "choice", _("One of: %s.") % ", ".join(choices)))
        return ""
    return raw


def partial_date(name: str, raw: Any, problems: list[Problem]) -> PartialDate | None:
    if raw is None or isinstance(raw, PartialDate):
        return raw
    if isinstance(raw, dt.date):
        return PartialDate.of(raw)
    if not isinstance(raw, str):
        problems.append(Problem(name, "type", _("Give the date in quotes: 2016-11-03, 2016-11 or 2016.")))
        return None
    if not raw.strip():
        return None
    try:
        return PartialDate.parse(raw)
    except PartialDateError as error:
        problems.append(Problem(name, error.code, str(error)))
        return None


def day(name: str, raw: Any, problems: list[Problem]) -> dt.date | None:
    if raw is None or (isinstance(raw, dt.date) and not isinstance(raw, dt.datetime)):
        return raw
    try:
        if isinstance(raw, str):
            return models.DateField().to_python(raw.strip()) if raw.strip() else None
    except ValidationError:
        pass
    problems.append(Problem(name, "invalid_date", _("Write the day as 2016-11-03.")))
    return None


def whole_number(name: str, raw: Any, low: int, high: int, problems: list[Problem]) -> int | None:
    if raw in (None, ""):
        return None
    text = str(raw).strip() if isinstance(raw, str | int) and not isinstance(raw, bool) else ""
    if not (text.isascii() and text.isdigit() and len(text) < 9 and low <= int(text) <= high):
        problems.append(
            Problem(
                name, "range", _("Give a whole number from %(low)d to %(high)d.") % {"low": low, "high": high}
            )
        )
        return None
    return int(text)
