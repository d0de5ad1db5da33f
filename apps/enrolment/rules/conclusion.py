"""What the forms of loss and end of study may not say."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from apps.enrolment.rules.dates import certainly_before
from studyportal.crf.outcomes import Problem
from studyportal.crf.partial_date import PartialDate

Values = Mapping[str, Any]


def last_contact_before_declared(values: Values) -> Iterable[Problem]:
    """A participant is declared lost after the last contact, or on the day of it."""
    declared = values.get("declared_on")
    if declared is not None and certainly_before(PartialDate.of(declared), values.get("last_contact_on")):
        yield Problem(
            "last_contact_on",
            "order",
            "The last contact lies after the day on which the participant was declared lost. Correct one of the two.",
        )


def found_after_declared(values: Values) -> Iterable[Problem]:
    declared = values.get("declared_on")
    if declared is not None and certainly_before(values.get("found_on"), PartialDate.of(declared)):
        yield Problem(
            "found_on",
            "order",
            "The participant was found before being declared lost. Correct one of the two dates, or remove the form.",
        )


def methods_fit_attempts(values: Values) -> Iterable[Problem]:
    """Each way of trying was at least one attempt."""
    attempts, methods = values.get("attempts"), values.get("attempt_methods") or []
    if attempts is not None and len(methods) > attempts:
        yield Problem(
            "attempts",
            "contradiction",
            f"{len(methods)} ways of trying are at least {len(methods)} attempts; {attempts} are counted. "
            "Correct one of the two.",
        )


def end_in_order(values: Values) -> Iterable[Problem]:
    """The last visit and the death do not lie after the end; no visit lies after the death."""
    ended, last, died = (values.get(name) for name in ("ended_on", "last_visit_on", "died_on"))
    if certainly_before(ended, last):
        yield Problem("last_visit_on", "order", "The last visit lies after the end. Correct one of the two.")
    if certainly_before(ended, died):
        yield Problem(
            "died_on",
            "order",
            "The death lies after the end: the time in the study ends with the death. Correct one of the two.",
        )
    if certainly_before(died, last):
        yield Problem(
            "last_visit_on", "order", "The last visit lies after the death. Correct one of the two."
        )
