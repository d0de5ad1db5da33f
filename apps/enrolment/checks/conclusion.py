"""Soft checks of loss and end of study."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from apps.enrolment.rules.dates import certainly_before, least_days_between
from studyportal.crf.outcomes import Finding
from studyportal.crf.partial_date import PartialDate
from studyportal.words import said

Values = Mapping[str, Any]
Context = Mapping[str, Any]


def attempts_as_in_protocol(values: Values, context: Context) -> Iterable[Finding]:
    """context["attempts_before_lost"]: number, None when the protocol says nothing."""
    asked, attempts = context.get("attempts_before_lost"), values.get("attempts")
    if asked is not None and attempts is not None and attempts < asked:
        yield Finding(
            "attempts",
            "too_few_attempts",
            said(
                "The protocol asks for at least %(asked)s attempts before a participant is lost;"
                " %(attempts)s were made. Try again, or say why not.",
                asked=asked,
                attempts=attempts,
            ),
        )


def ways_as_in_protocol(values: Values, context: Context) -> Iterable[Finding]:
    asked, ways = context.get("ways_before_lost"), values.get("attempt_methods")
    if asked is not None and ways is not None and len(ways) < asked:
        yield Finding(
            "attempt_methods",
            "too_few_ways",
            said(
                "The protocol asks for at least %(asked)s different ways to reach a participant. Was"
                " another one tried?",
                asked=asked,
            ),
        )


def declared_after_waiting(values: Values, context: Context) -> Iterable[Finding]:
    asked, declared = context.get("days_before_lost"), values.get("declared_on")
    if asked is None or declared is None:
        return
    last = values.get("last_contact_on")
    if last is None or last.earliest is None:
        return
    days = (declared - last.earliest).days  # the most that it can be
    if 0 <= days < asked:
        yield Finding(
            "declared_on",
            "declared_early",
            said(
                "At most %(days)s days after the last contact; the protocol waits %(asked)s days. Is the"
                " date right?",
                days=days,
                asked=asked,
            ),
        )


def dead_is_not_lost(values: Values, context: Context) -> Iterable[Finding]:
    """context["end"]: reason of the end of study, None without one."""
    if values.get("vital_status") == "dead" and context.get("end") != "died":
        yield Finding(
            "vital_status",
            "death_without_end",
            said("The participant has died: record it in the form “End of study”."),
        )


def lost_after_end(values: Values, context: Context) -> Iterable[Finding]:
    """context["ended_on"]: partial date of the end of study."""
    declared = values.get("declared_on")
    if declared is not None and certainly_before(context.get("ended_on"), PartialDate.of(declared)):
        yield Finding(
            "declared_on",
            "lost_after_end",
            said("The participant's time in the study had ended before. Which of the two forms is right?"),
        )


def lost_has_form(values: Values, context: Context) -> Iterable[Finding]:
    """context["still_lost"]: whether a loss is recorded whose participant was not found again."""
    lost = context.get("still_lost")
    if values.get("reason") == "lost" and lost is False:
        yield Finding(
            "reason",
            "loss_not_recorded",
            said(
                "There is no form “Lost to follow-up” that says when contact was lost and what was tried."
                " Fill it in."
            ),
        )
    if values.get("reason") == "completed" and lost is True:
        yield Finding(
            "reason",
            "completed_while_lost",
            said("The participant is recorded as lost, and not as found again. Was the protocol completed?"),
        )


def end_after_enrolment(values: Values, context: Context) -> Iterable[Finding]:
    enrolled = getattr(values.get("participant"), "enrolled_on", None)
    if certainly_before(values.get("ended_on"), enrolled):
        yield Finding(
            "ended_on",
            "end_before_enrolment",
            said("The end lies before enrolment. Which of the two dates is right?"),
        )


def ended_long_after_last_visit(values: Values, context: Context) -> Iterable[Finding]:
    days = least_days_between(values.get("last_visit_on"), values.get("ended_on"))
    if values.get("reason") == "completed" and days is not None and days > 90:
        yield Finding(
            "ended_on",
            "end_long_after_last_visit",
            said(
                "The end lies %(days)s days or more after the last visit. Who completes the protocol ends"
                " with the visit.",
                days=days,
            ),
        )


def asked_above(values: Values, context: Context) -> Iterable[Finding]:
    """What the apps above find: visits that are missing, a withdrawal, a serious event that is not recorded."""
    yield from context.get("from_above", ())
