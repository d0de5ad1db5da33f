"""What a visit is: the one pure definition, at the edges of its window."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from apps.visits.rules import Left, VisitState, due_dates, state_of

ANCHOR = dt.date(2024, 2, 1)
DUE = due_dates(ANCHOR, 30, 5, 5)  # 26 Feb, 2 Mar, 7 Mar 2024: over a 29 February


def day(text: str) -> dt.date:
    return dt.date.fromisoformat(f"2024-{text}")


@pytest.mark.parametrize(
    ("today", "expected"),
    [
        ("02-01", "upcoming"),
        ("02-25", "upcoming"),
        ("02-26", "due"),
        ("02-29", "due"),
        ("03-02", "due"),
        ("03-07", "due"),
        ("03-08", "overdue"),
        ("12-31", "overdue"),
    ],
)
@pytest.mark.parametrize("held", ["", "planned"])
def test_edges_of_the_window(today: str, expected: str, held: str) -> None:
    assert state_of(today=day(today), due=DUE, held=held) == expected


@pytest.mark.parametrize("today", ["02-01", "03-02", "06-01"])
@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        ({"held": "done", "complete": 0, "expected": 3}, "in_progress"),
        ({"held": "done", "complete": 2, "expected": 3}, "in_progress"),
        ({"held": "done", "complete": 3, "expected": 3}, "complete"),
        ({"held": "done", "complete": 0, "expected": 0}, "complete"),
        ({"held": "done", "expected": 1, "applies": False}, "in_progress"),
        ({"held": "done", "complete": 1, "expected": 1, "left": Left(ANCHOR)}, "complete"),
        ({"held": "done", "due": None}, "complete"),
        ({"held": "missed"}, "missed"),
        ({"held": "missed", "applies": False}, "missed"),
        ({"held": "missed", "left": Left(ANCHOR)}, "missed"),
        ({"held": "missed", "scheduled": False, "due": None}, "missed"),
        ({"held": "done", "scheduled": False, "due": None, "expected": 2}, "unscheduled"),
        ({"held": "planned", "scheduled": False, "due": None}, "unscheduled"),
        ({"due": None}, "undated"),
        ({"held": "planned", "due": None}, "undated"),
        ({"applies": False}, "not_applicable"),
        ({"applies": False, "due": None}, "not_applicable"),
        ({"left": Left(None)}, "not_applicable"),
        ({"left": Left(ANCHOR), "due": None}, "not_applicable"),
    ],
)
def test_what_does_not_depend_on_the_day(facts: dict[str, Any], expected: str, today: str) -> None:
    assert state_of(**({"today": day(today), "due": DUE} | facts)) == expected


@pytest.mark.parametrize(
    ("left", "expected"),
    [
        ("02-10", "not_applicable"),  # before the window
        ("02-26", "not_applicable"),  # on its first day
        ("03-07", "not_applicable"),  # on its last day
        ("03-08", "overdue"),  # the window was over: nobody said what became of the visit
    ],
)
def test_who_left_missed_nothing_that_was_still_to_come(left: str, expected: str) -> None:
    assert state_of(today=day("06-01"), due=DUE, left=Left(day(left))) == expected


def test_a_visit_of_one_day() -> None:
    due = due_dates(ANCHOR, 0, 0, 0)
    found = [state_of(today=ANCHOR + dt.timedelta(days=n), due=due) for n in (-1, 0, 1)]
    assert found == [VisitState.UPCOMING, VisitState.DUE, VisitState.OVERDUE]
