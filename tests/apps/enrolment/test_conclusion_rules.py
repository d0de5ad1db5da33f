"""Rules, checks and life of the forms of loss and end of study, as tables."""

from __future__ import annotations

import datetime as dt
from types import SimpleNamespace
from typing import Any

import pytest

from apps.consent.checks import end_by_withdrawal
from apps.enrolment import checks, rules
from apps.enrolment.rules.conclusion import End, Loss, life_of_conclusion
from apps.safety.checks import death_is_recorded
from apps.visits.checks import completed_with_last_visit, no_visit_after_end
from studyportal.crf.partial_date import PartialDate

DECLARED = dt.date(2026, 3, 10)


def on(text: str | None) -> PartialDate | None:
    return None if text is None else PartialDate.parse(text)


def codes(found: Any) -> list[str]:
    return [one.code for one in found]


# --- rules -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("last", "declared", "refused"),
    [
        ("2026-03-11", DECLARED, True),
        ("2026-03-10", DECLARED, False),
        ("2026-03", DECLARED, False),
        ("2026-04", DECLARED, True),
        ("age:17", DECLARED, False),
        (None, DECLARED, False),
        ("2026-03-11", None, False),
    ],
)
def test_last_contact_before_being_declared_lost(last: str | None, declared: Any, refused: bool) -> None:
    values = {"last_contact_on": on(last), "declared_on": declared}
    assert bool(list(rules.last_contact_before_declared(values))) is refused


@pytest.mark.parametrize(
    ("found_on", "declared", "refused"),
    [
        ("2026-03-09", DECLARED, True),
        ("2026-03-10", DECLARED, False),
        ("2026-03", DECLARED, False),
        ("2026-02", DECLARED, True),
        (None, DECLARED, False),
        ("2026-02", None, False),
    ],
)
def test_found_after_being_declared_lost(found_on: str | None, declared: Any, refused: bool) -> None:
    values = {"found_on": on(found_on), "declared_on": declared}
    assert bool(list(rules.found_after_declared(values))) is refused


@pytest.mark.parametrize(
    ("attempts", "methods", "refused"),
    [
        (0, ["phone"], True),
        (1, ["phone", "letter"], True),
        (2, ["phone", "letter"], False),
        (0, None, False),
        (None, ["phone"], False),
    ],
)
def test_each_way_is_an_attempt(attempts: int | None, methods: list[str] | None, refused: bool) -> None:
    values = {"attempts": attempts, "attempt_methods": methods}
    assert bool(list(rules.methods_fit_attempts(values))) is refused


@pytest.mark.parametrize(
    ("ended", "last", "died", "fields"),
    [
        ("2026-03-10", "2026-03-10", None, []),
        ("2026-03-10", "2026-03-11", None, ["last_visit_on"]),
        ("2026-03-10", None, "2026-03-11", ["died_on"]),
        ("2026-03-10", None, "2026-03", []),
        ("2026-03-10", "2026-03-09", "2026-03-08", ["last_visit_on"]),
        (None, "2026-03-09", "2026-03-09", []),
        (None, None, None, []),
    ],
)
def test_end_in_order(ended: str | None, last: str | None, died: str | None, fields: list[str]) -> None:
    values = {"ended_on": on(ended), "last_visit_on": on(last), "died_on": on(died)}
    assert [one.field for one in rules.end_in_order(values)] == fields


# --- checks ----------------------------------------------------------------------------------------------------

ASKED = {"attempts_before_lost": 3, "ways_before_lost": 2, "days_before_lost": 60}


@pytest.mark.parametrize(
    ("attempts", "context", "asked"),
    [(2, ASKED, True), (3, ASKED, False), (0, ASKED, True), (None, ASKED, False), (0, {}, False)],
)
def test_attempts_as_in_the_protocol(attempts: int | None, context: Any, asked: bool) -> None:
    assert bool(list(checks.attempts_as_in_protocol({"attempts": attempts}, context))) is asked


