"""What a deviation lacks and what is to be done next: boundary tables."""

from __future__ import annotations

import dataclasses
import datetime as dt

import pytest

from studyportal.deviations import rules
from studyportal.deviations.rules import Facts, Step

DAY = dt.date(2026, 11, 3)
BARE = Facts("open", "major")
CAUSE = dataclasses.replace(BARE, root_cause="why")
CORRECTED = dataclasses.replace(CAUSE, corrective_action="what")
PLANNED = dataclasses.replace(CORRECTED, preventive_action="never again")
TOLD = dataclasses.replace(PLANNED, reported_on=DAY)
NOT_TOLD = dataclasses.replace(PLANNED, not_reported_because="the committee asked for critical ones only")


@pytest.mark.parametrize(
    ("facts", "missing", "step"),
    [
        (BARE, ("root_cause", "corrective_action", "preventive_action", "reported_to_committee_on"), Step.ASSESS),
        (CAUSE, ("corrective_action", "preventive_action", "reported_to_committee_on"), Step.PLAN),
        (CORRECTED, ("preventive_action", "reported_to_committee_on"), Step.PLAN),
        (PLANNED, ("reported_to_committee_on",), Step.REPORT),
        (TOLD, (), Step.CLOSE),
        (NOT_TOLD, (), Step.CLOSE),
        # Told first, which happens: what comes before is still to be done.
        (dataclasses.replace(TOLD, root_cause=""), ("root_cause",), Step.ASSESS),
        (dataclasses.replace(TOLD, corrective_action=""), ("corrective_action",), Step.PLAN),
    ],
)  # fmt: skip
@pytest.mark.parametrize("classification", ["major", "critical"])
def test_a_grave_one_needs_cause_actions_and_the_committee(
    facts: Facts, missing: tuple[str, ...], step: Step, classification: str
) -> None:
    facts = dataclasses.replace(facts, classification=classification)
    assert rules.lacking(facts) == missing
    assert rules.next_step(facts) == step


@pytest.mark.parametrize(
    ("words", "missing"),
    [
        ({}, ("closing_note",)),
        ({"closing_note": "The family was on a journey."}, ()),
        ({"root_cause": "A journey."}, ()),
        ({"corrective_action": "The visit was made up for."}, ()),
        # Neither of these says anything about the deviation itself.
        ({"preventive_action": "Remind by telephone."}, ("closing_note",)),
        ({"reported_on": DAY}, ("closing_note",)),
    ],
)
def test_a_minor_one_needs_a_word_about_it(words: dict[str, object], missing: tuple[str, ...]) -> None:
    facts = Facts("open", "minor", **words)  # type: ignore[arg-type]
    assert rules.lacking(facts) == missing
    assert rules.next_step(facts) == Step.CLOSE


@pytest.mark.parametrize(("state", "step"), [("closed", Step.CLOSED), ("withdrawn", Step.WITHDRAWN)])
def test_nothing_is_to_be_done_with_one_that_is_settled(state: str, step: Step) -> None:
    assert rules.next_step(dataclasses.replace(BARE, state=state)) == step


@pytest.mark.parametrize(
    ("due", "state", "late"),
    [
        (DAY, "open", False),  # the day itself is in time
        (DAY - dt.timedelta(days=1), "open", True),
        (DAY + dt.timedelta(days=1), "open", False),
        (None, "open", False),
        (DAY - dt.timedelta(days=1), "closed", False),
        (DAY - dt.timedelta(days=1), "withdrawn", False),
    ],
)
def test_when_an_action_is_overdue(due: dt.date | None, state: str, late: bool) -> None:
    assert rules.overdue(Facts(state, "major", action_due_on=due), DAY) is late


@pytest.mark.parametrize(
    ("one", "other", "more"),
    [
        ("critical", "major", True),
        ("major", "minor", True),
        ("critical", "minor", True),
        ("major", "major", False),
        ("minor", "critical", False),
        ("", "minor", False),
        ("minor", "", True),
    ],
)
def test_which_class_weighs_more(one: str, other: str, more: bool) -> None:
    assert rules.graver(one, other) is more
