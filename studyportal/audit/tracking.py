"""History by database trigger: every insert, update and delete, whoever or whatever made it."""

from __future__ import annotations

from typing import TypeVar

import pghistory
from django.db import models

M = TypeVar("M", bound=type[models.Model])

INSERT, UPDATE, DELETE = "insert", "update", "delete"


def tracked(model: M) -> M:
    """Class decorator: keep the history of a participant-level model in `<Model>Event`.

    Triggers are at row level: for one row they cost half of a statement trigger, and they need no
    context table that the application's role would have to update.
    """
    return pghistory.track(  # type: ignore[return-value]
        pghistory.InsertEvent(),
        pghistory.UpdateEvent(),
        pghistory.DeleteEvent(),
    )(model)