@pytest.mark.parametrize(
    ("ways", "context", "asked"),
    [
        (["phone"], ASKED, True),
        (["phone", "letter"], ASKED, False),
        (None, ASKED, False),
        (["phone"], {}, False),
    ],
)
def test_ways_as_in_the_protocol(ways: list[str] | None, context: Any, asked: bool) -> None:
    assert bool(list(checks.ways_as_in_protocol({"attempt_methods": ways}, context))) is asked


@pytest.mark.parametrize(
    ("last", "context", "asked"),
    [
        ("2026-01-10", ASKED, True),  # 59 days
        ("2026-01-09", ASKED, False),  # 60
        ("2026-01", ASKED, False),
        ("2026-03", ASKED, True),
        ("age:17", ASKED, False),
        (None, ASKED, False),
        ("2026-03", {}, False),
    ],
)
def test_declared_after_waiting(last: str | None, context: Any, asked: bool) -> None:
    values = {"declared_on": DECLARED, "last_contact_on": on(last)}
    assert bool(list(checks.declared_after_waiting(values, context))) is asked


@pytest.mark.parametrize(
    ("vital", "end", "asked"),
    [
        ("dead", None, True),
        ("dead", "lost", True),
        ("dead", "died", False),
        ("alive", None, False),
        (None, None, False),
    ],
)
def test_the_dead_are_not_lost(vital: str | None, end: str | None, asked: bool) -> None:
    assert bool(list(checks.dead_is_not_lost({"vital_status": vital}, {"end": end}))) is asked


@pytest.mark.parametrize(
    ("ended", "asked"), [("2026-03-09", True), ("2026-03-10", False), ("2026-03", False), (None, False)]
)
def test_lost_after_the_end(ended: str | None, asked: bool) -> None:
    assert bool(list(checks.lost_after_end({"declared_on": DECLARED}, {"ended_on": on(ended)}))) is asked


@pytest.mark.parametrize(
    ("reason", "lost", "expected"),
    [
        ("lost", False, ["loss_not_recorded"]),
        ("lost", True, []),
        ("completed", True, ["completed_while_lost"]),
        ("completed", False, []),
        ("died", True, []),
        (None, True, []),
        ("lost", None, []),
    ],
)
def test_a_loss_has_its_form(reason: str | None, lost: bool | None, expected: list[str]) -> None:
    assert codes(checks.lost_has_form({"reason": reason}, {"still_lost": lost})) == expected


@pytest.mark.parametrize(
    ("ended", "enrolled", "asked"),
    [
        ("2026-03-09", "2026-03-10", True),
        ("2026-03-10", "2026-03-10", False),
        (None, "2026", False),
        ("2026", None, False),
    ],
)
def test_end_before_enrolment(ended: str | None, enrolled: str | None, asked: bool) -> None:
    values = {"ended_on": on(ended), "participant": SimpleNamespace(enrolled_on=on(enrolled))}
    assert bool(list(checks.end_after_enrolment(values, {}))) is asked


@pytest.mark.parametrize(
    ("last", "reason", "asked"),
    [
        ("2025-12-09", "completed", True),  # 91 days
        ("2025-12-10", "completed", False),  # 90
        ("2025-01-01", "lost", False),
        (None, "completed", False),
        ("2025", None, False),
    ],
)
def test_completed_long_after_the_last_visit(last: str | None, reason: str | None, asked: bool) -> None:
    values = {"ended_on": on("2026-03-10"), "last_visit_on": on(last), "reason": reason}
    assert bool(list(checks.ended_long_after_last_visit(values, {}))) is asked


# --- what the apps above hold against an end ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("reason", "last", "done", "asked"),
    [
        ("completed", ("M24", "Month 24"), {"M12"}, True),
        ("completed", ("M24", "Month 24"), {"M12", "M24"}, False),
        ("completed", None, set(), False),
        ("lost", ("M24", "Month 24"), set(), False),
        (None, ("M24", "Month 24"), set(), False),
    ],
)
def test_completed_without_the_last_visit(reason: Any, last: Any, done: set[str], asked: bool) -> None:
    assert bool(list(completed_with_last_visit(reason, last, done))) is asked


