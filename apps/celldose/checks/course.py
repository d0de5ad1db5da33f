"""Soft checks of the course of an infusion: times, rates, volumes, observations. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

from apps.celldose.checks.kinds import Check, Context, Values
from apps.celldose.rules import infusion as rules
from studyportal.crf.outcomes import Finding
from studyportal.words import said


def observation_in_time(values: Values, context: Context) -> Iterable[Finding]:
    """context: time. The tolerance itself is in time."""
    off, time = values.get("minutes_off"), context.get("time")
    if off is None or time is None or abs(off) <= time.tolerance:
        return
    numbers = {"label": time.label, "off": abs(off), "tolerance": time.tolerance}
    words = (
        said(
            "“%(label)s” was observed %(off)s min after it was due; %(tolerance)s min are in time. Why?",
            **numbers,
        )
        if off > 0
        else said(
            "“%(label)s” was observed %(off)s min before it was due; %(tolerance)s min are in time. Why?",
            **numbers,
        )
    )
    yield Finding(
        "observed_at",
        "observation_off_time",
        words,
    )


def rate_within_bounds(name: str) -> Check:
    """A check: the rate of a field lies within the protocol's bounds. context: rate_bounds (low, high), each or None."""

    def check(values: Values, context: Context) -> Iterable[Finding]:
        rate, bounds = values.get(name), context.get("rate_bounds")
        if rate is None or bounds is None:
            return
        low, high = bounds
        if (low is not None and rate < low) or (high is not None and rate > high):
            yield Finding(
                name,
                "rate_outside_bounds",
                said(
                    "%(rate)s mL/h lies outside of %(low)s–%(high)s mL/h. Is the number right?",
                    rate=rate.normalize(),
                    low=_bound(low),
                    high=_bound(high),
                ),
            )

    return check


def _bound(value: Decimal | None) -> Decimal | str:
    return "…" if value is None else value.normalize()


def volume_agrees_with_rates(values: Values, context: Context) -> Iterable[Finding]:
    """context: course, volume_tolerance_percent. Asked when the rate is recorded throughout and the infusion is over."""
    volume, course = values.get("volume_ml"), context.get("course")
    if volume is None or not volume or course is None or course.stopped_at is None:
        return
    by_rates = rules.volume_by_rates(course, course.stopped_at)
    if not isinstance(by_rates, Decimal):
        return
    percent = abs(by_rates - volume) / volume * 100
    if percent > context.get("volume_tolerance_percent", 100):
        yield Finding(
            "volume_ml",
            "volume_by_rates",
            said(
                "%(volume)s mL are recorded as infused, but the recorded rates and times give"
                " %(by_rates)s mL.",
                volume=volume.normalize(),
                by_rates=by_rates,
            ),
        )


def interruptions_agree(values: Values, context: Context) -> Iterable[Finding]:
    """context: course."""
    stated, course = values.get("interruptions"), context.get("course")
    if stated is None or course is None or not course.happened:
        return
    found = sum(1 for one in course.happened if one.kind == "interruption")
    if found != stated:
        yield Finding(
            "interruptions",
            "interruptions_differ",
            said(
                "%(stated)s interruptions are stated, %(found)s are recorded with their time.",
                stated=stated,
                found=found,
            ),
        )


def ended_while_interrupted(values: Values, context: Context) -> Iterable[Finding]:
    """context: course. A product may end in an interruption: then the reason is asked for."""
    course = context.get("course")
    if course is None or course.stopped_at is None or values.get("interruptions_note"):
        return
    breaks = [one for one in course.in_order if one.kind in ("interruption", "resumption")]
    if breaks and breaks[-1].kind == "interruption" and breaks[-1].at < course.stopped_at:
        yield Finding(
            "stopped_at",
            "stopped_while_interrupted",
            said(
                "The infusion ended while it was interrupted. Was it stopped for good? Say why under"
                " “Interruptions in words”."
            ),
        )


def observations_missing(values: Values, context: Context) -> Iterable[Finding]:
    """context: planned, the observations of the schedule as they stand now; None for what is transcribed."""
    missed = [one.time.label for one in context.get("planned") or () if one.state == "overdue"]
    if missed and values.get("stopped_at") is not None:
        yield Finding(
            None,
            "observations_missing",
            said(
                "Not recorded: observation %(missed)s. Record them with their time, or say why they were"
                " not made.",
                missed=list(missed),
            ),
        )
