"""What checks of single forms need from elsewhere, and what a pregnancy test bars."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from apps.enrolment.models import Demographics
from apps.visits.models import PregnancyTest, planned_minutes


def mixed_meal_context(record: Any) -> Mapping[str, Any]:
    return {"planned": planned_minutes()}


def pregnancy_context(record: Any) -> Mapping[str, Any]:
    known = Demographics.objects.filter(participant_id=record.participant_id)
    return {"sex": known.values_list("sex", flat=True).first()}


def last_pregnancy_test(participant_id: int) -> PregnancyTest | None:
    """The last test that says yes or no: by its day, those of unknown day in the order in which they were entered."""
    told = PregnancyTest.objects.filter(
        participant_id=participant_id, result__in=("negative", "positive")
    ).select_related("visit")

    def place(test: PregnancyTest) -> tuple[str, int]:
        day = test.tested_on or test.visit.happened_on
        earliest = None if day is None else day.earliest
        return ("" if earliest is None else earliest.isoformat(), test.pk)

    return max(told, key=place, default=None)