@pytest.mark.parametrize(
    ("ended", "days", "asked"),
    [
        ("2026-03-10", ["2026-03-11"], True),
        ("2026-03-10", ["2026-03-10", None, "2026-03", "age:17"], False),
        ("2026", ["2026-03-11"], False),
        (None, ["2026-03-11"], False),
    ],
)
def test_a_visit_after_the_end(ended: str | None, days: list[str | None], asked: bool) -> None:
    assert bool(list(no_visit_after_end(on(ended), [on(day) for day in days]))) is asked


@pytest.mark.parametrize(
    ("reason", "there", "asked"),
    [("died", False, True), ("died", True, False), ("lost", False, False), (None, False, False)],
)
def test_a_death_is_a_fatal_event(reason: str | None, there: bool, asked: bool) -> None:
    assert bool(list(death_is_recorded(reason, there))) is asked


@pytest.mark.parametrize(
    ("reason", "there", "asked"),
    [("withdrew", False, True), ("withdrew", True, False), ("lost", False, False), (None, False, False)],
)
def test_a_withdrawal_is_in_the_log(reason: str | None, there: bool, asked: bool) -> None:
    assert bool(list(end_by_withdrawal(reason, there))) is asked


# --- life ------------------------------------------------------------------------------------------------------


LOSS = Loss(DECLARED, "moved", found=False, found_on=None)
FOUND = Loss(DECLARED, "", found=True, found_on=on("2026-05"))


@pytest.mark.parametrize(
    ("losses", "end", "told"),
    [
        ([], None, []),
        ([LOSS], None, [("lost", "2026-03-10", "moved")]),
        ([FOUND], None, [("lost", "2026-03-10", ""), ("found", "2026-05", "")]),
        ([LOSS], End("lost", on("2026-06"), None), [("lost", "2026-03-10", "moved")]),
        ([], End("lost", on("2026-06"), None), [("lost", "2026-06", "")]),
        (
            [FOUND],
            End("lost", on("2026-06"), None),
            [("lost", "2026-03-10", ""), ("found", "2026-05", ""), ("lost", "2026-06", "")],
        ),
        ([], End("completed", on("2026-06-01"), None), [("completed", "2026-06-01", "")]),
        ([], End("died", on("2026-06-01"), on("2026-05-30")), [("died", "2026-05-30", "")]),
        ([], End("died", on("2026-06-01"), None), [("died", "2026-06-01", "")]),
        ([], End("sponsor", None, None), [("ended", "None", "sponsor")]),
        ([], End("withdrew", on("2026-06"), None), [("ended", "2026-06", "withdrew")]),
    ],
)
def test_what_the_forms_tell(losses: list[Loss], end: End | None, told: list[tuple[str, str, str]]) -> None:
    assert [(one.kind, str(one.on), one.detail) for one in life_of_conclusion(losses, end)] == told


@pytest.mark.parametrize(
    ("losses", "end", "status", "since"),
    [
        ([LOSS], None, "lost", "2026-03-10"),
        ([FOUND], None, "in_follow_up", "2026-01-01"),
        ([FOUND], End("lost", on("2026-06"), None), "lost", "2026-06"),
        ([], End("completed", on("2026-06-01"), None), "completed", "2026-06-01"),
        ([LOSS], End("died", on("2026-06-01"), on("2026-05-30")), "died", "2026-05-30"),
        ([], End("investigator", on("2026-06-01"), None), "withdrawn", "2026-06-01"),
    ],
)
def test_where_the_participant_stands(losses: list[Loss], end: End | None, status: str, since: str) -> None:
    before = [
        rules.LifeEvent("enrolled", on("2025-12-01")),
        rules.LifeEvent("followed", on("2026-01-01"), "index date"),
    ]
    standing = rules.fold([*before, *life_of_conclusion(losses, end)], group="control")
    assert (standing.status, str(standing.since)) == (status, since)


def test_an_end_is_an_exit() -> None:
    left = rules.first_exit(life_of_conclusion([], End("sponsor", on("2026-06-01"), None)))
    assert left is not None and (left.kind, left.detail) == ("ended", "sponsor")
