"""What a move to another version of the protocol must be. Pure."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable

from studyportal.crf.outcomes import Problem
from studyportal.crf.partial_date import PartialDate
from studyportal.words import said


def move_problems(
    *,
    version: str,
    in_force_on: dt.date | None,
    from_on: dt.date | None,
    enrolled_on: PartialDate | None,
    today: dt.date,
) -> Iterable[Problem]:
    """in_force_on: of that version, None since the study began. today: at the site. Both ends are allowed."""
    if enrolled_on is None:
        yield Problem(
            None,
            "not_enrolled",
            said("The participant is not enrolled; enrolling assigns the version that is in force then."),
        )
    if from_on is None:
        yield Problem("from_on", "required", said("Say from which day: that of the new consent, as a rule."))
        return
    if from_on > today:
        yield Problem("from_on", "in_future", said("This lies in the future. Record the move on its day."))
    if in_force_on is not None and from_on < in_force_on:
        yield Problem(
            "from_on",
            "before_in_force",
            said("Version %(version)s is in force from %(day)s only.", version=version, day=in_force_on),
        )
    if enrolled_on is not None and enrolled_on.earliest is not None and from_on < enrolled_on.earliest:
        yield Problem("from_on", "before_enrolment", said("This lies before the enrolment."))
