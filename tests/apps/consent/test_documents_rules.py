"""The register's rules: which version may be signed on a day, dates known in part, labels, and what changed."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.consent.rules import documents as rules
from apps.consent.rules.documents import Document, Register, Text, judge, judge_between, why_not
from apps.consent.rules.documents_compare import compare
from apps.enrolment.rules.approvals import Approval, Suspension

D = dt.date
APPROVAL = Approval(
    id=1, kind="ethics_committee", first=D(2023, 1, 1), last=D(2024, 12, 31), number="EC/7",
    suspensions=(Suspension(D(2024, 5, 1), D(2024, 5, 31)),),
)  # fmt: skip
IN_USE = Document(
    id=1, site_id=1, kind="consent_form", purpose="participation", version_label="1.0", state="approved",
    valid_from=D(2023, 2, 1), approvals=(APPROVAL,), texts=(Text(11, "en"), Text(12, "mr")),
)  # fmt: skip


@pytest.mark.parametrize(
    ("changes", "day", "judged"),
    [
        ({}, D(2023, 1, 31), "not_yet"),
        ({}, D(2023, 2, 1), "current"),
        ({}, D(2024, 12, 31), "current"),
        ({}, D(2025, 1, 1), "approval_lapsed"),
        ({}, D(2024, 4, 30), "current"),
        ({}, D(2024, 5, 1), "approval_lapsed"),
        ({}, D(2024, 5, 31), "approval_lapsed"),
        ({}, D(2024, 6, 1), "current"),
        ({"approvals": ()}, D(2023, 2, 1), "approval_lapsed"),
        ({"approvals": (APPROVAL, replace(APPROVAL, id=2, first=D(2025, 2, 1), last=None))}, D(2025, 1, 31), "approval_lapsed"),
        ({"approvals": (APPROVAL, replace(APPROVAL, id=2, first=D(2025, 2, 1), last=None))}, D(2025, 2, 1), "current"),
        ({"superseded_from": D(2023, 6, 1)}, D(2023, 5, 31), "current"),
        ({"superseded_from": D(2023, 6, 1)}, D(2023, 6, 1), "superseded"),
        ({"withdrawn_from": D(2023, 6, 1), "state": "withdrawn"}, D(2023, 5, 31), "current"),
        ({"withdrawn_from": D(2023, 6, 1), "state": "withdrawn"}, D(2023, 6, 1), "withdrawn"),
        ({"state": "draft"}, D(2023, 6, 1), "not_approved"),
        ({"valid_from": None}, D(2023, 6, 1), "not_approved"),
    ],
)  # fmt: skip
def test_judged_on_a_day(changes: dict[str, Any], day: dt.date, judged: str) -> None:
    document = replace(IN_USE, **changes)
    assert judge(document, day) == judged
    assert bool(why_not(document, day)) is (judged != "current")
    assert rules.current([document], day) == ((document,) if judged == "current" else ())


def test_a_month_may_be_judged_in_two_ways() -> None:
    assert judge_between(IN_USE, D(2023, 2, 1), D(2023, 2, 28)) == {"current"}
    assert judge_between(IN_USE, D(2023, 1, 1), D(2023, 12, 31)) == {"not_yet", "current"}
    assert judge_between(IN_USE, D(2024, 1, 1), D(2024, 12, 31)) == {"current", "approval_lapsed"}


@given(st.dates(D(2022, 1, 1), D(2026, 1, 1)), st.integers(0, 800))
def test_between_two_days_every_judgement_is_found(first: dt.date, days: int) -> None:
    document = replace(IN_USE, superseded_from=D(2024, 7, 15))
    last = first + dt.timedelta(days=days)
    each = {judge(document, first + dt.timedelta(days=n)) for n in range(days + 1)}
    assert judge_between(document, first, last) == each


def test_the_register_finds() -> None:
    later = replace(
        IN_USE, id=2, version_label="v2.0", supersedes=1, valid_from=D(2023, 6, 1), reconsent_needed=True, texts=(Text(21, "en"),),
    )  # fmt: skip
    draft = replace(IN_USE, id=3, version_label="3.0", state="draft", supersedes=2, texts=(Text(31, "en"),))
    register = Register((replace(IN_USE, superseded_from=D(2023, 6, 1)), later, draft))
    assert [one.id for one in register.line_of(draft)] == [3, 2, 1]
    found = register.of_text(21)
    assert found is not None and found.id == 2
    assert register.of_text(99) is None and register.of_text(None) is None
    assert [one.id for one in register.find("participation", "Version 2.0")] == [2]
    assert register.find("participation", "2.0", "mr") == ()
    assert register.find("images", "2.0") == ()
    assert register.amendments() == (later,)
    current = (
        register.current("participation", D(2023, 5, 31)),
        register.current("participation", D(2023, 6, 1)),
    )
    assert [one and one.id for one in current] == [1, 2]
    assert register.has_approved("participation") and not register.has_approved("images")


@pytest.mark.parametrize(
    ("before", "after", "kinds"),
    [
        ("One.\n\nTwo.", "One.\n\nTwo.", ["same", "same"]),
        ("One.\n\nTwo.", "One.\n\nTwo and more.", ["same", "changed"]),
        ("One.", "One.\n\nTwo.", ["same", "added"]),
        ("One.\n\nTwo.", "Two.", ["removed", "same"]),
        ("", "One.", ["added"]),
        ("", "", []),
    ],
)
def test_what_changed_between_two_texts(before: str, after: str, kinds: list[str]) -> None:
    assert [one.kind for one in compare(before, after)] == kinds


@given(st.text(alphabet="ab \n", max_size=60), st.text(alphabet="ab \n", max_size=60))
def test_nothing_is_lost_in_a_comparison(before: str, after: str) -> None:
    found = compare(before, after)

    def side(kind: str) -> list[str]:
        texts = ["".join(p.text for p in one.pieces if p.kind in ("same", kind)) for one in found]
        return [text for text in texts if text]

    from apps.consent.rules.documents_compare import paragraphs

    assert side("removed") == paragraphs(before)
    assert side("added") == paragraphs(after)
