"""The one decision about the past: whether a bar refuses (409) or, because the event precedes the study, opens a query.

A refusal prevents what has not happened yet. What a paper reports has happened, and refusing to record it would only
hide it.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from studyportal import protocol
from studyportal.crf.outcomes import Problem
from studyportal.crf.partial_date import PartialDate


def is_history(participant: Any, day: PartialDate | None) -> bool:
    """Whether an event belongs to a transcribed case and lies before the study opened.

    Only for participants registered as retrospective. A date that the source does not give counts as past:
    such a participant is not treated in the study. One that can lie after the opening does not.
    """
    if not participant.retrospective:
        return False
    return day is None or day.latest is None or day.latest < protocol.current().study.opened_on


def held_back_by_history(
    bars: Iterable[Problem], participant: Any, day: PartialDate | None
) -> tuple[Problem, ...]:
    """The bars that do not refuse because the event is history: the check `history` asks about each."""
    return tuple(bars) if is_history(participant, day) else ()


def refusing(bars: Iterable[Problem], participant: Any, day: PartialDate | None) -> tuple[Problem, ...]:
    """The bars that refuse: all of them, unless the event is history."""
    return () if is_history(participant, day) else tuple(bars)
