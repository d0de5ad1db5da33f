"""The course of an infusion: what may follow what, how long it ran, and when the next observation is due. Pure.

Moments are aware, and put into UTC before they are compared: Python compares two times of one zone by the wall. The zone of
a `Course` serves the words of a refusal only. Volumes are in mL, rates in mL/h,
times in minutes. An interval of the schedule is real time, also over a change of the clocks.
"""

from __future__ import annotations

import datetime as dt
import itertools
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Literal

from apps.celldose.rules.arithmetic import Derived, Values, _after, _missing, _rounded
from studyportal.crf.moments import elapsed, is_ambiguous, minutes_between, offset_of
from studyportal.crf.outcomes import NotDerivable, Problem
from studyportal.words import said

# What lies between start and stop. Premedication comes before or after, a reaction and its treatment also later.
WHILE_RUNNING = frozenset({"rate", "interruption", "resumption"})
Running = Literal["not_started", "running", "interrupted", "stopped"]


@dataclass(frozen=True)
class Happened:
    """One event of the infusion. who: who recorded it, for the words of a refusal."""

    kind: str
    at: dt.datetime | None
    rate_ml_h: Decimal | None = None
    who: str = ""

    def __post_init__(self) -> None:
        object.__setattr__(self, "at", _utc(self.at))


@dataclass(frozen=True)
class Course:
    """An infusion as far as it went. first_rate: the rate at the start, in mL/h."""

    started_at: dt.datetime | None
    stopped_at: dt.datetime | None = None
    first_rate: Decimal | None = None
    happened: tuple[Happened, ...] = ()
    zone: dt.tzinfo = field(default=dt.UTC, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "started_at", _utc(self.started_at))
        object.__setattr__(self, "stopped_at", _utc(self.stopped_at))

    @property
    def in_order(self) -> list[Happened]:
        """The dated events by time; those of one moment as they were recorded."""
        return sorted((one for one in self.happened if one.at is not None), key=_moment)


def _moment(one: Happened) -> dt.datetime:
    assert one.at is not None
    return one.at


def _utc(moment: dt.datetime | None) -> dt.datetime | None:
    return None if moment is None else moment.astimezone(dt.UTC)


# --- What may follow what ---------------------------------------------------------------------------------


def course_problems(course: Course) -> tuple[Problem, ...]:
    """What contradicts itself in the course. Fields are those of an event (`at`, `kind`, `rate_ml_h`)."""
    return (*_within_the_infusion(course), *_alternating(course), *_rates(course))


def _within_the_infusion(course: Course) -> Iterable[Problem]:
    for one in course.in_order:
        assert one.at is not None
        if one.kind not in WHILE_RUNNING:
            continue
        if course.started_at is not None and one.at < course.started_at:
            yield Problem(
                "at",
                "before_start",
                said(
                    "%(one)s at %(at)s lies before the start at %(started_at)s; correct one of the two"
                    " times.",
                    one=_what(one),
                    at=clock(one.at, course),
                    started_at=clock(course.started_at, course),
                ),
            )
        if course.stopped_at is not None and one.at > course.stopped_at:
            yield Problem(
                "at",
                "after_stop",
                said(
                    "%(one)s at %(at)s lies after the stop at %(stopped_at)s; correct one of the two times.",
                    one=_what(one),
                    at=clock(one.at, course),
                    stopped_at=clock(course.stopped_at, course),
                ),
            )


def _alternating(course: Course) -> Iterable[Problem]:
    since: Happened | None = None
    for one in course.in_order:
        if one.kind == "interruption":
            if since is not None and since.at is not None:
                yield Problem(
                    "kind",
                    "interrupted_already",
                    said(
                        "The infusion is interrupted since %(at)s%(recorded)s; record that it was resumed"
                        " first.",
                        at=clock(since.at, course),
                        recorded=_by(since),
                    ),
                )
            since = one
        elif one.kind == "resumption":
            if since is None:
                yield Problem(
                    "kind",
                    "not_interrupted",
                    said(
                        "The infusion was not interrupted then, so it cannot be resumed; record the"
                        " interruption first."
                    ),
                )
            since = None


def _rates(course: Course) -> Iterable[Problem]:
    for one in course.happened:
        if one.rate_ml_h is not None and one.rate_ml_h <= 0:
            yield Problem(
                "rate_ml_h",
                "rate_zero",
                said("A rate of 0 mL/h is an interruption; record it as interrupted."),
            )


def clock(moment: dt.datetime, course: Course) -> str:
    """14:05; with its offset in the hour that the clocks showed twice."""
    local = moment.astimezone(course.zone)
    twice = is_ambiguous(moment, course.zone)
    return f"{local:%H:%M}{f' (UTC{offset_of(local)})' if twice else ''}"


