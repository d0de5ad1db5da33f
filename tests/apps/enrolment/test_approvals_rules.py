"""How approvals stand on a day, and what their record may not say: by table, with the boundaries."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from apps.enrolment.rules import approval_records as records
from apps.enrolment.rules import approvals as rules
from apps.enrolment.rules.approvals import Approval, Span, Suspension
from studyportal.crf.partial_date import PartialDate


def d(text: str) -> dt.date:
    return dt.date.fromisoformat(text)


def approval(first: str = "2025-01-01", last: str | None = "2025-12-31", **more: Any) -> Approval:
    return Approval(
        **{"id": 1, "kind": "ec", "first": d(first), "last": d(last) if last else None, "number": "EC/1"}
        | more
    )


def suspension(first: str, last: str | None = None, **more: Any) -> Suspension:
    return Suspension(d(first), d(last) if last else None, **more)


ONE = approval()
RENEWAL = approval("2026-01-01", "2026-12-31", id=2, number="EC/2")
LATE_RENEWAL = approval("2026-02-01", None, id=2, number="EC/2")
WAIVER = approval("2024-01-01", None, id=3, number="", waived=True)
HELD = approval(suspensions=(suspension("2025-03-01", "2025-03-31"),))
WITHDRAWN = approval(suspensions=(suspension("2025-03-01", withdrawn=True),))


@pytest.mark.parametrize(
    ("approvals", "on", "state", "until"),
    [
        ([], "2025-06-01", "missing", None),
        ([approval(kind="other")], "2025-06-01", "missing", None),
        ([ONE], "2024-12-31", "not_yet", None),
        ([ONE], "2025-01-01", "valid", "2025-12-31"),
        ([ONE], "2025-12-31", "valid", "2025-12-31"),  # its last day included
        ([ONE], "2026-01-01", "lapsed", "2025-12-31"),  # refused from the next
        ([ONE, RENEWAL], "2025-12-31", "valid", "2026-12-31"),  # without a break
        ([ONE, RENEWAL], "2026-01-01", "valid", "2026-12-31"),
        ([ONE, LATE_RENEWAL], "2026-01-31", "lapsed", "2025-12-31"),  # within the gap
        ([ONE, LATE_RENEWAL], "2026-02-01", "valid", None),
        ([approval(last=None)], "2099-01-01", "valid", None),
        ([approval(last="2025-01-01")], "2025-01-01", "valid", "2025-01-01"),  # of one day
        ([WAIVER], "2025-06-01", "waived", None),
        (
            [WAIVER, ONE],
            "2025-06-01",
            "valid",
            None,
        ),  # an approval before a waiver; the waiver goes on after it
        ([WAIVER], "2023-12-31", "not_yet", None),
        ([HELD], "2025-02-28", "valid", "2025-02-28"),
        ([HELD], "2025-03-01", "suspended", "2025-03-31"),
        ([HELD], "2025-03-31", "suspended", "2025-03-31"),
        ([HELD], "2025-04-01", "valid", "2025-12-31"),
        ([HELD], "2026-01-01", "lapsed", "2025-12-31"),
        ([WITHDRAWN], "2025-12-31", "suspended", None),
        ([HELD, WAIVER], "2025-03-15", "waived", None),
    ],
)
def test_standing(approvals: list[Approval], on: str, state: str, until: str | None) -> None:
    (found,) = rules.standing(["ec"], approvals, d(on))
    assert (found.state, found.until) == (state, d(until) if until else None)
    assert found.holds is (state in ("valid", "waived"))


def test_standing_is_in_the_order_of_the_kinds() -> None:
    found = rules.standing(["b", "ec"], [ONE], d("2025-06-01"))
    assert [(one.kind, one.state) for one in found] == [("b", "missing"), ("ec", "valid")]


@pytest.mark.parametrize(
    ("approvals", "today", "left"),
    [
        ([ONE], "2025-12-31", 0),
        ([ONE], "2025-12-01", 30),
        ([ONE, RENEWAL], "2025-12-31", 365),  # a renewal on record: nothing lapses
        ([ONE], "2026-01-01", None),
        ([WAIVER], "2026-01-01", None),
    ],
)
def test_days_left(approvals: list[Approval], today: str, left: int | None) -> None:
    (found,) = rules.standing(["ec"], approvals, d(today))
    assert found.days_left(d(today)) == left


@pytest.mark.parametrize(
    ("approvals", "spans"),
    [
        ([], []),
        ([ONE], [("2025-01-01", "2025-12-31")]),
        ([RENEWAL, ONE], [("2025-01-01", "2026-12-31")]),
        ([ONE, LATE_RENEWAL], [("2025-01-01", "2025-12-31"), ("2026-02-01", None)]),
        ([HELD], [("2025-01-01", "2025-02-28"), ("2025-04-01", "2025-12-31")]),
        ([WITHDRAWN], [("2025-01-01", "2025-02-28")]),
        ([approval(suspensions=(suspension("2025-01-01", "2025-12-31"),))], []),
        ([approval(suspensions=(suspension("2026-05-01"),))], [("2025-01-01", "2025-12-31")]),
        (
            [approval(suspensions=(suspension("2025-10-01"), suspension("2025-03-01", "2025-03-31")))],
            [("2025-01-01", "2025-02-28"), ("2025-04-01", "2025-09-30")],
        ),
    ],
)
def test_covered(approvals: list[Approval], spans: list[tuple[str, str | None]]) -> None:
    assert list(rules.covered(approvals)) == [Span(d(a), d(b) if b else None) for a, b in spans]


def test_gaps_and_overlaps_are_told() -> None:
    assert rules.gaps([ONE, LATE_RENEWAL]) == (Span(d("2026-01-01"), d("2026-01-31")),)
    assert rules.gaps([ONE, RENEWAL]) == ()
    early = approval("2025-12-01", None, id=2)
    assert rules.overlaps([early, ONE]) == ((ONE, early, Span(d("2025-12-01"), d("2025-12-31"))),)
    assert rules.overlaps([ONE, RENEWAL]) == ()


@pytest.mark.parametrize(
    ("approvals", "on", "code", "says"),
    [
        (
            [],
            "2025-06-01",
            "approval_missing",
            "is not recorded. Record it, or its waiver, under Study start-up.",
        ),
        ([ONE], "2025-12-31", None, ""),
        (
            [ONE],
            "2026-01-01",
            "approval_lapsed",
            "(EC/1) lapsed: its last day was 31 Dec 2025. Record the renewal",
        ),
        ([ONE], "2024-12-31", "approval_not_yet", "valid only from 1 Jan 2025"),
        ([HELD], "2025-03-01", "approval_suspended", "was suspended by the authority from 1 Mar 2025"),
        ([WITHDRAWN], "2025-04-01", "approval_suspended", "was withdrawn by the authority from 1 Mar 2025"),
        ([WAIVER], "2025-06-01", None, ""),
        (
            [approval(last="2025-06-30", waived=True, number="")],
            "2025-07-01",
            "approval_lapsed",
            "The waiver of",
        ),
        # Known to the month or the year: every day that it can mean.
        ([ONE], "2025-12", None, ""),
        ([ONE], "2025", None, ""),
        ([approval(last="2025-12-30")], "2025-12", "approval_not_shown", "cannot be shown"),
        (
            [approval(first="2025-12-02")],
            "2025-12",
            "approval_not_shown",
            "Give the day of enrolment to the day.",
        ),
        ([HELD], "2025", "approval_not_shown", "cannot be shown"),
        ([ONE, LATE_RENEWAL], "2026-01", "approval_lapsed", "lapsed"),  # not on any day of the month
        ([ONE, LATE_RENEWAL], "2026", "approval_not_shown", "cannot be shown"),
        ([ONE, RENEWAL], "2026", None, ""),
        ([ONE], "age:17", "approval_not_shown", "the day of enrolment is not known"),
    ],
)
def test_enrolment(approvals: list[Approval], on: str, code: str | None, says: str) -> None:
    day = PartialDate.parse(on)
    found = list(
        rules.enrolment_problems(
            [("ec", "Ethics committee")], approvals, site="Mumbai", earliest=day.earliest, latest=day.latest
        )
    )
    assert [problem.code for problem in found] == ([code] if code else [])
    if found:
        assert says in found[0].message
        assert "Ethics committee" in found[0].message
        assert "Mumbai" in found[0].message


def test_a_problem_for_each_kind_that_is_missing() -> None:
    found = rules.enrolment_problems(
        [("ec", "Ethics"), ("reg", "Regulator"), ("icscr", "Stem cells")],
        [ONE],
        site="Mumbai",
        earliest=d("2025-06-01"),
        latest=d("2025-06-01"),
    )
    assert ["Regulator" in one.message or "Stem cells" in one.message for one in found] == [True, True]


TODAY = d("2026-03-04")
GOOD: dict[str, Any] = {
    "kind": "ec",
    "waived": False,
    "authority": "Committee of the hospital",
    "number": "EC/1",
    "waiver_reason": "",
    "approved_on": d("2026-01-01"),
    "valid_from": d("2026-01-01"),
    "valid_until": d("2026-12-31"),
    "without_end": False,
}


@pytest.mark.parametrize(
    ("changes", "field", "code"),
    [
        ({}, None, None),
        ({"kind": "tax_office"}, "kind", "choice"),
        ({"authority": ""}, "authority", "required"),
        ({"number": ""}, "number", "required"),
        ({"waiver_reason": "Not needed"}, "waiver_reason", "waivers_only"),
        ({"waived": True, "number": "", "waiver_reason": "Not needed"}, None, None),
        ({"waived": True, "waiver_reason": "Not needed"}, "number", "approvals_only"),
        ({"waived": True, "number": "", "waiver_reason": ""}, "waiver_reason", "required"),
        ({"waived": True, "number": "", "waiver_reason": "ok"}, "waiver_reason", "required"),
        ({"approved_on": None}, "approved_on", "required"),
        ({"approved_on": TODAY, "valid_from": TODAY}, None, None),
        ({"approved_on": d("2026-03-05"), "valid_from": d("2026-03-05")}, "approved_on", "in_future"),
        ({"valid_from": d("2026-06-01")}, None, None),  # valid from later is no error
        ({"valid_from": d("2025-12-31")}, "valid_from", "before_approval"),
        ({"valid_from": None}, "valid_from", "required"),
        ({"valid_until": d("2026-01-01")}, None, None),  # of one day
        ({"valid_until": d("2025-12-31")}, "valid_until", "before_start"),
        ({"valid_until": None}, "valid_until", "required"),
        ({"valid_until": None, "without_end": True}, None, None),
        ({"without_end": True}, "valid_until", "contradiction"),
        ({"valid_until": d("2126-01-01")}, "valid_until", "impossible_date"),
        ({"approved_on": d("1204-01-01")}, "approved_on", "impossible_date"),
    ],
)
def test_what_a_record_may_not_say(changes: dict[str, Any], field: str | None, code: str | None) -> None:
    found = list(records.approval_problems(records.Given(**GOOD | changes), kinds=["ec"], today=TODAY))
    assert [(one.field, one.code) for one in found] == ([(field, code)] if code else [])


@pytest.mark.parametrize(
    ("first", "reason", "others", "code"),
    [
        ("2025-03-01", "Inspection", (), None),
        ("2025-01-01", "Inspection", (), None),
        ("2025-12-31", "Inspection", (), None),
        ("2024-12-31", "Inspection", (), "outside"),
        ("2026-01-01", "Inspection", (), "outside"),
        (None, "Inspection", (), "required"),
        ("2025-03-01", "", (), "required"),
        ("2025-03-01", "Inspection", (suspension("2025-02-01"),), "overlap"),
        ("2025-03-01", "Inspection", (suspension("2025-02-01", "2025-03-01"),), "overlap"),
        ("2025-03-01", "Inspection", (suspension("2025-02-01", "2025-02-28"),), None),
        (
            "2025-03-01",
            "Inspection",
            (suspension("2025-06-01", "2025-06-30"),),
            "overlap",
        ),  # it has no end yet
    ],
)
def test_what_a_suspension_may_not_say(
    first: str | None, reason: str, others: tuple[Suspension, ...], code: str | None
) -> None:
    found = records.suspension_problems(
        approval=ONE, first=d(first) if first else None, reason=reason, today=TODAY, others=others
    )
    assert [one.code for one in found] == ([code] if code else [])


def test_a_suspension_is_not_recorded_ahead() -> None:
    (found,) = records.suspension_problems(
        approval=approval(last=None), first=d("2026-03-05"), reason="Inspection", today=TODAY
    )
    assert (found.field, found.code) == ("from_on", "in_future")


@pytest.mark.parametrize(
    ("held", "lifted", "code"),
    [
        (suspension("2025-03-01"), "2025-03-02", None),
        (suspension("2025-03-01"), "2025-03-01", "before_start"),
        (suspension("2025-03-01"), "2026-03-04", None),
        (suspension("2025-03-01"), "2026-03-05", "in_future"),
        (suspension("2025-03-01"), None, "required"),
        (suspension("2025-03-01", "2025-03-31"), "2025-06-01", "lifted"),
        (suspension("2025-03-01", withdrawn=True), "2025-06-01", "withdrawn"),
    ],
)
def test_what_a_lifting_may_not_say(held: Suspension, lifted: str | None, code: str | None) -> None:
    found = records.lifting_problems(held=held, lifted_on=d(lifted) if lifted else None, today=TODAY)
    assert [one.code for one in found] == ([code] if code else [])
