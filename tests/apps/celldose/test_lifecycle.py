"""The life of a product as a fold, and what bars its release and its infusion."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from apps.celldose.lifecycle import (
    Happening,
    Identity,
    InfusionFacts,
    ReleaseFacts,
    State,
    infusion_bars,
    live,
    release_bars,
)
from studyportal.crf.outcomes import NotDerivable

NOON = dt.datetime(2024, 11, 12, 12, 0, tzinfo=dt.UTC)
ORDER = [
    State.HARVESTED,
    State.RECEIVED,
    State.PROCESSED,
    State.QUARANTINED,
    State.RELEASED,
    State.ISSUED,
    State.INFUSED,
]


def life(*steps: State) -> Any:
    return live(Happening(step, NOON) for step in steps)


@pytest.mark.parametrize("length", range(1, len(ORDER) + 1))
def test_each_step_in_order_leads_to_its_state(length: int) -> None:
    found = life(*ORDER[:length])
    assert found.state == ORDER[length - 1]
    assert found.out_of_order == ()


@pytest.mark.parametrize(
    ("steps", "state", "named"),
    [
        ((), None, ()),
        ((State.HARVESTED, State.INFUSED), State.INFUSED, ("infused after harvested",)),
        (
            (State.HARVESTED, State.RECEIVED, State.PROCESSED, State.RELEASED),
            State.RELEASED,
            ("released after processed",),
        ),
        ((*ORDER, State.DISCARDED), State.INFUSED, ("discarded after infused",)),
        ((*ORDER, State.INFUSED), State.INFUSED, ("infused after infused",)),
        ((*ORDER[:4], State.REJECTED, State.DISCARDED), State.DISCARDED, ()),
        ((*ORDER[:4], State.REJECTED, State.INFUSED), State.INFUSED, ("infused after rejected",)),
        ((State.HARVESTED, State.DISCARDED), State.DISCARDED, ()),
        ((State.INFUSED,), State.INFUSED, ("infused after nothing",)),
    ],
)
def test_steps_out_of_order_happened_and_are_named(steps: Any, state: Any, named: Any) -> None:
    found = life(*steps)
    assert (found.state, found.out_of_order) == (state, named)


READY = {
    "product": "BM-MNC D-001",
    "product_participant": "MUM-0001-K",
    "recipient": "MUM-0001-K",
    "life": life(*ORDER[:-1]),
    "decision": "released",
    "expires_at": NOON + dt.timedelta(hours=6),
    "starts_at": NOON,
    "consent": None,
    "signed": True,
    "identity": {"issue": Identity(True), "bedside": Identity(True)},
}


@pytest.mark.parametrize(
    ("changed", "codes"),
    [
        ({"life": life(*ORDER)}, ["already_used"]),
        ({"life": life(*ORDER[:-1], State.DISCARDED)}, ["discarded"]),
        ({"decision": None}, ["not_released"]),
        ({"decision": "rejected"}, ["rejected"]),
        ({"failing": ("Viability",)}, ["out_of_specification"]),
        ({"signed": False}, ["release_unsigned"]),
        ({"expires_at": NOON - dt.timedelta(seconds=1)}, ["expired"]),
        ({"expires_at": NotDerivable("end of harvest missing")}, ["expiry_unknown"]),
        ({"starts_at": None}, ["start_missing"]),
        ({"recipient": "MUM-0002-I"}, ["other_participant"]),
        ({"identity": {"issue": Identity(True)}}, ["identity_unchecked_bedside"]),
        ({"identity": {"bedside": Identity(True)}}, ["identity_unchecked_issue"]),
        (
            {"identity": {"issue": Identity(True), "bedside": Identity(False, "read “D-002”")}},
            ["identity_mismatch_bedside"],
        ),
        ({"identity": {"issue": Identity(True), "bedside": Identity(None)}}, ["identity_mismatch_bedside"]),
        (
            {"identity": {"collection": Identity(False), "issue": Identity(True), "bedside": Identity(True)}},
            ["identity_mismatch_collection"],
        ),
        ({"consent": "Consent to session 1 is not in force."}, ["consent_not_in_force"]),
        ({"decision": None, "consent": "No consent."}, ["not_released", "consent_not_in_force"]),
    ],
)
def test_each_bar_of_an_infusion_fires_alone(changed: dict[str, Any], codes: list[str]) -> None:
    found = infusion_bars(InfusionFacts(**(READY | changed)))
    assert [one.code for one in found] == codes
    assert all(one.message.endswith(".") for one in found)


@pytest.mark.parametrize(
    "changed",
    [{}, {"decision": "conditional"}, {"starts_at": NOON + dt.timedelta(hours=6)}],
    ids=["released", "conditional", "at the very minute of expiry"],
)
def test_an_infusion_that_may_go_ahead(changed: dict[str, Any]) -> None:
    assert infusion_bars(InfusionFacts(**(READY | changed))) == ()


PASSED = {"Viability": "pass", "Sterility culture": "pass"}


@pytest.mark.parametrize(
    ("decision", "outcomes", "current", "steps", "codes"),
    [
        ("released", None, False, ORDER[:3], ["criteria_not_evaluated"]),
        ("rejected", None, False, ORDER[:3], ["criteria_not_evaluated"]),
        ("released", PASSED, False, ORDER[:4], ["evaluation_outdated"]),
        ("released", PASSED, True, [*ORDER[:4], State.DISCARDED], ["discarded"]),
        ("released", PASSED, True, [State.HARVESTED, State.QUARANTINED], ["not_processed"]),
        ("released", PASSED | {"Viability": "fail"}, True, ORDER[:4], ["criteria_failed"]),
        ("conditional", PASSED | {"Viability": "fail"}, True, ORDER[:4], ["criteria_failed"]),
        ("conditional", PASSED | {"Endotoxin": "not_evaluable"}, True, ORDER[:4], ["criteria_not_evaluable"]),
        ("released", PASSED | {"Sterility culture": "pending"}, True, ORDER[:4], ["criteria_pending"]),
        ("conditional", PASSED | {"Sterility culture": "pending"}, True, ORDER[:4], []),
        ("released", PASSED, True, ORDER[:4], []),
        ("rejected", PASSED | {"Viability": "fail"}, True, ORDER[:4], []),
    ],
)
def test_bars_of_a_release(decision: str, outcomes: Any, current: bool, steps: Any, codes: list[str]) -> None:
    facts = ReleaseFacts("SVF D-002", life(*steps), decision, outcomes, current)
    assert [one.code for one in release_bars(facts)] == codes
