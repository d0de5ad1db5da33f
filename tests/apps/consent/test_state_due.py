"""What is due by the register, by a coming session, and beside a signature: as tables."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import Any

import pytest

from apps.consent.rules import Event, Facts, Terms, consent_state, document_purpose, required
from apps.consent.rules.documents import Document, Register, Text
from apps.consent.rules.due import Due
from apps.consent.rules.tasks import tasks_of
from apps.enrolment.rules.approvals import Approval
from tests.apps.consent.test_state import (
    BOTH,
    TERMS,
    born,
    day,
    event,
    lar,
    on,
    oral,
    own,
    withdrawal,
    written,
)

ADULT, MINOR = born("1990-01-01"), born("2006-01-01")
COMPLETE: dict[str, Any] = {"audio_visual": "recorded", "copy_given": True, "witness": "Teacher"}


def due(log: list[Event], asked: str, ages: Any, **facts: Any) -> list[Due]:
    return list(consent_state(log, TERMS, day(asked), ages, facts=Facts(**facts)).due)


def kinds(found: list[Due]) -> list[tuple[str, str]]:
    return [(one.kind, one.signature) for one in found]


# --- Amendments -------------------------------------------------------------------------------------------

APPROVED = Approval(
    id=1, kind="ethics_committee", number="EC/7", authority="IEC", first=dt.date(2019, 1, 1), last=None
)


def version(id: int, label: str, first: str, purpose: str = "participation", **more: Any) -> Document:
    plain: dict[str, Any] = {
        "kind": "consent_form",
        "state": "approved",
        "approvals": (APPROVED,),
        "texts": (Text(id * 10, "en"), Text(id * 10 + 1, "mr")),
    } | more
    return Document(id=id, site_id=1, purpose=purpose, version_label=label, valid_from=day(first), **plain)


def register(*more: Document, **amendment: Any) -> Register:
    """Version 1.0, and 2.0 in use from 1 March 2021, which asks those who signed before to sign again."""
    first = version(1, "1.0", "2019-01-01", superseded_from=day("2021-03-01"))
    plain: dict[str, Any] = {
        "supersedes": 1,
        "reconsent_needed": True,
        "reconsent_whom": "everybody",
    } | amendment
    return Register((first, version(2, "2.0", "2021-03-01", **plain), *more))


OLD = own(document_id=10, document_version=None, **COMPLETE)


@pytest.mark.parametrize(
    ("log", "asked", "expected"),
    [
        ([OLD], "2021-02-28", []),
        ([OLD], "2021-03-01", [("reconsent", "consent")]),
        # By the version as the entry has it in words.
        ([own(document_version="v1.0", **COMPLETE)], "2021-03-01", [("reconsent", "consent")]),
        ([own(document_version="Version 2.0", **COMPLETE)], "2021-04-01", []),
        # Signed again, in another language, or by an entry of another kind.
        ([OLD, own(5, "2021-03-10", document_id=21, **COMPLETE)], "2021-04-01", []),
        (
            [OLD, event(5, "re_consent", "2021-03-10", signer="participant", document_id=20, **COMPLETE)],
            "2021-04-01",
            [],
        ),
        # Signed again under the old version: as before.
        ([OLD, own(5, "2021-03-10", document_id=10, **COMPLETE)], "2021-04-01", [("reconsent", "consent")]),
        # A form of something else is no form of this.
        (
            [OLD, own(5, "2021-03-10", document_id=20, purposes=("procedure",), **COMPLETE)],
            "2021-04-01",
            [("reconsent", "consent")],
        ),
        # Who withdrew signs nothing.
        ([OLD, withdrawal(9, "2021-03-05", "visits")], "2021-04-01", []),
    ],
)  # fmt: skip
def test_those_who_signed_before_sign_again(log: list[Event], asked: str, expected: list[Any]) -> None:
    assert kinds(due(log, asked, ADULT, register=register())) == expected


@pytest.mark.parametrize(("asked", "overdue"), [("2021-05-30", False), ("2021-05-31", True)])
def test_an_amendment_is_overdue_after_ninety_days_and_taking_part_goes_on(asked: str, overdue: bool) -> None:
    (found,) = due([OLD], asked, ADULT, register=register())
    assert (found.overdue, found.from_on, found.by_on) == (overdue, day("2021-03-01"), day("2021-05-30"))
    assert (found.document, found.concerns) == (2, OLD.id)
    state = consent_state([OLD], TERMS, day(asked), ADULT, facts=Facts(register=register()))
    assert (state.in_force, state.phase) == ("yes", "overdue" if overdue else "due")


def test_the_protocol_may_suspend_after_an_amendment() -> None:
    terms = Terms(after_amendment="suspended")
    for asked, expected in (("2021-05-30", "yes"), ("2021-05-31", "no")):
        state = consent_state([OLD], terms, day(asked), ADULT, facts=Facts(register=register()))
        assert (state.in_force, state.covers_session(1)) == (expected, expected)


def test_a_later_version_answers_for_the_one_that_asked() -> None:
    third = version(3, "3.0", "2021-06-01", supersedes=2)
    log = [OLD, own(5, "2021-06-10", document_id=30, **COMPLETE)]
    assert due(log, "2021-07-01", ADULT, register=register(third, superseded_from=day("2021-06-01"))) == []
    # Who signed neither is asked for the one in use now, by the day of the first.
    (found,) = due([OLD], "2021-07-01", ADULT, register=register(third, superseded_from=day("2021-06-01")))
    assert (found.document, found.by_on) == (3, day("2021-05-30"))


@pytest.mark.parametrize(
    ("whom", "group", "ages", "asked"),
    [
        ("cases", "case", ADULT, True),
        ("cases", "control", ADULT, False),
        ("controls", "control", ADULT, True),
        ("adults", "case", ADULT, True),
        ("minors", "case", ADULT, False),
    ],
)
def test_whom_an_amendment_asks(whom: str, group: str, ages: Any, asked: bool) -> None:
    found = due([OLD], "2021-04-01", ages, register=register(reconsent_whom=whom), group=group)
    assert bool(found) is asked


@pytest.mark.parametrize(
    "change", [{"state": "draft"}, {"withdrawn_from": day("2021-03-15")}, {"reconsent_needed": False}]
)
def test_what_asks_nobody(change: dict[str, Any]) -> None:
    assert due([OLD], "2021-04-01", ADULT, register=register(**change)) == []


def test_from_another_day_than_the_first() -> None:
    known = register(reconsent_from=day("2021-04-01"))
    assert due([OLD], "2021-03-31", ADULT, register=known) == []
    (found,) = due([OLD], "2021-04-01", ADULT, register=known)
    assert found.by_on == day("2021-06-30")


def test_each_form_of_a_minor_for_itself() -> None:
    log = [lar(document_id=30, **COMPLETE), written(document_id=50, **COMPLETE)]
    forms = Register(
        (
            version(3, "1.0", "2019-01-01", "lar_consent", superseded_from=day("2021-03-01")),
            version(4, "2.0", "2021-03-01", "lar_consent", supersedes=3, reconsent_needed=True, reconsent_whom="minors"),
            version(5, "1.0", "2019-01-01", "written_assent", superseded_from=day("2021-03-01")),
            version(6, "2.0", "2021-03-01", "written_assent", supersedes=5, reconsent_needed=True, reconsent_whom="everybody"),
        )
    )  # fmt: skip
    found = due(log, "2021-04-01", MINOR, register=forms)
    assert kinds(found) == [("reconsent", "lar_consent"), ("reconsent", "written_assent")]
    # Grown up, the forms of the time before are nobody's.
    grown = [*log, own(7, "2024-01-10", **COMPLETE)]
    assert due(grown, "2024-02-01", MINOR, register=forms) == []


# --- Sessions that are near -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("asked", "planned", "expected"),
    [
        ("2021-03-01", "2021-03-16", []),
        ("2021-03-02", "2021-03-16", [("session", "consent")]),
        ("2021-03-20", "2021-03-16", [("session", "consent")]),
        ("2021-03-20", None, []),
    ],
)
def test_consent_for_a_session_that_is_near(asked: str, planned: str | None, expected: list[Any]) -> None:
    first = own(session_number=1, **COMPLETE)
    found = due([first], asked, ADULT, coming=((2, on(planned)),))
    assert kinds(found) == expected
    assert all((one.session, one.overdue) == (2, asked > "2021-03-16") for one in found)
    for covering in (
        own(5, "2021-03-01", session_number=2, purposes=("procedure",), **COMPLETE),
        own(5, **COMPLETE),
    ):
        if asked != "2021-03-01":
            assert due([first, covering], asked, ADULT, coming=((2, on(planned)),)) == []


def test_a_session_of_a_child_asks_for_who_has_not_signed() -> None:
    log = [lar(session_number=1, **COMPLETE), written(**COMPLETE)]
    assert kinds(due(log, "2021-03-10", MINOR, coming=((2, on("2021-03-16")),))) == [
        ("session", "lar_consent")
    ]


# --- Beside a signature -----------------------------------------------------------------------------------


def beside(**more: Any) -> Event:
    return Event(id=20, kind="copy_given", signed_on=on("2020-01-11"), concerns=4, **more)


@pytest.mark.parametrize(
    ("log", "ages", "facts", "expected"),
    [
        ([own()], ADULT, {}, [("copy", "copy_given")]),
        ([own(copy_given=True)], ADULT, {}, []),
        ([own(copy_given=False)], ADULT, {}, [("copy", "copy_given")]),
        ([own(), beside()], ADULT, {}, []),
        ([own(), replace(beside(), concerns=99)], ADULT, {}, [("copy", "copy_given")]),
        # A copy that was given later than the day asked for.
        ([own(), replace(beside(), signed_on=on("2022-01-01"))], ADULT, {}, [("copy", "copy_given")]),
        # Who cannot read has a witness, and the signing is recorded.
        ([own(copy_given=True)], ADULT, {"can_read": False}, [("witness", "witnessed"), ("recording", "recorded")]),
        ([own(copy_given=True, signer_can_read=True)], ADULT, {"can_read": False}, [("recording", "recorded")]),
        (
            [own(copy_given=True, signer_can_read=False)],
            ADULT,
            {},
            [("witness", "witnessed"), ("recording", "recorded")],
        ),
        ([own(**COMPLETE)], ADULT, {"can_read": False}, []),
        (
            [
                own(copy_given=True),
                replace(beside(), kind="witnessed"),
                replace(beside(), id=21, kind="recorded"),
            ],
            ADULT,
            {"can_read": False},
            [],
        ),
        # The signing of a minor's representative is recorded, or it is said why not.
        ([lar(copy_given=True), written(audio_visual="recorded")], MINOR, {}, [("recording", "recorded")]),
        (
            [lar(copy_given=True, audio_visual="required_not_done", recording_reason="Camera broken"), written(audio_visual="recorded")],
            MINOR,
            {},
            [],
        ),
        (
            [lar(copy_given=True, audio_visual="required_not_done"), written(audio_visual="not_required")],
            MINOR,
            {},
            [("recording", "recorded")],
        ),
        # A child's oral assent has no witness and no copy.
        ([lar(**COMPLETE), oral(audio_visual="recorded")], born("2010-01-01"), {"can_read": False}, []),
        # A record that is transcribed from its source ends with it.
        ([own()], ADULT, {"past": True}, []),
    ],
)  # fmt: skip
def test_what_belongs_to_a_signature(log: list[Event], ages: Any, facts: Any, expected: list[Any]) -> None:
    assert kinds(due(log, "2021-03-01", ages, **facts)) == expected


@pytest.mark.parametrize(
    ("when", "expected"),
    [("never", []), ("vulnerable", []), ("always", [("recording", "recorded")])],
)
def test_the_protocol_says_when_it_is_recorded(when: Any, expected: list[Any]) -> None:
    terms = Terms(recording=when)
    state = consent_state([own(copy_given=True)], terms, day("2021-03-01"), ADULT, facts=Facts())
    assert kinds(list(state.due)) == expected


def test_a_copy_is_overdue_after_a_week_and_no_signature_is_due() -> None:
    state = consent_state([own(signed="2021-03-01")], TERMS, day("2021-03-08"), ADULT, facts=Facts())
    assert ([one.overdue for one in state.due], state.phase) == ([False], "in_force")
    state = consent_state([own(signed="2021-03-01")], TERMS, day("2021-03-09"), ADULT, facts=Facts())
    assert ([one.overdue for one in state.due], state.phase) == ([True], "in_force")


# --- Who must sign, and which form ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("age", "capacity", "can_read", "signatures", "possible", "witness", "recording"),
    [
        (6, None, None, {"lar_consent"}, set(), set(), True),
        (7, None, None, {"lar_consent", "oral_assent"}, set(), set(), True),
        (13, None, None, {"lar_consent", "written_assent"}, set(), set(), True),
        (18, None, True, {"consent"}, set(), set(), False),
        (18, None, None, {"consent"}, set(), set(), False),
        (18, None, False, {"consent"}, set(), {"consent"}, True),
        (15, None, False, {"lar_consent", "written_assent"}, set(), {"written_assent"}, True),
        (30, "cannot_decide", None, {"lar_consent"}, set(), set(), True),
        (15, "cannot_decide", None, {"lar_consent"}, set(), set(), True),
        (30, "decides", None, {"consent"}, set(), set(), False),
        # Perhaps 18, or of an age that nobody knows.
        ((17, 18), None, None, set(), {"consent", "lar_consent", "written_assent"}, set(), True),
        ((12, 13), None, None, {"lar_consent"}, {"oral_assent", "written_assent"}, set(), True),
        (None, None, None, set(), {"consent", "lar_consent", "oral_assent", "written_assent"}, set(), True),
    ],
)
def test_required(
    age: Any, capacity: Any, can_read: Any, signatures: set, possible: set, witness: set, recording: bool
) -> None:
    found = required(TERMS, age, capacity, can_read)
    assert (set(found.signatures), set(found.possible), set(found.witness), found.recording) == (
        signatures,
        possible,
        witness,
        recording,
    )
    assert found.why


def test_a_representative_who_cannot_read_has_a_witness() -> None:
    assert required(TERMS, 10, representative_can_read=False).witness == {"lar_consent"}


@pytest.mark.parametrize(
    ("kind", "purposes", "signer", "form"),
    [
        ("consent", BOTH, "participant", "participation"),
        ("consent", None, None, "participation"),
        ("consent", ("procedure",), "participant", "session_harvest"),
        ("consent", ("images",), "participant", "images"),
        ("consent", ("images", "sample_storage"), "participant", "participation"),
        ("lar_consent", BOTH, "mother", "lar_consent"),
        ("lar_consent", ("procedure",), "mother", "session_harvest"),
        ("re_consent", BOTH, "participant", "participation"),
        ("re_consent", BOTH, "mother", "lar_consent"),
        ("oral_assent", BOTH, "participant", "oral_assent"),
        ("written_assent", None, "participant", "written_assent"),
    ],
)
def test_which_form_is_signed(kind: str, purposes: Any, signer: str | None, form: str) -> None:
    assert document_purpose(kind, purposes, signer) == form


def test_tasks_are_in_order_of_urgency() -> None:
    def one(kind: Any, by_on: str | None, overdue: bool = False) -> Due:
        return Due(kind, "consent", None, day(by_on) if by_on else None, overdue, f"{kind} is due")

    found = tasks_of(
        7,
        [
            one("copy", None),
            one("birthday", "2021-05-01"),
            one("reconsent", "2021-01-01", True),
            one("capacity", "2021-04-01"),
        ],
    )
    assert [(task.kind, task.overdue) for task in found] == [
        ("reconsent", True),
        ("representative", False),
        ("birthday", False),
        ("copy", False),
    ]
    assert {task.participant_id for task in found} == {7}
    assert found[0].words == "reconsent is due."
