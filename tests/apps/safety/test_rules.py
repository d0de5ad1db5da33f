"""Hard rules, grades and findings of safety, as tables."""

from __future__ import annotations

from typing import Any

import pytest

from apps.safety import checks, rules
from studyportal.crf.partial_date import PartialDate


@pytest.mark.parametrize(
    ("serious", "criteria", "code"),
    [
        (True, None, "required"),
        (True, [], "required"),
        (True, ["hospitalisation"], None),
        (False, ["hospitalisation"], "contradiction"),
        (False, None, None),
        (None, None, None),
    ],
)
def test_serious_means_a_criterion(serious: bool | None, criteria: Any, code: str | None) -> None:
    found = rules.serious_has_criterion({"serious": serious, "serious_criteria": criteria})
    assert [p.code for p in found] == ([code] if code else [])


@pytest.mark.parametrize(
    ("onset", "end", "refused"),
    [
        ("2024-03-02", "2024-03-01", True),
        ("2024-03-01", "2024-03-01", False),
        ("2024-03", "2024-02", True),
        ("2024-03", "2024-03-01", False),
        ("2024", None, False),
        ("age:17", "2016", False),
    ],
)
def test_the_end_is_not_before_the_onset(onset: str, end: str | None, refused: bool) -> None:
    values = {"onset_on": PartialDate.parse(onset), "ended_on": PartialDate.parse(end) if end else None}
    assert bool(list(rules.end_not_before_onset(values))) is refused


@pytest.mark.parametrize(
    ("values", "fields"),
    [
        ({"grade": "5", "outcome": "recovered", "serious": True, "serious_criteria": ["death"]}, {"outcome"}),
        ({"grade": "5", "outcome": "fatal", "serious": False}, {"serious_criteria"}),
        ({"grade": "3", "outcome": "fatal", "serious": True, "serious_criteria": ["death"]}, {"grade"}),
        ({"grade": "5", "outcome": "fatal", "serious": True, "serious_criteria": ["death"]}, set()),
        ({"grade": None, "outcome": "fatal", "serious": None}, set()),
        ({"grade": "2", "outcome": "recovered", "serious": False}, set()),
    ],
)
def test_death_is_said_everywhere_or_nowhere(values: dict[str, Any], fields: set[str]) -> None:
    assert {p.field for p in rules.death_agrees(values)} == fields


@pytest.mark.parametrize(
    ("any_event", "events", "asked"), [(True, 0, True), (True, 1, False), (False, 0, False), (None, 0, False)]
)
def test_an_event_has_its_form(any_event: bool | None, events: int, asked: bool) -> None:
    assert bool(list(checks.event_recorded({"any_event": any_event}, {"events": events}))) is asked


@pytest.mark.parametrize(
    ("grade", "serious", "asked"),
    [("4", False, True), ("5", False, True), ("3", False, False), ("4", True, False)],
)
def test_severe_and_serious(grade: str, serious: bool, asked: bool) -> None:
    assert bool(list(checks.severe_is_not_serious({"grade": grade, "serious": serious}, {}))) is asked


@pytest.mark.parametrize(
    ("onset", "enrolled", "asked"),
    [
        ("2024-01", "2024-02", True),
        ("2024-02", "2024-02", False),
        ("2024-01", None, False),
        (None, "2024", False),
    ],
)
def test_before_enrolment_is_history(onset: str | None, enrolled: str | None, asked: bool) -> None:
    values = {"onset_on": PartialDate.parse(onset) if onset else None}
    context = {"enrolled_on": PartialDate.parse(enrolled) if enrolled else None}
    assert bool(list(checks.onset_in_study(values, context))) is asked
