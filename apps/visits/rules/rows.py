"""Cells of rows within a form, as rules and checks read them. Pure; the shape is that of `crf.fields.rows`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

Row = Mapping[str, Any]


def rows(values: Mapping[str, Any], name: str) -> Sequence[Row]:
    """The rows of a field; none for a field without value."""
    return values.get(name) or ()


def number(row: Row, column: str) -> Decimal | None:
    text = row.get(column)
    return None if text is None else Decimal(text)


def minutes_of_day(text: str | None) -> int | None:
    """“07:05” → 425."""
    if text is None:
        return None
    hours, _colon, minutes = text.partition(":")
    return int(hours) * 60 + int(minutes)
