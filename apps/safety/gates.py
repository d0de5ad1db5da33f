"""What must be true before a follow-up is saved."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from apps.safety.contexts import known_before
from apps.safety.models import FollowUp
from apps.safety.rules import follow_ups
from studyportal.crf.outcomes import Problem


def follow_up_goes_on(record: FollowUp, by: Any) -> Iterable[Problem]:
    """A later follow-up does not undo what an earlier one, or the event, says."""
    values = {"seen_on": record.seen_on, "outcome": record.outcome, "serious": record.serious}
    yield from follow_ups.goes_back(values, known_before(record))
