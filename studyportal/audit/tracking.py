"""History by database trigger: every insert, update and delete, whoever or whatever made it."""

from __future__ import annotations

from typing import TypeVar

import pghistory
from django.db import models

M = TypeVar("M", bound=type[models.Model])

INSERT, UPDATE, DELETE = "insert", "update", "delete"


def tracked(model: M) -> M:
    """Class decorator: keep the history of a participant-level model in `<Model>Event`.

    Triggers run once per statement (PGHISTORY_LEVEL): bulk writes cost about half of what row triggers
    cost. The context stands in the event row itself.
    """
    return pghistory.track(  # type: ignore[return-value]
        pghistory.InsertEvent(),
        pghistory.UpdateEvent(),
        pghistory.DeleteEvent(),
    )(model)
