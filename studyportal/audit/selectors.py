"""Reading the history of a record as a person reads it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import FieldDoesNotExist
from django.db import models
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

# What a page of history leaves out: bookkeeping, and what is sealed and could only be shown as ciphertext.
TECHNICAL = frozenset(
    {
        *("id", "version", "updated_at", "created_at"),
        *("sealed", "key_id", "hospital_number_index"),
        # How a sentence was made that stands beside them in full.
        *("template", "params"),
    }
)


# Names that Django makes, for those who translate.
MADE_NAMES = (
    gettext_noop("participant"),
    gettext_noop("site"),
    gettext_noop("raised by"),
    gettext_noop("closed by"),
)


@dataclass(frozen=True)
class FieldChange:
    name: str
    label: str
    before: Any
    after: Any


@dataclass(frozen=True)
class Change:
    """One row of history: what one statement did to one record."""

    at: dt.datetime
    label: str
    by: str
    source: str
    reason: str
    request: str
    fields: tuple[FieldChange, ...]
    reason_code: str = ""


def event_model_of(model: type[models.Model]) -> type[models.Model]:
    """The history model of a tracked model."""
    return model._meta.get_field("events").related_model  # type: ignore[return-value]


def history_of(record: models.Model) -> list[Change]:
    """All changes of the record, newest first: one query."""
    events = event_model_of(type(record))._default_manager.filter(pgh_obj_id=record.pk).order_by("pgh_id")
    return changes(type(record), events)[::-1]


def changes(model: type[models.Model], events: Iterable[Any]) -> list[Change]:
    """Events of one record, oldest first → changes with before and after."""
    read: list[Change] = []
    previous: dict[str, Any] = {}
    for event in events:
        current = values_of(model, event)
        deleted = event.pgh_label == "delete"
        differing = [name for name in current if deleted or current[name] != previous.get(name)]
        context = event.pgh_context or {}
        read.append(
            Change(
                at=event.pgh_created_at,
                label=event.pgh_label,
                by=context.get("username") or "",
                source=context.get("source") or "database",
                reason=context.get("reason") or "",
                request=context.get("request") or "",
                reason_code=context.get("reason_code") or "",
                fields=tuple(
                    FieldChange(
                        name=name,
                        label=label_of(model, name),
                        before=current[name] if deleted else previous.get(name),
                        after=None if deleted else current[name],
                    )
                    for name in differing
                    if name not in TECHNICAL
                ),
            )
        )
        previous = current
    return read


def values_of(model: type[models.Model], event: Any) -> dict[str, Any]:
    return {
        field.name: getattr(event, field.attname)
        for field in event._meta.concrete_fields
        if not field.name.startswith("pgh_") and field.name not in ("id",)
    }


def label_of(model: type[models.Model], name: str) -> str:
    try:
        # What Django makes of a column that has no name of its own is English until it is looked up.
        return _(str(model._meta.get_field(name).verbose_name))  # type: ignore[union-attr]
    except FieldDoesNotExist:
        return name
