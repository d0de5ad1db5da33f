"""What is asked about the course of a mixed-meal test."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

from apps.visits.rules.rows import minutes_of_day, number, rows
from studyportal.crf.outcomes import Finding
from studyportal.words import said

FASTING_HOURS = Decimal(8)
# Minutes by which a sample may be off its planned time without being asked about.
TOLERANCE = 5
MEAL_MINUTES = 10


def fasted_long_enough(values: Mapping[str, Any], context: Mapping[str, Any]) -> Iterable[Finding]:
    hours = values.get("fasting_hours")
    if hours is not None and hours < FASTING_HOURS:
        yield Finding(
            "fasting_hours",
            "fasting_short",
            said(
                "Fasting for %(hours)s hours is short of %(needed)s. Is it right?",
                hours=hours,
                needed=FASTING_HOURS,
            ),
        )


def meal_was_taken(values: Mapping[str, Any], context: Mapping[str, Any]) -> Iterable[Finding]:
    if values.get("meal_finished") is False or values.get("vomited") is True:
        field = "vomited" if values.get("vomited") is True else "meal_finished"
        yield Finding(
            field,
            "meal_not_taken",
            said("The meal was not taken or not kept down: may the curve be used?"),
        )
    minutes = values.get("meal_minutes")
    if minutes is not None and minutes > MEAL_MINUTES:
        yield Finding(
            "meal_minutes",
            "meal_slow",
            said("%(minutes)s minutes for the meal is long. May the curve be used?", minutes=minutes),
        )


def samples_in_time(values: Mapping[str, Any], context: Mapping[str, Any]) -> Iterable[Finding]:
    start = minutes_of_day(values.get("meal_started_at"))
    if start is None:
        return
    off = []
    for row in rows(values, "samples"):
        at, planned = minutes_of_day(row.get("at")), number(row, "planned")
        if at is not None and planned is not None and abs(at - start - planned) > TOLERANCE:
            off.append(f"{planned:f} ({at - start})")
    if off:
        yield Finding(
            "samples",
            "sample_off_time",
            said(
                "More than %(tolerance)s minutes off the plan, with the minute from the meal: %(times)s. Are the times right?",
                tolerance=TOLERANCE,
                times=", ".join(off),
            ),
        )


def taken_has_time(values: Mapping[str, Any], context: Mapping[str, Any]) -> Iterable[Finding]:
    without = [
        f"{number(row, 'planned'):f}"
        for row in rows(values, "samples")
        if row.get("sampled") == "true" and row.get("at") is None and row.get("planned") is not None
    ]
    if without:
        yield Finding(
            "samples",
            "sample_without_time",
            said("Taken, and not said when: %(times)s. Can the source tell?", times=", ".join(without)),
        )


def times_of_protocol(values: Mapping[str, Any], context: Mapping[str, Any]) -> Iterable[Finding]:
    """context["planned"]: the minutes of the protocol."""
    planned = set(context.get("planned") or ())
    given = {int(minute) for row in rows(values, "samples") if (minute := number(row, "planned")) is not None}
    if not given or not planned or given == planned:
        return
    yield Finding(
        "samples",
        "times_not_of_protocol",
        said(
            "The protocol asks for samples at %(planned)s minutes. Is the difference right?",
            planned=", ".join(map(str, sorted(planned))),
        ),
    )
