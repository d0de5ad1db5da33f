"""Where the audit trail of a record is read: the page belongs to an app above, which says so here."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.db import models

Maker = Callable[[type[models.Model], Any], str]
_makers: list[Maker] = []


def register(maker: Maker) -> None:
    """maker: (model, key of the record) → address. The last one registered is asked."""
    _makers.append(maker)


def trail_of(record: models.Model) -> str:
    """The address of the record's audit trail, "" in a portal without such a page."""
    return _makers[-1](type(record), record.pk) if _makers else ""