_WORDS = {
    "premedication": said("Premedication"),
    "rate": said("The change of the rate"),
    "interruption": said("The interruption"),
    "resumption": said("The resumption"),
    "reaction": said("The reaction"),
    "treatment": said("The treatment"),
    "flush": said("The flush"),
}


def _what(one: Happened) -> str:
    return _WORDS.get(one.kind, one.kind)


def _by(one: Happened) -> str:
    return said(" (recorded by %(who)s)", who=one.who) if one.who else ""


def infusion_stops_after_start(values: Values) -> Iterable[Problem]:
    return _after(
        values,
        "stopped_at",
        "started_at",
        said("The infusion stops before it starts; correct one of the two times."),
    )


def diastolic_below_systolic(values: Values) -> Iterable[Problem]:
    systolic, diastolic = values.get("systolic"), values.get("diastolic")
    if systolic is not None and diastolic is not None and diastolic >= systolic:
        yield Problem(
            "diastolic",
            "order",
            said("The diastolic pressure is not below the systolic; are they exchanged?"),
        )


def rate_positive(name: str) -> Any:
    """A rule: a rate of 0 is no rate."""

    def rule(values: Values) -> Iterable[Problem]:
        rate = values.get(name)
        if rate is not None and rate <= 0:
            yield Problem(
                name, "rate_zero", said("A rate of 0 mL/h is an interruption; record it as interrupted.")
            )

    return rule


def volume_problems(
    infused: Decimal | None, residual: Decimal | None, final: Decimal | None
) -> Iterable[Problem]:
    """Infused and residual volume cannot be more than the product held; equal to it they may be."""
    known = [one for one in (infused, residual) if one is not None]
    total = sum(known, Decimal(0))
    if final is None or not known or total <= final:
        return
    name = "residual_discarded_ml" if residual is not None else "volume_ml"
    yield Problem(
        name,
        "volume_above_product",
        said(
            "%(infused)s mL infused and %(residual)s mL residual make %(total)s mL, but the product held"
            " %(final)s mL. Read both volumes again.",
            infused=_plain(infused),
            residual=_plain(residual),
            total=total.normalize(),
            final=final.normalize(),
        ),
    )


def _plain(number: Decimal | None) -> Decimal:
    return Decimal(0) if number is None else number.normalize()


# --- How it runs ------------------------------------------------------------------------------------------


def state_at(course: Course, now: dt.datetime) -> Running:
    now = now.astimezone(dt.UTC)
    if course.started_at is None or now < course.started_at:
        return "not_started"
    if course.stopped_at is not None and now >= course.stopped_at:
        return "stopped"
    breaks = [
        one.kind
        for one in course.in_order
        if one.kind in ("interruption", "resumption") and _moment(one) <= now
    ]
    return "interrupted" if breaks and breaks[-1] == "interruption" else "running"


def rate_at(course: Course, now: dt.datetime) -> Decimal | None:
    """The rate that is set at a moment, in mL/h; an interruption does not change what is set."""
    now, rate = now.astimezone(dt.UTC), course.first_rate
    for one in course.in_order:
        if _moment(one) <= now and one.rate_ml_h is not None and one.kind in ("rate", "resumption"):
            rate = one.rate_ml_h
    return rate


def stretches(course: Course, until: dt.datetime) -> list[tuple[dt.datetime, dt.datetime]]:
    """The stretches of time over which the product ran, up to a moment."""
    if course.started_at is None:
        return []
    until = until.astimezone(dt.UTC)
    end = min(until, course.stopped_at) if course.stopped_at is not None else until
    found: list[tuple[dt.datetime, dt.datetime]] = []
    since: dt.datetime | None = course.started_at
    for one in course.in_order:
        at = min(_moment(one), end)
        if one.kind == "interruption" and since is not None:
            found.append((since, at))
            since = None
        elif one.kind == "resumption" and since is None:
            since = at
    if since is not None:
        found.append((since, end))
    return [(first, last) for first, last in found if last > first]


def running_time(course: Course, until: dt.datetime) -> dt.timedelta:
    return sum((elapsed(*one) for one in stretches(course, until)), dt.timedelta())


