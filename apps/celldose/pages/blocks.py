"""What pages and the printed sheet are made of: a titled block of lines or of one table, the same on screen and paper."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _

from apps.celldose.release import plain
from studyportal.crf.absence import label_of
from studyportal.ui.parts import Column, Row

# (term, value with its unit, why there is none or what it rests on)
Line = tuple[str, Any, str]


@dataclass(frozen=True)
class Block:
    """Lines, or a table, or both. empty: what is said when there is neither. url and action: where it is added to."""

    key: str
    title: str
    lines: Sequence[Line] = ()
    columns: Sequence[Column] = ()
    rows: Sequence[Row] = ()
    note: str = ""
    empty: str = ""
    url: str = ""
    action: str = ""
    tone: str = ""

    @property
    def is_empty(self) -> bool:
        return not self.lines and not self.rows


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
