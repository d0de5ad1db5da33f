"""What an entry of the screening log may not say."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from typing import Any

from studyportal.crf.outcomes import Problem
from studyportal.words import said

# Outcomes that a person records; `enrolled` is recorded by enrolling.
CONCLUSIONS = ("not_eligible", "declined", "not_reached", "duplicate", "other")
NEED_REASON = ("declined", "other")


def screening_number(site_code: str, sequence: int) -> str:
    """`MUM-S0001`."""
    if sequence < 1:
        raise ValueError("Screening numbers begin at 1.")
    return f"{site_code}-S{sequence:04d}"


def entry_problems(values: Mapping[str, Any], *, today: dt.date, retrospective: bool) -> Iterable[Problem]:
    """values: the typed values of an entry, with its outcome. today: at the site."""
    screened, concluded = values.get("screened_on"), values.get("outcome_on")
    outcome = values.get("outcome", "open")
    if screened is None and not retrospective:
        yield Problem("screened_on", "required", said("Say when the person was screened."))
    for name, when in (("screened_on", screened), ("outcome_on", concluded)):
        if when is not None and when.earliest is not None and when.earliest > today:
            yield Problem(name, "in_future", said("This lies in the future. Check the year."))
        if when is not None and when.age is not None:
            yield Problem(name, "age", said("Give the date, not an age."))
    if (
        screened is not None
        and concluded is not None
        and screened.earliest is not None
        and concluded.latest is not None
        and concluded.latest < screened.earliest
    ):
        yield Problem(
            "outcome_on",
            "before_screening",
            said("The outcome lies before the screening. Correct one of the two."),
        )
    if outcome == "open":
        for name in ("outcome_on", "reason_code", "reason_text"):
            if values.get(name):
                yield Problem(
                    name, "open", said("This belongs to an outcome. Choose the outcome, or leave this empty.")
                )
        return
    if concluded is None and not retrospective:
        yield Problem("outcome_on", "required", said("Say when the screening ended."))
    if outcome in NEED_REASON and not values.get("reason_code"):
        yield Problem("reason_code", "required", said("Say why the person does not go on."))
    if values.get("reason_code") == "other" and not values.get("reason_text"):
        yield Problem("reason_text", "required", said("Say in words which other reason."))
