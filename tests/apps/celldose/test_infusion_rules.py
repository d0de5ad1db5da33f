"""The course of an infusion, as pure rules: one row that fires, one that does not, the boundary, the missing value."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal as D
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from apps.celldose import checks, rules
from apps.celldose.rules import infusion
from apps.celldose.rules.infusion import Course, Happened, Time
from studyportal.crf.outcomes import NotDerivable


def t(hour: int, minute: int = 0) -> dt.datetime:
    return dt.datetime(2025, 3, 10, hour, minute, tzinfo=dt.UTC)


TEN = t(10)


def course(*events: Any, start: Any = TEN, stop: Any = None, rate: Any = None) -> Course:
    return Course(start, stop, rate, tuple(Happened(*one) for one in events))


BREAK, RESUME, RATE = "interruption", "resumption", "rate"


# --- what may follow what --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("stands", "codes"),
    [
        (course(), []),
        (course((BREAK, t(10, 5))), []),
        (course((BREAK, t(10, 5)), (RESUME, t(10, 10))), []),
        (course((BREAK, t(10, 5)), (RESUME, t(10, 5))), []),
        (course((BREAK, t(10, 5)), (RESUME, t(10, 10)), (BREAK, t(10, 20)), (RESUME, t(10, 30))), []),
        (course((RESUME, t(10, 5))), ["not_interrupted"]),
        (course((BREAK, t(10, 5)), (BREAK, t(10, 6))), ["interrupted_already"]),
        (course((RESUME, t(10, 5)), (BREAK, t(10, 10))), ["not_interrupted"]),
        (course((BREAK, t(10, 5)), (RESUME, t(10, 10)), (RESUME, t(10, 12))), ["not_interrupted"]),
        # entered later, and in another order than it happened
        (course((RESUME, t(10, 10)), (BREAK, t(10, 5))), []),
        (course((BREAK, t(9, 59))), ["before_start"]),
        (course((BREAK, t(10))), []),
        (course((RATE, t(9, 59), D(50))), ["before_start"]),
        (course(("premedication", t(9, 30))), []),
        (course(("reaction", t(9, 55))), []),
        (course((BREAK, t(11)), stop=t(11)), []),
        (course((BREAK, t(11, 1)), stop=t(11)), ["after_stop"]),
        (course(("reaction", t(14)), ("treatment", t(14, 5)), ("flush", t(11, 5)), stop=t(11)), []),
        (course((RATE, t(10, 5), D("0"))), ["rate_zero"]),
        (course((RATE, t(10, 5), D("0.1"))), []),
        (course((BREAK, None), (RESUME, None)), []),  # a source without times contradicts nothing
        (course((BREAK, t(9)), start=None), []),
    ],
)
def test_course_problems(stands: Course, codes: list[str]) -> None:
    assert [one.code for one in infusion.course_problems(stands)] == codes


def test_a_refusal_says_who_interrupted_and_when_by_the_clock_of_the_site() -> None:
    stands = Course(
        t(10),
        happened=(Happened(BREAK, t(10, 5), who="Asha"), Happened(BREAK, t(10, 6))),
        zone=ZoneInfo("Asia/Kolkata"),
    )
    (problem,) = infusion.course_problems(stands)
    assert "since 15:35 (recorded by Asha)" in problem.message


@pytest.mark.parametrize(
    ("infused", "residual", "final", "field"),
    [
        ("50", "0", "50", None),
        ("45", "5", "50", None),
        ("45", "5.1", "50", "residual_discarded_ml"),
        ("50.1", None, "50", "volume_ml"),
        (None, "51", "50", "residual_discarded_ml"),
        (None, None, "50", None),
        ("80", "80", None, None),
    ],
)
def test_volumes(infused: Any, residual: Any, final: Any, field: str | None) -> None:
    def number(text: str | None) -> D | None:
        return None if text is None else D(text)

    found = list(infusion.volume_problems(number(infused), number(residual), number(final)))
    assert [one.field for one in found] == ([field] if field else [])
    assert all(one.code == "volume_above_product" for one in found)


@pytest.mark.parametrize(("rate", "codes"), [(None, []), (D("0.1"), []), (D(0), ["rate_zero"])])
def test_a_rate_is_above_zero(rate: Any, codes: list[str]) -> None:
    assert [one.code for one in rules.rate_positive("rate_ml_h")({"rate_ml_h": rate})] == codes


# --- how it runs -----------------------------------------------------------------------------------------

BROKEN = course((BREAK, t(10, 20)), (RESUME, t(10, 40)), stop=t(11))


@pytest.mark.parametrize(
    ("now", "state"),
    [
        (t(9, 59), "not_started"),
        (t(10), "running"),
        (t(10, 19), "running"),
        (t(10, 20), "interrupted"),
        (t(10, 39), "interrupted"),
        (t(10, 40), "running"),
        (t(11), "stopped"),
        (t(20), "stopped"),
    ],
)
def test_state(now: dt.datetime, state: str) -> None:
    assert infusion.state_at(BROKEN, now) == state


@pytest.mark.parametrize(
    ("stands", "minutes"),
    [
        (BROKEN, 40),
        (course(stop=t(11)), 60),
        (course(stop=t(10)), 0),
        (course((BREAK, t(10, 20)), stop=t(11)), 20),  # never resumed
        (course(), "stop missing"),
        (course(start=None, stop=t(11)), "start missing"),
        (course(start=None), "start and stop missing"),
    ],
)
def test_minutes_running(stands: Course, minutes: Any) -> None:
    found = infusion.minutes_running(stands)
    assert (found.why if isinstance(found, NotDerivable) else found) == minutes


@pytest.mark.parametrize(
    ("volume", "stands", "rate"),
    [
        (D(50), BROKEN, D("75.0")),
        (D(50), course(stop=t(11)), D("50.0")),
        (None, BROKEN, "volume infused missing"),
        (D(50), course(stop=t(10)), "the infusion lasted no time"),
        (D(50), course(), "stop missing"),
    ],
)
def test_mean_rate(volume: Any, stands: Course, rate: Any) -> None:
    found = infusion.mean_rate(volume, stands)
    assert (found.why if isinstance(found, NotDerivable) else found) == rate


@pytest.mark.parametrize(
    ("stands", "volume"),
    [
        (course(rate=D(60), stop=t(11)), D("60.0")),
        (course((RATE, t(10, 30), D(120)), rate=D(60), stop=t(11)), D("90.0")),
        (
            course((BREAK, t(10, 15)), (RESUME, t(10, 45), D(30)), rate=D(60), stop=t(11)),
            D("22.5"),
        ),
        (course((RATE, t(10, 30), D(120)), stop=t(11)), "the rate is not recorded throughout"),
        (course((RATE, t(10), D(120)), stop=t(11)), D("120.0")),
    ],
)
def test_volume_by_rates(stands: Course, volume: Any) -> None:
    found = infusion.volume_by_rates(stands, t(11))
    assert (found.why if isinstance(found, NotDerivable) else found) == volume


# --- over a change of the clocks -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("zone", "start", "stop"),
    [
        # one real hour each, over the hour that comes twice and over the hour that is skipped
        ("America/New_York", (2025, 11, 2, 5, 30), (2025, 11, 2, 6, 30)),
        ("America/New_York", (2025, 3, 9, 6, 30), (2025, 3, 9, 7, 30)),
        ("Europe/London", (2025, 10, 26, 0, 30), (2025, 10, 26, 1, 30)),
        ("Europe/London", (2025, 3, 30, 0, 30), (2025, 3, 30, 1, 30)),
    ],
)
def test_an_hour_is_an_hour(zone: str, start: Any, stop: Any) -> None:
    wall = ZoneInfo(zone)
    # as a caller might hand them over: in the zone, where Python would subtract by the wall
    began, ended = (dt.datetime(*one, tzinfo=dt.UTC).astimezone(wall) for one in (start, stop))
    over = Course(began, ended, D(60), (), wall)
    assert infusion.minutes_running(over) == 60
    assert infusion.volume_by_rates(over, ended) == D("60.0")
    (due,) = infusion.schedule([Time("plus_60_min", "60 min", 60, 10)], began, {}, began)
    assert due.due_at == ended.astimezone(
        dt.UTC
    )  # Python: a time that came twice equals none of another zone
    assert infusion.minutes_off(ended, began, 60) == 0


def test_a_day_after_is_24_hours_and_not_the_same_time_on_the_wall() -> None:
    wall = ZoneInfo("America/New_York")
    began = dt.datetime(2025, 11, 1, 14, 0, tzinfo=wall)
    (due,) = infusion.schedule([Time("plus_24_h", "24 h", 1440, 120)], began, {}, began)
    assert due.due_at.astimezone(wall).hour == 13


def test_words_name_the_offset_in_the_hour_that_comes_twice() -> None:
    over = Course(t(1), zone=ZoneInfo("America/New_York"))
    assert infusion.clock(dt.datetime(2025, 11, 2, 6, 30, tzinfo=dt.UTC), over) == "01:30 (UTC-05:00)"
    assert infusion.clock(dt.datetime(2025, 11, 2, 7, 30, tzinfo=dt.UTC), over) == "02:30"


# --- observations ----------------------------------------------------------------------------------------

TIMES = (
    Time("minus_15_min", "15 min before", -15, 15),
    Time("plus_15_min", "15 min", 15, 5),
    Time("plus_30_min", "30 min", 30, 5),
)


@pytest.mark.parametrize(
    ("observed", "now", "states", "following"),
    [
        ({}, t(10), ["due", "later", "later"], "minus_15_min"),
        ({}, t(10, 1), ["overdue", "later", "later"], "plus_15_min"),
        ({}, t(10, 10), ["overdue", "due", "later"], "plus_15_min"),
        ({}, t(10, 20), ["overdue", "due", "later"], "plus_15_min"),
        ({}, t(10, 21), ["overdue", "overdue", "later"], "plus_30_min"),
        ({}, t(12), ["overdue", "overdue", "overdue"], "plus_30_min"),
        ({"plus_15_min": t(10, 20)}, t(10, 21), ["overdue", "done", "later"], "plus_30_min"),
        ({"plus_15_min": t(10, 21)}, t(10, 21), ["overdue", "done_off", "later"], "plus_30_min"),
        ({"plus_15_min": t(10, 9)}, t(10, 21), ["overdue", "done_off", "later"], "plus_30_min"),
        ({"plus_15_min": None}, t(10, 21), ["overdue", "done", "later"], "plus_30_min"),
        (dict.fromkeys((one.key for one in TIMES), None), t(12), ["done"] * 3, None),
    ],
)
def test_schedule(observed: Any, now: dt.datetime, states: list[str], following: str | None) -> None:
    planned = infusion.schedule(TIMES, t(10), observed, now)
    assert [one.state for one in planned] == states
    found = infusion.next_due(planned)
    assert (found.time.key if found else None) == following


@pytest.mark.parametrize(
    ("key", "at", "refused"),
    [
        (1, t(9, 59), True),
        (1, t(10), False),
        (0, t(10, 30), False),  # entered late with its real time: asked about, not refused
        (1, None, False),
    ],
)
def test_an_observation_after_the_start_is_not_before_it(key: int, at: Any, refused: bool) -> None:
    found = list(infusion.observed_in_order({"observed_at": at}, {"time": TIMES[key], "started_at": t(10)}))
    assert bool(found) is refused


@pytest.mark.parametrize(
    ("at", "context", "answer"),
    [
        (t(10, 37), {"time": TIMES[2], "started_at": t(10)}, 7),
        (t(10, 22), {"time": TIMES[2], "started_at": t(10)}, -8),
        (None, {"time": TIMES[2], "started_at": t(10)}, "time of the observation missing"),
        (t(10), {"time": TIMES[2], "started_at": None}, "start of the infusion missing"),
        (t(10), {"time": None, "started_at": t(10)}, "the protocol has no such observation"),
    ],
)
def test_minutes_off(at: Any, context: Any, answer: Any) -> None:
    found = infusion.derive_observation({"observed_at": at}, context)["minutes_off"]
    assert (found.why if isinstance(found, NotDerivable) else found) == answer


# --- what is asked ---------------------------------------------------------------------------------------


def codes(check: Any, values: Any, context: Any) -> list[str]:
    return [one.code for one in check(values, context)]


@pytest.mark.parametrize(
    ("off", "asked"), [(None, False), (0, False), (5, False), (6, True), (-5, False), (-6, True)]
)
def test_observation_in_time(off: Any, asked: bool) -> None:
    assert bool(codes(checks.observation_in_time, {"minutes_off": off}, {"time": TIMES[1]})) is asked


@pytest.mark.parametrize(
    ("rate", "bounds", "asked"),
    [
        (None, (D(5), D(600)), False),
        (D(5), (D(5), D(600)), False),
        (D("4.9"), (D(5), D(600)), True),
        (D(600), (D(5), D(600)), False),
        (D(601), (D(5), D(600)), True),
        (D(601), (None, None), False),
        (D(1), (None, D(600)), False),
        (D(601), None, False),
    ],
)
def test_rate_within_bounds(rate: Any, bounds: Any, asked: bool) -> None:
    check = checks.rate_within_bounds("rate_ml_h")
    assert bool(codes(check, {"rate_ml_h": rate}, {"rate_bounds": bounds})) is asked


@pytest.mark.parametrize(
    ("volume", "asked"),
    [(D(60), False), (D(75), False), (D("75.1"), True), (D(50), False), (D("49.9"), True), (None, False)],
)
def test_volume_agrees_with_rates(volume: Any, asked: bool) -> None:
    context = {"course": course(rate=D(60), stop=t(11)), "volume_tolerance_percent": 20}
    assert bool(codes(checks.volume_agrees_with_rates, {"volume_ml": volume}, context)) is asked


@pytest.mark.parametrize(
    ("stated", "stands", "asked"),
    [(1, BROKEN, False), (0, BROKEN, True), (None, BROKEN, False), (3, course(), False)],
)
def test_interruptions_agree(stated: Any, stands: Course, asked: bool) -> None:
    assert bool(codes(checks.interruptions_agree, {"interruptions": stated}, {"course": stands})) is asked


@pytest.mark.parametrize(
    ("stands", "note", "asked"),
    [
        (BROKEN, "", False),
        (course((BREAK, t(10, 20)), stop=t(11)), "", True),
        (course((BREAK, t(10, 20)), stop=t(11)), "Clotted", False),
        (course((BREAK, t(11)), stop=t(11)), "", False),
        (course((BREAK, t(10, 20))), "", False),
    ],
)
def test_ended_while_interrupted(stands: Course, note: str, asked: bool) -> None:
    values = {"interruptions_note": note}
    assert bool(codes(checks.ended_while_interrupted, values, {"course": stands})) is asked


@pytest.mark.parametrize(
    ("stopped", "planned", "asked"),
    [
        (t(11), infusion.schedule(TIMES, t(10), {}, t(11)), True),
        (None, infusion.schedule(TIMES, t(10), {}, t(11)), False),
        (t(11), infusion.schedule(TIMES, t(10), dict.fromkeys((o.key for o in TIMES), None), t(11)), False),
        (t(11), None, False),
    ],
)
def test_observations_missing(stopped: Any, planned: Any, asked: bool) -> None:
    values, context = {"stopped_at": stopped}, {"planned": planned}
    assert bool(codes(checks.observations_missing, values, context)) is asked


@pytest.mark.parametrize(
    ("reactions", "events", "asked"),
    [
        (None, 0, False),
        ([], 0, False),
        (["none"], 0, False),
        (["fever"], 0, True),
        (["fever"], 1, False),
        (["fever"], None, True),
    ],
)
def test_a_reaction_asks_for_an_adverse_event_until_there_is_one(
    reactions: Any, events: Any, asked: bool
) -> None:
    found = codes(checks.reaction_reported, {"reactions": reactions}, {"adverse_events": events})
    assert bool(found) is asked