def minutes_running(course: Course) -> int | NotDerivable:
    """Whole minutes over which the product ran, without the interruptions."""
    missing = _missing(start=course.started_at, stop=course.stopped_at)
    if missing is not None or course.stopped_at is None:
        return missing or NotDerivable(said("stop missing"))
    return int(running_time(course, course.stopped_at).total_seconds() // 60)


def mean_rate(volume_ml: Decimal | None, course: Course) -> Derived:
    """mL/h over the time that the product ran."""
    missing = _missing(volume_infused=volume_ml, start=course.started_at, stop=course.stopped_at)
    if missing is not None or volume_ml is None or course.stopped_at is None:
        return missing or NotDerivable(said("stop missing"))
    seconds = Decimal(int(running_time(course, course.stopped_at).total_seconds()))
    if seconds <= 0:
        return NotDerivable(said("the infusion lasted no time"))
    return _rounded(volume_ml * 3600 / seconds, 1)


def volume_by_rates(course: Course, until: dt.datetime) -> Derived:
    """What the recorded rates give over the time that the product ran, in mL."""
    volume = Decimal(0)
    for first, last in stretches(course, until):
        cuts = [first, *[_moment(o) for o in course.in_order if first < _moment(o) < last], last]
        for begin, end in itertools.pairwise(cuts):
            rate = rate_at(course, begin)
            if rate is None:
                return NotDerivable(said("the rate is not recorded throughout"))
            volume += rate * Decimal(int(elapsed(begin, end).total_seconds())) / 3600
    return _rounded(volume, 1)


def derive_course(values: Values, context: Values) -> Mapping[str, Any]:
    """context: course."""
    course: Course | None = context.get("course")
    if course is None:
        return {}
    return {
        "minutes_running": minutes_running(course),
        "mean_rate_ml_h": mean_rate(values.get("volume_ml"), course),
    }


def derive_observation(values: Values, context: Values) -> Mapping[str, Any]:
    """context: time (`Time`) of the schedule or None, started_at of the infusion."""
    at, time, started_at = values.get("observed_at"), context.get("time"), context.get("started_at")
    if time is None:
        return {"minutes_off": NotDerivable(said("the protocol has no such observation"))}
    missing = _missing(time_of_the_observation=at, start_of_the_infusion=started_at)
    if missing is not None or at is None or started_at is None:
        return {"minutes_off": missing}
    return {"minutes_off": minutes_off(at, started_at, time.minutes)}


# --- Observations -----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Time:
    """An observation of the schedule: due `minutes` from the start, give or take `tolerance` minutes."""

    key: str
    label: str
    minutes: int
    tolerance: int


Due = Literal["done", "done_off", "later", "due", "overdue"]


@dataclass(frozen=True)
class Planned:
    """One observation of an infusion that has started.

    state: done in time or off; later; due (its window is open); overdue (the window has closed). minutes_off: signed,
    of one that is done. closes_at: until when it is in time.
    """

    time: Time
    due_at: dt.datetime
    state: Due
    minutes_off: int | None = None

    @property
    def is_open(self) -> bool:
        return self.state in ("later", "due", "overdue")

    @property
    def opens_at(self) -> dt.datetime:
        return self.due_at - dt.timedelta(minutes=self.time.tolerance)

    @property
    def closes_at(self) -> dt.datetime:
        return self.due_at + dt.timedelta(minutes=self.time.tolerance)


def minutes_off(at: dt.datetime, started_at: dt.datetime, minutes: int) -> int:
    """Whole minutes by which an observation was later (positive) or earlier (negative) than due."""
    due = started_at.astimezone(dt.UTC) + dt.timedelta(minutes=minutes)
    return minutes_between(due, at)


def schedule(
    times: Sequence[Time],
    started_at: dt.datetime,
    observed: Mapping[str, dt.datetime | None],
    now: dt.datetime,
) -> tuple[Planned, ...]:
    """Every observation of the protocol, in order. observed: key → when, None when the time is not recorded."""
    found, now = [], now.astimezone(dt.UTC)
    for time in times:
        due_at = started_at.astimezone(dt.UTC) + dt.timedelta(minutes=time.minutes)
        if time.key in observed:
            at = observed[time.key]
            off = None if at is None else minutes_off(at, started_at, time.minutes)
            late = off is not None and abs(off) > time.tolerance
            found.append(Planned(time, due_at, "done_off" if late else "done", off))
            continue
        span = dt.timedelta(minutes=time.tolerance)
        state: Due = "later" if now < due_at - span else "overdue" if now > due_at + span else "due"
        found.append(Planned(time, due_at, state))
    return tuple(found)


def next_due(planned: Sequence[Planned]) -> Planned | None:
    """What to observe next: the one whose window is open or comes first; an overdue one only when nothing else is left."""
    still = [one for one in planned if one.is_open]
    ahead = [one for one in still if one.state != "overdue"]
    return ahead[0] if ahead else still[-1] if still else None


def observed_in_order(values: Values, context: Values) -> Iterable[Problem]:
    """An observation after the start is not made before it. context: time, started_at, course."""
    at, time, started_at = values.get("observed_at"), context.get("time"), context.get("started_at")
    if at is None or time is None or started_at is None:
        return
    if time.minutes > 0 and elapsed(at, started_at) > dt.timedelta():
        course = context.get("course") or Course(started_at)
        yield Problem(
            "observed_at",
            "before_start",
            said(
                "“%(label)s” is an observation after the start, but %(at)s lies before the start at"
                " %(started_at)s. Correct the time, or choose the observation that it is.",
                label=time.label,
                at=clock(at, course),
                started_at=clock(started_at, course),
            ),
        )
