"""Values of records as the lines of a `ui.parts.Block`: each with its unit, or with the reason why there is none."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _

from apps.celldose.release import plain
from studyportal.crf.absence import label_of
from studyportal.ui.parts import Block, Line
from studyportal.ui.templatetags.ui_tags import human_date_text

__all__ = ["NOT_RECORDED", "Block", "Line", "coded", "measured", "number", "said", "stated_line"]

NOT_RECORDED = "–"


def number(value: Decimal | int | None, unit: str = "") -> str:
    """A number without trailing zeros and with its unit; empty for None."""
    if value is None:
        return ""
    text = plain(value) if isinstance(value, Decimal) else str(value)
    return f"{text} {unit}".strip()


def measured(label: str, record: Any, name: str, unit: str, without: str) -> Line:
    """A value of a record, or why there is none. without: what is said while the record itself is not there."""
    if record is None:
        return label, NOT_RECORDED, without
    value = getattr(record, name)
    if value is None:
        return label, NOT_RECORDED, label_of(record.absent_reason(name)) or _("not recorded")
    return label, number(value, unit), ""


def coded(record: Any, name: str) -> str:
    """A code in words, or why there is none."""
    if record is None:
        return ""
    crf_field = record._meta.get_field(name)
    value = getattr(record, name)
    if value in (None, "", []):
        return label_of(record.absent_reason(name))
    return str(crf_field.for_people(value))


def said(record: Any, name: str) -> tuple[Any, str]:
    """(value as it is, why there is none), for dates, moments and texts."""
    if record is None:
        return NOT_RECORDED, ""
    value = getattr(record, name)
    if value in (None, ""):
        return NOT_RECORDED, label_of(record.absent_reason(name)) or _("not recorded")
    return value, ""


def stated_line(label: str, record: Any, name: str) -> Line:
    value, why = said(record, name)
    return label, value, why


def moment(value: Any) -> str:
    """A moment in the zone that is active, to the minute."""
    return human_date_text(value)
