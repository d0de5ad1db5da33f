"""What a registration may not say."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from typing import Any

from studyportal.crf.outcomes import Problem
from studyportal.words import said


def retrospective_problems(*, enrolled_on: Any, study_opened_on: Any) -> Iterable[Problem]:
    """A record may only be transcribed from a published source when its events precede the study."""
    if study_opened_on is None or enrolled_on is None or enrolled_on.earliest is None:
        return
    if enrolled_on.earliest >= study_opened_on:
        yield Problem(
            "enrolled_on",
            "study_open",
            said(
                "The study opened on %(study_opened_on)s; a participant enrolled since then is followed,"
                " not transcribed. Register without “retrospective”.",
                study_opened_on=study_opened_on,
            ),
        )


def enrolment_problems(*, enrolled_on: Any, screened_on: Any, today: dt.date) -> Iterable[Problem]:
    """What a day of enrolment may not be. Partial dates; today: at the site."""
    if enrolled_on is None:
        yield Problem("enrolled_on", "required", said("Say on which day the participant is enrolled."))
        return
    if enrolled_on.earliest is None:
        yield Problem("enrolled_on", "age", said("Give the date, not an age."))
        return
    if enrolled_on.earliest > today:
        yield Problem(
            "enrolled_on", "in_future", said("The day of enrolment lies in the future. Check the year.")
        )
    if screened_on is not None and enrolled_on.certainly_before(screened_on):
        yield Problem(
            "enrolled_on",
            "before_screening",
            said(
                "The person was screened %(screened_on)s; enrolment comes after. Correct one of the two.",
                screened_on=screened_on,
            ),
        )
