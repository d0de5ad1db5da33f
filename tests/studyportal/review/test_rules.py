"""What each step of the review forbids: every step × act, and who may do what: every act × role. No database."""

from __future__ import annotations

import pytest

from studyportal.access.permissions import Permission
from studyportal.access.roles import ROLES
from studyportal.review.rules import Act, Needed, ReviewState, Step, bars, folded

DRAFT = ReviewState()
COMPLETE = ReviewState(complete=True)
VERIFIED = ReviewState(complete=True, verified=True)
SIGNED = ReviewState(complete=True, verified=True, signed=True)
LOCKED = ReviewState(complete=True, verified=True, signed=True, locked=True)
FROZEN = ReviewState(complete=True, frozen=True)
BOTH = ReviewState(complete=True, locked=True, frozen=True)

# step × act → what bars it, when the protocol asks nothing
TABLE = {
    ("draft", DRAFT): {Act.VERIFY: ["incomplete"], Act.SIGN: ["incomplete"], Act.LOCK: ["incomplete"], Act.UNLOCK: ["not_locked"]},
    ("complete", COMPLETE): {Act.UNLOCK: ["not_locked"]},
    ("verified", VERIFIED): {Act.UNLOCK: ["not_locked"]},
    ("signed", SIGNED): {Act.UNLOCK: ["not_locked"]},
    ("locked", LOCKED): {Act.CHANGE: ["locked"], Act.TAKE_BACK: ["locked"], Act.LOCK: ["locked"]},
    ("frozen", FROZEN): {Act.CHANGE: ["frozen"], Act.ADD: ["frozen"], Act.TAKE_BACK: ["frozen"], Act.UNLOCK: ["not_locked"]},
    ("both", BOTH): {Act.CHANGE: ["locked", "frozen"], Act.ADD: ["frozen"], Act.TAKE_BACK: ["locked", "frozen"], Act.LOCK: ["locked"]},
}  # fmt: skip


@pytest.mark.parametrize(
    ("state", "act", "codes"),
    [
        pytest.param(state, act, barred.get(act, []), id=f"{name}-{act}")
        for (name, state), barred in TABLE.items()
        for act in Act
    ],
)
def test_every_step_and_act(state: ReviewState, act: Act, codes: list[str]) -> None:
    assert [bar.code for bar in bars(state, act)] == codes


@pytest.mark.parametrize(
    ("state", "needed", "codes"),
    [
        (COMPLETE, Needed(verified=True), ["not_verified"]),
        (VERIFIED, Needed(verified=True), []),
        (VERIFIED, Needed(verified=True, signed=True), ["not_signed"]),
        (SIGNED, Needed(verified=True, signed=True), []),
        (SIGNED, Needed(open_queries=1), ["open_queries"]),
        (SIGNED, Needed(open_queries=0), []),
        (DRAFT, Needed(True, True, 2), ["incomplete", "open_queries", "not_verified", "not_signed"]),
    ],
)
def test_what_a_lock_needs(state: ReviewState, needed: Needed, codes: list[str]) -> None:
    assert [bar.code for bar in bars(state, Act.LOCK, needed)] == codes


def test_a_freeze_never_holds_up_what_happens_to_people_and_a_lock_does() -> None:
    assert bars(FROZEN, Act.CHANGE, safety=True) == []
    assert bars(FROZEN, Act.ADD, safety=True) == []
    assert [bar.code for bar in bars(FROZEN, Act.TAKE_BACK, safety=True)] == ["frozen"]
    assert [bar.code for bar in bars(LOCKED, Act.CHANGE, safety=True)] == ["locked"]


# act → the permission that the pages and the API ask, and who holds it
HELD = {
    Permission.VERIFY_SOURCE: {"data_manager"},
    Permission.LOCK_RECORDS: {"data_manager"},
    Permission.FREEZE_RECORDS: {"data_manager"},
    Permission.SIGN_RECORDS: {"investigator"},
}


@pytest.mark.parametrize("permission", HELD)
def test_who_may_do_it(permission: Permission) -> None:
    assert {key for key, role in ROLES.items() if permission in role.permissions} == HELD[permission]


@pytest.mark.parametrize(
    ("state", "step"),
    [(DRAFT, Step.DRAFT), (COMPLETE, Step.COMPLETE), (VERIFIED, Step.VERIFIED), (SIGNED, Step.SIGNED), (LOCKED, Step.LOCKED), (FROZEN, Step.COMPLETE)],
)  # fmt: skip
def test_the_last_step_that_stands(state: ReviewState, step: Step) -> None:
    assert state.step is step


@pytest.mark.parametrize(
    ("marks", "asked", "verified", "broken", "fields", "fallen"),
    [
        ({}, (), False, False, set(), set()),
        ({"": True}, (), True, False, set(), set()),
        ({"": False}, (), False, True, set(), set()),
        ({"weight": True}, (), False, False, {"weight"}, set()),
        ({"weight": True}, ("weight",), True, False, {"weight"}, set()),
        ({"weight": True}, ("weight", "height"), False, False, {"weight"}, set()),
        ({"weight": True, "height": False}, ("weight", "height"), False, True, {"weight"}, {"height"}),
        # The whole form counts where fields were asked; the fields where the whole form fell.
        ({"": True}, ("weight", "height"), True, False, set(), set()),
        ({"": False, "weight": True}, ("weight",), True, False, {"weight"}, set()),
    ],
)
def test_marks_are_folded(
    marks: dict[str, bool],
    asked: tuple[str, ...],
    verified: bool,
    broken: bool,
    fields: set[str],
    fallen: set[str],
) -> None:
    state = folded(
        complete=True, version=1, marks=marks, asked=asked, signed=None, locked=False, frozen=False, changed_after_lock=True
    )  # fmt: skip
    assert (state.verified, state.broken) == (verified, broken)
    assert (state.verified_fields, state.broken_fields) == (fields, fallen)
    assert not state.changed_after_lock, "nothing is changed after a lock that is not there"


@pytest.mark.parametrize(
    ("signed", "stands", "broken"), [(None, False, False), (True, True, False), (False, False, True)]
)
def test_signatures_are_folded(signed: bool | None, stands: bool, broken: bool) -> None:
    state = folded(
        complete=True, version=1, marks={}, asked=(), signed=signed, locked=True, frozen=False, changed_after_lock=True
    )  # fmt: skip
    assert (state.signed, state.signature_broken) == (stands, broken)
    assert state.changed_after_lock
