"""The life of a product as a fold, and what bars its release and its infusion."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from apps.celldose.lifecycle import (
    REQUIRES,
    Happening,
    Identity,
    InfusionFacts,
    QuarantineFacts,
    ReleaseFacts,
    State,
    evaluation_bars,
    infusion_bars,
    live,
    order_bars,
    quarantine,
    release_bars,
)
from studyportal.crf.outcomes import NotDerivable, Problem

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
        # an exceptional release answers for the expiry until the time that it names, and for nothing else
        (
            {"decision": "exceptional", "expires_at": NOON - dt.timedelta(seconds=1)},
            ["expired"],
        ),
        (
            {"decision": "exceptional", "use_by": NOON - dt.timedelta(seconds=1)},
            ["expired"],
        ),
        ({"decision": "exceptional", "failing": ("Sterility",)}, ["out_of_specification"]),
        ({"decision": "exceptional", "signed": False}, ["release_unsigned"]),
        ({"decision": "exceptional", "recipient": "MUM-0002-I"}, ["other_participant"]),
        ({"decision": "exceptional", "consent": "No consent."}, ["consent_not_in_force"]),
        ({"decision": "exceptional", "life": life(*ORDER)}, ["already_used"]),
        ({"decided_at": NOON + dt.timedelta(seconds=1)}, ["not_released"]),
        (
            {"expired_lots": (Problem("product", "reagent_expired", "Ficoll expired."),)},
            ["reagent_expired"],
        ),
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
    [
        {},
        {"decision": "conditional"},
        {"decision": "exceptional"},
        {"starts_at": NOON + dt.timedelta(hours=6)},
        {"decided_at": NOON},
        {"decision": "exceptional", "use_by": NOON, "expires_at": NOON - dt.timedelta(hours=6)},
        {"decision": "exceptional", "use_by": NOON, "expires_at": NotDerivable("storage missing")},
    ],
    ids=[
        "released",
        "conditional",
        "exceptional",
        "at the very minute of expiry",
        "at the very minute of the decision",
        "past the expiry, at the minute until which an exceptional release lets it",
        "without an expiry, likewise",
    ],
)
def test_an_infusion_that_may_go_ahead(changed: dict[str, Any]) -> None:
    assert infusion_bars(InfusionFacts(**(READY | changed))) == ()


PASSED = {"Viability": "pass", "Sterility culture": "pass"}
FAILED = PASSED | {"Viability": "fail"}
UNKNOWN = PASSED | {"Endotoxin": "not_evaluable"}
PENDING = PASSED | {"Sterility culture": "pending"}
HOUR = dt.timedelta(hours=1)
LOT = Problem("product", "reagent_expired", "Ficoll expired on 2024-11-01.")
DECIDED = {
    "product": "SVF D-002",
    "life": life(*ORDER[:4]),
    "decision": "released",
    "outcomes": PASSED,
    "current": True,
    "decided_at": NOON,
    "processed_at": NOON - HOUR,
    "expires_at": NOON + HOUR,
    "identity": {"collection": Identity(True), "receipt": Identity(True)},
}
EXPIRED: dict[str, Any] = {"expires_at": NOON - HOUR}
NO_EXPIRY: dict[str, Any] = {"expires_at": NotDerivable("storage temperature missing")}


@pytest.mark.parametrize(
    ("changed", "codes"),
    [
        ({"outcomes": None}, ["criteria_not_evaluated"]),
        ({"outcomes": None, "decision": "rejected"}, ["criteria_not_evaluated"]),
        ({"current": False}, ["evaluation_outdated"]),
        ({"current": False, "decision": "rejected"}, ["evaluation_outdated"]),
        ({"current": False, "decision": "exceptional"}, ["evaluation_outdated"]),
        ({"life": life(*ORDER[:4], State.DISCARDED)}, ["discarded"]),
        ({"life": life(State.HARVESTED, State.QUARANTINED)}, ["not_processed"]),
        ({"decided_at": None}, ["decided_at_missing"]),
        ({"decided_at": None, "decision": "rejected"}, ["decided_at_missing"]),
        ({"decided_at": NOON - HOUR - dt.timedelta(seconds=1)}, ["decided_before_processing"]),
        ({"decided_at": NOON - HOUR}, []),
        ({"processed_at": None}, []),
        ({"unsaid": ("reason_rejected",), "decision": "rejected"}, ["reason_missing"]),
        # criteria
        ({"outcomes": FAILED}, ["criteria_failed"]),
        ({"outcomes": FAILED, "decision": "conditional"}, ["criteria_failed"]),
        ({"outcomes": FAILED, "decision": "exceptional"}, []),
        ({"outcomes": FAILED, "decision": "rejected"}, []),
        ({"outcomes": UNKNOWN}, ["criteria_not_evaluable"]),
        ({"outcomes": UNKNOWN, "decision": "conditional"}, ["criteria_not_evaluable"]),
        ({"outcomes": UNKNOWN, "decision": "exceptional"}, []),
        ({"outcomes": PENDING}, ["criteria_pending"]),
        ({"outcomes": PENDING, "decision": "conditional"}, []),
        ({"outcomes": PENDING, "decision": "exceptional"}, ["nothing_exceptional"]),
        ({"decision": "exceptional"}, ["nothing_exceptional"]),
        ({}, []),
        # expiry: the very minute is still within it
        ({"expires_at": NOON}, []),
        ({"expires_at": NOON - dt.timedelta(seconds=1)}, ["expired"]),
        (EXPIRED | {"decision": "conditional"}, ["expired"]),
        (EXPIRED | {"decision": "rejected"}, []),
        (EXPIRED | {"decision": "exceptional"}, ["use_by_missing"]),
        (EXPIRED | {"decision": "exceptional", "use_by": NOON + HOUR}, []),
        (EXPIRED | {"decision": "exceptional", "use_by": NOON}, ["use_by_passed"]),
        (NO_EXPIRY, ["expiry_unknown"]),
        (NO_EXPIRY | {"decision": "exceptional"}, ["use_by_missing"]),
        (NO_EXPIRY | {"decision": "rejected"}, []),
        # whose it is, and what it was made with: nobody answers for these
        ({"identity": {"receipt": Identity(True)}}, ["identity_unchecked_collection"]),
        ({"identity": {"collection": Identity(True)}}, ["identity_unchecked_receipt"]),
        (
            {"identity": {}, "outcomes": FAILED, "decision": "exceptional"},
            ["identity_unchecked_collection", "identity_unchecked_receipt"],
        ),
        (
            {"identity": {"collection": Identity(False, "read “D-9”"), "receipt": Identity(True)}},
            ["identity_mismatch_collection"],
        ),
        ({"identity": {}, "decision": "rejected"}, []),
        ({"expired_lots": (LOT,)}, ["reagent_expired"]),
        ({"expired_lots": (LOT,), "outcomes": FAILED, "decision": "exceptional"}, ["reagent_expired"]),
        ({"expired_lots": (LOT,), "decision": "rejected"}, []),
        # after the infusion
        ({"life": life(*ORDER), "infused_at": NOON}, []),
        ({"life": life(*ORDER), "infused_at": NOON} | EXPIRED, []),
        ({"life": life(*ORDER), "infused_at": NOON, "decision": "rejected"}, ["already_used"]),
        (
            {"life": life(*ORDER), "infused_at": NOON - dt.timedelta(seconds=1)},
            ["decided_after_infusion"],
        ),
    ],
)
def test_bars_of_a_release(changed: dict[str, Any], codes: list[str]) -> None:
    found = release_bars(ReleaseFacts(**(DECIDED | changed)))
    assert [one.code for one in found] == codes
    assert all(one.message.endswith((".", "?")) for one in found)


@pytest.mark.parametrize(
    ("steps", "codes"),
    [
        (ORDER[:1], ["not_processed"]),
        (ORDER[:3], []),
        (ORDER[:4], []),
        ((*ORDER[:3], State.DISCARDED), ["discarded"]),
        (ORDER, ["already_used"]),
    ],
)
def test_what_bars_an_evaluation(steps: Any, codes: list[str]) -> None:
    assert [one.code for one in evaluation_bars("SVF D-002", life(*steps))] == codes


@pytest.mark.parametrize(
    ("form", "steps", "codes"),
    [
        ("processing", (), ["not_received"]),
        ("processing", ORDER[:1], ["not_received"]),
        ("processing", ORDER[:2], []),
        *((form, ORDER[:2], ["not_processed"]) for form in REQUIRES if form != "processing"),
        *((form, ORDER[:3], []) for form in REQUIRES if form != "processing"),
        ("hand-over", (), []),
    ],
)
def test_the_order_of_the_laboratory(form: str, steps: Any, codes: list[str]) -> None:
    assert [one.code for one in order_bars(form, "SVF D-002", life(*steps))] == codes


APART: dict[str, Any] = {
    "product": "SVF D-002",
    "life": life(*ORDER[:5]),
    "decision": "released",
    "signed": True,
    "failing": (),
    "grown": (),
    "expires_at": NOON,
    "now": NOON,
}


@pytest.mark.parametrize(
    ("changed", "codes"),
    [
        ({}, []),
        ({"now": NOON + dt.timedelta(seconds=1)}, ["expired"]),
        ({"signed": False}, ["release_unsigned"]),
        ({"signed": False, "decision": "rejected"}, ["release_unsigned"]),
        ({"decision": "rejected", "failing": ("Viability",)}, []),
        ({"failing": ("Viability",)}, ["out_of_specification"]),
        ({"failing": ("Sterility",), "grown": ("fungal culture",)}, ["out_of_specification", "grown"]),
        ({"decision": None, "failing": ("Viability",)}, ["out_of_specification"]),
        ({"decision": None, "now": NOON + HOUR}, ["expired"]),
        ({"decision": None}, []),
        ({"expires_at": NotDerivable("storage missing"), "now": NOON + HOUR}, []),
        # an exceptional release answers for the expiry until the time that it names
        ({"decision": "exceptional", "use_by": NOON + HOUR, "now": NOON + HOUR}, []),
        ({"decision": "exceptional", "use_by": NOON + HOUR, "now": NOON + 2 * HOUR}, ["expired"]),
        ({"decision": "exceptional", "now": NOON + HOUR}, ["expired"]),
        (
            {"decision": "exceptional", "use_by": NOON + HOUR, "now": NOON + HOUR, "signed": False},
            ["release_unsigned", "expired"],
        ),
        # what was infused or discarded is in no quarantine
        ({"life": life(*ORDER), "failing": ("Viability",), "now": NOON + HOUR}, []),
        ({"life": life(*ORDER[:4], State.DISCARDED), "failing": ("Viability",)}, []),
    ],
)
def test_why_a_product_stands_apart(changed: dict[str, Any], codes: list[str]) -> None:
    found = quarantine(QuarantineFacts(**(APART | changed)))
    assert [one.code for one in found] == codes
    assert all(one.message.endswith(".") for one in found)
