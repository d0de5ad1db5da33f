"""What must be true before a form of a visit is saved."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.utils.translation import gettext as _now

from apps.visits.models import TestResult, VisitStatus
from apps.visits.selectors import last_pregnancy_test
from studyportal.crf.outcomes import Problem
from studyportal.crf.spec import CrfSpec

# By their keys: what treats stands above visits and is not imported here.
TREATING = frozenset({"harvest", "infusion"})


def visit_took_place(record: Any, by: Any) -> Iterable[Problem]:
    """Gate: nothing is recorded at a visit that was missed."""
    visit = record.visit
    if visit is not None and visit.status == VisitStatus.MISSED:
        yield Problem(
            "visit",
            "visit_missed",
            _now("This visit is recorded as missed. If it took place after all, change the visit first."),
        )


def not_while_pregnant(spec: CrfSpec, record: Any, by: Any) -> Iterable[Problem]:
    """Gate of every form: nothing is harvested or infused after a positive test, until a later one is negative.

    What is recorded already can still be mended, and the past of a retrospective participant is recorded as it was.
    """
    if spec.key not in TREATING or record.pk is not None or record.participant.retrospective:
        return
    test = last_pregnancy_test(record.participant_id)
    if test is not None and test.result == TestResult.POSITIVE:
        yield Problem(
            None,
            "pregnancy_positive",
            _now(
                "The last pregnancy test is positive. A later negative one is needed first; ask the investigator."
            ),
        )
