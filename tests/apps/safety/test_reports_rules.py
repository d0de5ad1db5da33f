"""When a report cannot be one, what it must say, and when people are reminded."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import Any

import pytest

from apps.safety.rules import reports as rules
from apps.safety.rules.clocks import Event, Rule, Sent, clocks_of
from apps.safety.rules.reminders import Level, level_due
from apps.safety.rules.reports import Stated
from tests.apps.safety.test_clocks_rules import FIRST, HOUR, NOON, NOT_AWARE, SECOND, SERIOUS

INITIAL = Stated("initial", "committee", NOON + HOUR)
TOLD = [Sent(1, "initial", "committee", NOON + HOUR)]
RECIPIENTS = ("committee", "sponsor")


def codes(problems: Any) -> set[tuple[str | None, str]]:
    return {(one.field, one.code) for one in problems}


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"kind": ""}, ("kind", "unknown_code")),
        ({"kind": "letter"}, ("kind", "unknown_code")),
        ({"recipient": "press"}, ("recipient", "unknown_code")),
        ({"sent_at": None}, ("sent_at", "required")),
        ({"sent_at": dt.datetime(2026, 3, 2, 12)}, ("sent_at", "invalid_datetime")),
        ({"sent_at": NOON + 2 * HOUR + dt.timedelta(minutes=5, seconds=1)}, ("sent_at", "in_future")),
        ({"reference": "x" * 81}, ("reference", "too_long")),
        ({"late_reason": "x" * 4001}, ("late_reason", "too_long")),
    ],
)
def test_what_is_wrong_is_named_at_its_field(change: Any, problem: Any) -> None:
    assert codes(rules.wrong(replace(INITIAL, **change), RECIPIENTS, NOON + 2 * HOUR)) == {problem}


@pytest.mark.parametrize("at", [NOON + HOUR, NOON + 2 * HOUR, NOON + 2 * HOUR + dt.timedelta(minutes=5)])
def test_what_is_right_is_let_through(at: dt.datetime) -> None:
    assert not codes(rules.wrong(replace(INITIAL, sent_at=at), RECIPIENTS, NOON + 2 * HOUR))


def blocks(stated: Stated, event: Event = SERIOUS, told: Any = (), **more: bool) -> set[str]:
    given = {"retrospective": False, "resolved": True} | more
    return {one.code for one in rules.refused(stated, event, told, **given)}


@pytest.mark.parametrize(
    ("stated", "event", "told", "more", "expected"),
    [
        (INITIAL, SERIOUS, (), {}, set()),
        (INITIAL, replace(SERIOUS, serious=False), (), {}, {"not_serious"}),
        (INITIAL, replace(SERIOUS, serious=None), (), {}, {"seriousness_unknown"}),
        (INITIAL, SERIOUS, (), {"retrospective": True}, {"retrospective"}),
        (INITIAL, SERIOUS, TOLD, {}, {"initial_twice"}),
        (replace(INITIAL, recipient="sponsor"), SERIOUS, TOLD, {}, set()),
        (replace(INITIAL, kind="follow_up"), SERIOUS, (), {}, {"initial_missing"}),
        (replace(INITIAL, kind="analysis"), SERIOUS, (), {}, {"initial_missing"}),
        (replace(INITIAL, kind="opinion"), SERIOUS, (), {}, {"initial_missing"}),
        (replace(INITIAL, kind="follow_up"), SERIOUS, TOLD, {}, set()),
        (replace(INITIAL, kind="opinion"), SERIOUS, TOLD, {}, set()),
        (replace(INITIAL, kind="final"), SERIOUS, TOLD, {"resolved": False}, {"event_open"}),
        (replace(INITIAL, kind="final"), SERIOUS, TOLD, {}, set()),
        # What came from the recipient is no initial report to it.
        (INITIAL, SERIOUS, [Sent(1, "opinion", "committee", NOON)], {}, set()),
    ],
)
def test_what_must_come_before(stated: Any, event: Any, told: Any, more: Any, expected: set[str]) -> None:
    assert blocks(stated, event, told, **more) == expected


@pytest.mark.parametrize(
    ("stated", "event", "told", "expected"),
    [
        (INITIAL, SERIOUS, (), set()),
        (replace(INITIAL, sent_at=NOON), SERIOUS, (), set()),
        (replace(INITIAL, sent_at=NOON - SECOND), SERIOUS, (), {"before_awareness"}),
        # Typed to the minute, in the minute of the awareness.
        (replace(INITIAL, sent_at=NOON), replace(SERIOUS, aware_at=NOON + 59 * SECOND), (), set()),
        (
            replace(INITIAL, sent_at=NOON),
            replace(SERIOUS, aware_at=NOON + 60 * SECOND),
            (),
            {"before_awareness"},
        ),
        (replace(INITIAL, sent_at=NOON - SECOND), replace(SERIOUS, aware_at=None), (), {"before_onset"}),
        (replace(INITIAL, sent_at=NOON - SECOND), NOT_AWARE, (), set()),
        (replace(INITIAL, kind="final", sent_at=NOON + HOUR - SECOND), SERIOUS, TOLD, {"before_initial"}),
        (replace(INITIAL, kind="final", sent_at=NOON + HOUR), SERIOUS, TOLD, set()),
    ],
)
def test_times_that_what_is_recorded_does_not_allow(
    stated: Any, event: Any, told: Any, expected: Any
) -> None:
    assert {one.code for one in rules.contradicts(stated, event, told)} == expected


@pytest.mark.parametrize(
    ("event", "at", "reason", "asked"),
    [
        (SERIOUS, NOON + 24 * HOUR, "", False),
        (SERIOUS, NOON + 24 * HOUR + SECOND, "", True),
        (SERIOUS, NOON + 24 * HOUR + SECOND, "   ", True),
        (SERIOUS, NOON + 24 * HOUR + SECOND, "The line was down", False),
        (NOT_AWARE, NOON + HOUR, "", True),  # it cannot be said, so it is asked for
        (NOT_AWARE, NOON + HOUR, "Unknown when the ward noticed", False),
    ],
)
def test_a_late_report_gives_its_reason(event: Any, at: dt.datetime, reason: str, asked: bool) -> None:
    stated = replace(INITIAL, sent_at=at, late_reason=reason)
    stopped = rules.stops(stated, clocks_of(event, (), [FIRST], at))
    assert bool(list(rules.reason_needed(stated, stopped))) is asked


def test_only_clocks_that_run_and_that_it_concerns_are_stopped() -> None:
    other = replace(FIRST, key="other", recipient="sponsor")
    clocks = clocks_of(SERIOUS, (), [FIRST, other], NOON)
    assert [one.key for one in rules.stops(INITIAL, clocks)] == ["first"]
    assert not rules.stops(replace(INITIAL, kind="follow_up"), clocks)
    assert not rules.stops(INITIAL, clocks_of(SERIOUS, TOLD, [FIRST], NOON))


# --- Reminders -------------------------------------------------------------------------------------------

LEVELS = (
    Level("opened", "to be reported", "start", 0, ("investigator",)),
    Level("soon", "six hours left", "due", -6, ("investigator",)),
    Level("overdue", "passed", "due", 0, ("investigator", "data_manager")),
)


def told_at(
    now: dt.datetime, *sent: str, event: Event = SERIOUS, rule: Rule = FIRST, told: Any = ()
) -> str | None:
    (clock,) = clocks_of(event, told, [rule], now)
    level = level_due(clock, LEVELS, sent, now)
    return None if level is None else level.key


@pytest.mark.parametrize(
    ("after", "sent", "expected"),
    [
        (-SECOND, (), None),
        (dt.timedelta(0), (), "opened"),
        (HOUR, ("opened",), None),
        (18 * HOUR - SECOND, ("opened",), None),
        (18 * HOUR, ("opened",), "soon"),
        (18 * HOUR, (), "soon"),  # the server was away: what was passed over is not told any more
        (19 * HOUR, ("soon",), None),
        (24 * HOUR, ("opened", "soon"), "overdue"),
        (300 * HOUR, ("overdue",), None),
        (HOUR, ("soon",), None),  # the clock was moved after more was told
    ],
)
def test_each_level_is_told_once(after: dt.timedelta, sent: tuple[str, ...], expected: str | None) -> None:
    assert told_at(NOON + after, *sent) == expected


def test_a_stopped_clock_is_silent() -> None:
    assert told_at(NOON + 30 * HOUR, told=TOLD) is None


def test_of_an_unknown_start_people_are_told_from_the_last_that_it_can_be() -> None:
    assert told_at(NOON, event=NOT_AWARE) == "opened"
    assert told_at(NOON + 24 * HOUR, "opened", event=NOT_AWARE) == "overdue"


def test_of_what_may_not_be_serious_people_are_told_by_its_end_only() -> None:
    undecided = replace(SERIOUS, serious=None)
    assert told_at(NOON + HOUR, event=undecided) is None
    assert told_at(NOON + 18 * HOUR, event=undecided) == "soon"
