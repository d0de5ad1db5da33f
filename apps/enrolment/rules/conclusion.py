"""What the forms of loss and end of study may not say, and what they tell of a life."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from apps.enrolment.rules.dates import certainly_before
from apps.enrolment.rules.participation import LifeEvent
from studyportal.crf.outcomes import Problem
from studyportal.crf.partial_date import PartialDate
from studyportal.words import said

Values = Mapping[str, Any]


def last_contact_before_declared(values: Values) -> Iterable[Problem]:
    """A participant is declared lost after the last contact, or on the day of it."""
    declared = values.get("declared_on")
    if declared is not None and certainly_before(PartialDate.of(declared), values.get("last_contact_on")):
        yield Problem(
            "last_contact_on",
            "order",
            said(
                "The last contact lies after the day on which the participant was declared lost. Correct"
                " one of the two."
            ),
        )


def found_after_declared(values: Values) -> Iterable[Problem]:
    declared = values.get("declared_on")
    if declared is not None and certainly_before(values.get("found_on"), PartialDate.of(declared)):
        yield Problem(
            "found_on",
            "order",
            said(
                "The participant was found before being declared lost. Correct one of the two dates, or"
                " remove the form."
            ),
        )


def methods_fit_attempts(values: Values) -> Iterable[Problem]:
    """Each way of trying was at least one attempt."""
    attempts, methods = values.get("attempts"), values.get("attempt_methods") or []
    if attempts is not None and len(methods) > attempts:
        yield Problem(
            "attempts",
            "contradiction",
            said(
                "%(methods)s ways of trying are at least %(methods)s attempts; %(attempts)s are counted."
                " Correct one of the two.",
                methods=len(methods),
                attempts=attempts,
            ),
        )


def end_in_order(values: Values) -> Iterable[Problem]:
    """The last visit and the death do not lie after the end; no visit lies after the death."""
    ended, last, died = (values.get(name) for name in ("ended_on", "last_visit_on", "died_on"))
    if certainly_before(ended, last):
        yield Problem(
            "last_visit_on", "order", said("The last visit lies after the end. Correct one of the two.")
        )
    if certainly_before(ended, died):
        yield Problem(
            "died_on",
            "order",
            said(
                "The death lies after the end: the time in the study ends with the death. Correct one of"
                " the two."
            ),
        )
    if certainly_before(died, last):
        yield Problem(
            "last_visit_on", "order", said("The last visit lies after the death. Correct one of the two.")
        )


@dataclass(frozen=True)
class Loss:
    """A loss to follow-up. found: whether the participant was found again; found_on: as far as known."""

    declared_on: dt.date
    reason: str
    found: bool
    found_on: PartialDate | None


@dataclass(frozen=True)
class End:
    """An end of study. reason: a code of EndReason."""

    reason: str
    ended_on: PartialDate | None
    died_on: PartialDate | None


def life_of_conclusion(losses: Sequence[Loss], end: End | None) -> list[LifeEvent]:
    """What the two forms tell: lost, found, and how the time in the study ended.

    A withdrawal of consent with its scopes is told by the consent log; the form says only that the time ended.
    """
    events: list[LifeEvent] = []
    for loss in losses:
        events.append(LifeEvent("lost", PartialDate.of(loss.declared_on), loss.reason))
        if loss.found:
            events.append(LifeEvent("found", loss.found_on))
    if end is None:
        return events
    if end.reason == "died":
        events.append(LifeEvent("died", end.died_on or end.ended_on))
    elif end.reason == "completed":
        events.append(LifeEvent("completed", end.ended_on))
    elif end.reason != "lost":
        events.append(LifeEvent("ended", end.ended_on, end.reason))
    elif all(loss.found for loss in losses):
        # Otherwise the loss that stands says it, with the day on which it was declared.
        events.append(LifeEvent("lost", end.ended_on))
    return events
