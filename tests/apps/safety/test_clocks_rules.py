"""The clocks to the second, with starts that are known, known to the day, or not at all, and across clock changes."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from apps.safety.rules.clocks import Clock, Count, Event, Rule, Sent, clocks_of, span_of_days

UTC = dt.UTC
KOLKATA, NEW_YORK, LONDON = ZoneInfo("Asia/Kolkata"), ZoneInfo("America/New_York"), ZoneInfo("Europe/London")
NOON = dt.datetime(2026, 3, 2, 12, 0, 0, tzinfo=UTC)
HOUR, SECOND = dt.timedelta(hours=1), dt.timedelta(seconds=1)

FIRST = Rule("first", "First report", 24, "awareness", "committee", frozenset({"initial", "final"}))
ANALYSIS = Rule("analysis", "Analysis", 336, "awareness", "committee", frozenset({"analysis", "final"}))
OPINION = Rule("opinion", "Opinion", 720, "awareness", "committee", frozenset({"opinion"}))
BY_OCCURRENCE = replace(FIRST, key="occurrence", start="occurrence")

SERIOUS = Event(
    serious=True,
    began_from=NOON,
    began_until=NOON,
    aware_at=NOON,
    serious_since=None,
    recorded_at=NOON + HOUR,
)


def one(event: Event = SERIOUS, *, now: dt.datetime, rule: Rule = FIRST, told: Any = ()) -> Clock:
    (clock,) = clocks_of(event, told, [rule], now)
    return clock


def test_what_is_not_serious_has_no_clock() -> None:
    assert clocks_of(replace(SERIOUS, serious=False), [], [FIRST, ANALYSIS], NOON) == ()


def test_without_rules_there_is_no_clock() -> None:
    assert clocks_of(SERIOUS, [], [], NOON) == ()


def test_what_nobody_called_serious_yet_has_its_clocks_on_condition_even_when_they_have_passed() -> None:
    clock = one(replace(SERIOUS, serious=None), now=NOON + 30 * HOUR)
    assert (clock.state, clock.conditional, clock.runs) == ("conditional", True, True)
    assert clock.late is True


@pytest.mark.parametrize(
    ("after", "state", "late"),
    [
        (dt.timedelta(0), "running", False),
        (18 * HOUR - SECOND, "running", False),
        (18 * HOUR, "soon", False),  # a quarter is left
        (24 * HOUR - SECOND, "soon", False),
        (24 * HOUR, "soon", False),  # the last moment is in time
        (24 * HOUR + SECOND, "overdue", True),
        (48 * HOUR, "overdue", True),
    ],
)
def test_a_running_clock_to_the_second(after: dt.timedelta, state: str, late: bool) -> None:
    clock = one(now=NOON + after)
    assert (clock.state, clock.late, clock.due_at) == (state, late, NOON + 24 * HOUR)


@pytest.mark.parametrize("rule", [FIRST, ANALYSIS, OPINION])
@pytest.mark.parametrize(("off", "late"), [(-SECOND, False), (dt.timedelta(0), False), (SECOND, True)])
def test_a_report_is_late_one_second_after_the_last_moment(rule: Rule, off: dt.timedelta, late: bool) -> None:
    at = NOON + dt.timedelta(hours=rule.hours) + off
    kind = next(iter(sorted(rule.stopped_by)))
    clock = one(now=at + 100 * HOUR, rule=rule, told=[Sent(1, kind, "committee", at)])
    assert (clock.state, clock.late, clock.stopped_by, clock.stopped_at) == ("stopped", late, 1, at)


@pytest.mark.parametrize(
    ("told", "stopped_by"),
    [
        ([], None),
        ([Sent(1, "initial", "sponsor", NOON)], None),  # somebody else
        ([Sent(1, "follow_up", "committee", NOON)], None),  # a kind that does not stop it
        ([Sent(1, "opinion", "committee", NOON)], None),
        ([Sent(1, "initial", "committee", NOON)], 1),
        ([Sent(2, "initial", "committee", NOON + HOUR), Sent(1, "final", "committee", NOON)], 1),
        ([Sent(2, "final", "committee", NOON), Sent(1, "initial", "committee", NOON)], 1),  # the same second
        ([Sent(1, "final", "committee", NOON + HOUR), Sent(2, "initial", "committee", NOON)], 2),
    ],
)
def test_the_first_report_of_the_right_kind_to_the_right_recipient_stops_it(
    told: list[Sent], stopped_by: int | None
) -> None:
    assert one(now=NOON + HOUR, told=told).stopped_by == stopped_by


# --- Starts ----------------------------------------------------------------------------------------------


def test_a_clock_from_occurrence_and_from_awareness_are_both_there() -> None:
    event = replace(SERIOUS, aware_at=NOON + 30 * HOUR, recorded_at=NOON + 31 * HOUR)
    clock = one(event, now=NOON + 31 * HOUR)
    assert clock.from_occurrence.hours_until(NOON + 31 * HOUR) == (31.0, 31.0)
    assert clock.from_awareness.hours_until(NOON + 31 * HOUR) == (1.0, 1.0)
    assert (clock.state, clock.from_occurrence.late(NOON + 31 * HOUR)) == ("running", True)


def test_by_occurrence_the_same_report_is_late() -> None:
    event = replace(SERIOUS, aware_at=NOON + 30 * HOUR)
    assert one(event, now=NOON + 31 * HOUR, rule=BY_OCCURRENCE).state == "overdue"


def test_awareness_runs_from_the_moment_when_it_became_serious() -> None:
    event = replace(SERIOUS, serious_since=NOON + 50 * HOUR)
    assert one(event, now=NOON + 51 * HOUR).due_at == NOON + 74 * HOUR


def test_an_awareness_that_is_dated_after_the_record_moves_no_deadline() -> None:
    """Who entered an event knew of it: a later awareness, typed when the report is late, excuses nothing."""
    event = replace(SERIOUS, aware_at=NOON + 100 * HOUR, recorded_at=NOON + HOUR)
    clock = one(event, now=NOON + 99 * HOUR)
    assert (clock.due_at, clock.late) == (NOON + HOUR + FIRST.hours * HOUR, True)


def test_a_seriousness_dated_before_the_awareness_changes_nothing() -> None:
    event = replace(SERIOUS, serious_since=NOON - 50 * HOUR)
    assert one(event, now=NOON).due_at == NOON + 24 * HOUR


NOT_AWARE = replace(SERIOUS, aware_at=None, began_from=None, began_until=None, recorded_at=NOON)


@pytest.mark.parametrize(
    ("after", "state", "late"),
    [
        (dt.timedelta(0), "unclear", None),
        (24 * HOUR, "unclear", None),
        (24 * HOUR + SECOND, "overdue", True),  # whenever it was, it was known when it was recorded
    ],
)
def test_an_unknown_awareness_is_not_guessed_but_cannot_lie_behind_the_record(
    after: dt.timedelta, state: str, late: bool | None
) -> None:
    clock = one(NOT_AWARE, now=NOON + after)
    assert (clock.state, clock.late, clock.due_at, clock.due_by) == (state, late, None, NOON + 24 * HOUR)


def test_an_unknown_awareness_lies_between_the_onset_and_the_record() -> None:
    event = replace(SERIOUS, aware_at=None, recorded_at=NOON + 10 * HOUR)
    clock = one(event, now=NOON + 30 * HOUR)
    assert (clock.due_at, clock.due_by) == (NOON + 24 * HOUR, NOON + 34 * HOUR)
    assert (clock.state, clock.late) == ("unclear", None)
    assert one(event, now=NOON + 24 * HOUR).late is False
    assert one(event, now=NOON + 34 * HOUR + SECOND).late is True
    assert one(event, now=NOON, told=[Sent(1, "initial", "committee", NOON + 30 * HOUR)]).late is None


def test_an_unknown_onset_lies_before_the_awareness() -> None:
    event = replace(SERIOUS, began_from=None, began_until=None)
    clock = one(event, now=NOON + HOUR)
    assert clock.from_occurrence == Count(None, NOON, 24)
    assert clock.from_occurrence.hours_until(NOON + HOUR) == (1.0, None)
    assert not clock.from_occurrence.exact


def test_an_onset_of_a_day_ends_with_the_awareness() -> None:
    first, last = span_of_days(dt.date(2026, 3, 2), dt.date(2026, 3, 2), KOLKATA)
    event = replace(SERIOUS, began_from=first, began_until=last)
    count = one(event, now=NOON).from_occurrence
    assert (count.first, count.last) == (dt.datetime(2026, 3, 1, 18, 30, tzinfo=UTC), NOON)


def test_an_onset_after_the_awareness_stands_and_turns_no_interval_around() -> None:
    event = replace(SERIOUS, began_from=NOON + 5 * HOUR, began_until=NOON + 5 * HOUR)
    count = one(event, now=NOON).from_occurrence
    assert count.first == count.last == NOON + 5 * HOUR


def test_the_urgent_moment_is_the_safe_one_else_the_last_possible() -> None:
    assert one(now=NOON).earliest_due == NOON + 24 * HOUR
    assert one(NOT_AWARE, now=NOON).earliest_due == NOON + 24 * HOUR


# --- Clock changes ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("zone", "aware", "due"),
    [
        # Twenty-four hours are twenty-four hours: the wall shows one hour more in spring, one less in autumn.
        (NEW_YORK, dt.datetime(2026, 3, 7, 12), dt.datetime(2026, 3, 8, 13)),
        (NEW_YORK, dt.datetime(2026, 10, 31, 12), dt.datetime(2026, 11, 1, 11)),
        (LONDON, dt.datetime(2026, 3, 28, 12), dt.datetime(2026, 3, 29, 13)),
        (LONDON, dt.datetime(2026, 10, 24, 12), dt.datetime(2026, 10, 25, 11)),
        (KOLKATA, dt.datetime(2026, 3, 28, 12), dt.datetime(2026, 3, 29, 12)),
    ],
)
def test_a_clock_change_moves_no_deadline(zone: ZoneInfo, aware: dt.datetime, due: dt.datetime) -> None:
    event = replace(
        SERIOUS,
        aware_at=aware.replace(tzinfo=zone),
        began_from=None,
        began_until=None,
        recorded_at=aware.replace(tzinfo=zone),
    )
    clock = one(event, now=aware.replace(tzinfo=zone))
    assert clock.due_at == due.replace(tzinfo=zone)
    last = due.replace(tzinfo=zone).astimezone(UTC)
    assert one(event, now=last).late is False
    assert one(event, now=last + SECOND).late is True


def test_the_hour_that_comes_twice_is_two_hours() -> None:
    first = dt.datetime(2026, 11, 1, 1, 30, tzinfo=NEW_YORK, fold=0)
    second = dt.datetime(2026, 11, 1, 1, 30, tzinfo=NEW_YORK, fold=1)
    dues = [
        one(replace(SERIOUS, aware_at=at, began_from=None, began_until=None, recorded_at=at), now=NOON).due_at
        for at in (first, second)
    ]
    assert dues[0] is not None and dues[1] is not None
    assert dues[1] - dues[0] == HOUR


@pytest.mark.parametrize(
    ("day", "zone", "hours"),
    [
        (dt.date(2026, 3, 8), NEW_YORK, 23),
        (dt.date(2026, 11, 1), NEW_YORK, 25),
        (dt.date(2026, 3, 2), NEW_YORK, 24),
        (dt.date(2026, 3, 8), KOLKATA, 24),
    ],
)
def test_a_day_is_as_long_as_it_is_where_the_site_is(day: dt.date, zone: ZoneInfo, hours: int) -> None:
    first, last = span_of_days(day, day, zone)
    assert first is not None and last is not None
    assert last - first == hours * HOUR - SECOND


def test_open_ends_of_a_date_stay_open() -> None:
    assert span_of_days(None, None, KOLKATA) == (None, None)
    first, last = span_of_days(dt.date(2026, 3, 1), None, KOLKATA)
    assert first is not None and last is None
