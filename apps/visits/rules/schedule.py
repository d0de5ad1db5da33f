"""The schedule: days, windows and what they are called. Pure; days are whole days, counted from the anchor."""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Literal, Protocol

from studyportal.crf.outcomes import NotDerivable
from studyportal.words import said

WindowState = Literal["early", "in_window", "late", "unknown"]


DAYS_PER_MONTH = Decimal("30.4375")


DAYS_PER_YEAR = Decimal("365.25")


class VisitState(StrEnum):
    """What a visit of the protocol is, for one participant, on one day at his or her site."""

    UPCOMING = "upcoming"  # before its window
    DUE = "due"  # within its window
    OVERDUE = "overdue"  # its window has passed, and nobody said what became of it
    IN_PROGRESS = "in_progress"  # it took place, and an expected form is not complete
    COMPLETE = "complete"  # it took place, and every expected form is complete
    MISSED = "missed"
    NOT_APPLICABLE = "not_applicable"  # not of the group or the version; or the participant left before
    UNSCHEDULED = "unscheduled"  # the protocol gives it no day
    UNDATED = "undated"  # its anchor is not known to the day


# What is still to be done with a visit, in the order of urgency.
TO_BE_HELD = (VisitState.OVERDUE, VisitState.DUE, VisitState.UPCOMING)


class PartialDay(Protocol):
    @property
    def earliest(self) -> dt.date | None: ...
    @property
    def latest(self) -> dt.date | None: ...


@dataclass(frozen=True)
class Due:
    """The days on which a visit is due, inclusive."""

    earliest: dt.date
    target: dt.date
    latest: dt.date


@dataclass(frozen=True)
class DaySpan:
    """Lowest and highest possible number of days from the anchor; the same when both dates are known to the day."""

    lowest: int
    highest: int

    @property
    def exact(self) -> int | None:
        return self.lowest if self.lowest == self.highest else None


def window_state(target: int, before: int, after: int, actual_day: int) -> WindowState:
    """Where a day lies against target − before … target + after; both ends belong to the window."""
    if actual_day < target - before:
        return "early"
    if actual_day > target + after:
        return "late"
    return "in_window"


def window_state_of_span(target: int, before: int, after: int, days: DaySpan | NotDerivable) -> WindowState:
    """The same for a visit that is dated by month or year: told only when every possible day gives one answer."""
    if isinstance(days, NotDerivable):
        return "unknown"
    lowest = window_state(target, before, after, days.lowest)
    highest = window_state(target, before, after, days.highest)
    return lowest if lowest == highest else "unknown"


def due_dates(anchor: dt.date, target: int, before: int, after: int) -> Due:
    """The window of a visit in days of the calendar. Day 0 is the anchor."""
    return Due(
        anchor + dt.timedelta(days=target - before),
        anchor + dt.timedelta(days=target),
        anchor + dt.timedelta(days=target + after),
    )


def days_between(anchor: PartialDay | None, happened: PartialDay | None) -> DaySpan | NotDerivable:
    """Days from the anchor to the visit, as far as both dates are known."""
    if anchor is None:
        return NotDerivable(said("date of the anchor missing"))
    if happened is None:
        return NotDerivable(said("date of the visit missing"))
    if anchor.earliest is None or anchor.latest is None:
        return NotDerivable(said("date of the anchor is an age only"))
    if happened.earliest is None or happened.latest is None:
        return NotDerivable(said("date of the visit is an age only"))
    return DaySpan((happened.earliest - anchor.latest).days, (happened.latest - anchor.earliest).days)


@dataclass(frozen=True)
class Left:
    """The participant takes part no more. on: the first day that this can have been; None: not known."""

    on: dt.date | None = None


def state_of(
    *,
    today: dt.date,
    due: Due | None,
    held: str = "",
    complete: int = 0,
    expected: int = 0,
    scheduled: bool = True,
    applies: bool = True,
    left: Left | None = None,
) -> VisitState:
    """The one definition of what a visit is.

    today: at the site of the participant. due: None when the anchor is not known to the day. held: the state of the
    record (planned, done, missed), "" for none. complete, expected: its forms. applies: the group and the version have
    the visit, and something is expected of the participant at all. What was held or missed stays so, whatever the
    protocol says later. Who left while the window was to come or open missed nothing; what was over by then is overdue.
    """
    if held == "missed":
        return VisitState.MISSED
    if not scheduled:
        return VisitState.UNSCHEDULED
    if held == "done":
        return VisitState.COMPLETE if complete >= expected else VisitState.IN_PROGRESS
    if not applies:
        return VisitState.NOT_APPLICABLE
    if left is not None and (due is None or left.on is None or left.on <= due.latest):
        return VisitState.NOT_APPLICABLE
    if due is None:
        return VisitState.UNDATED
    if today > due.latest:
        return VisitState.OVERDUE
    return VisitState.DUE if today >= due.earliest else VisitState.UPCOMING


_NUMBER_WORDS = {
    word: number
    for number, word in enumerate(
        ["one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"],
        start=1,
    )
} | {"a": 1, "an": 1, "eighteen": 18, "twenty-four": 24}


_NOMINAL = re.compile(
    r"\b(?P<number>\d{1,3}|" + "|".join(sorted(_NUMBER_WORDS, key=len, reverse=True)) + r")[\s-]+"
    r"(?P<unit>day|week|month|year)s?\b",
    re.IGNORECASE,
)


_DAYS_PER = {"day": Decimal(1), "week": Decimal(7), "month": DAYS_PER_MONTH, "year": DAYS_PER_YEAR}


# How far the calendar may lie from a rounded label: half of the unit that the label counts in.
_SLACK = {"day": Decimal(1), "week": Decimal("3.5"), "month": DAYS_PER_MONTH / 2, "year": DAYS_PER_MONTH * 2}


def nominal_days(label: str) -> tuple[Decimal, Decimal] | None:
    """(days, slack) that a label such as “six months” or “1 year” stands for; None when it names no duration."""
    found = _NOMINAL.search(label)
    if found is None:
        return None
    text, unit = found["number"].lower(), found["unit"].lower()
    number = int(text) if text.isdigit() else _NUMBER_WORDS[text]
    return number * _DAYS_PER[unit], _SLACK[unit]


def label_disagrees(label: str, days: DaySpan | NotDerivable) -> bool:
    """Whether no possible day of the visit fits the duration that its label names."""
    nominal = nominal_days(label)
    if nominal is None or isinstance(days, NotDerivable):
        return False
    expected, slack = nominal
    return days.lowest > expected + slack or days.highest < expected - slack
