"""What must be true before a form of a visit is saved."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.utils.translation import gettext as _now

from apps.visits.models import VisitStatus
from studyportal.crf.outcomes import Problem


def visit_took_place(record: Any, by: Any) -> Iterable[Problem]:
    """Gate: nothing is recorded at a visit that was missed."""
    visit = record.visit
    if visit is not None and visit.status == VisitStatus.MISSED:
        yield Problem(
            "visit",
            "visit_missed",
            _now("This visit is recorded as missed. If it took place after all, change the visit first."),
        )
