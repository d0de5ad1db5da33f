"""The fold over the consent log, as tables."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import Any

import pytest

from apps.consent.rules import (
    DEFAULT_BANDS,
    Event,
    age_on,
    consent_state,
    effective_events,
    required_signatures,
    signature_problems,
    signed_by,
)
from studyportal.crf.partial_date import PartialDate

DAY = dt.date(2024, 3, 1)
BOTH = ("participation", "procedure")


def on(text: str | None) -> Any:
    return None if text is None else PartialDate.parse(text)


def event(id: int, kind: str, signed: str | None = "2024-02-01", **more: Any) -> Event:
    plain: dict[str, Any] = {"purposes": BOTH, "document_version": "2.0"} | more
    return Event(id=id, kind=kind, signed_on=on(signed), **plain)


LAR = event(1, "lar_consent", signer="mother")
ASSENT = event(2, "written_assent", signer="participant")
ORAL = event(3, "oral_assent", signer="participant")
OWN = event(4, "consent", signer="participant", age_at_signature=25)


@pytest.mark.parametrize(
    ("age", "needed"),
    [
        (0, {"lar_consent"}),
        (6, {"lar_consent"}),
        (7, {"lar_consent", "oral_assent"}),
        (12, {"lar_consent", "oral_assent"}),
        (13, {"lar_consent", "written_assent"}),
        (17, {"lar_consent", "written_assent"}),
        (18, {"consent"}),
        (90, {"consent"}),
    ],
)
def test_who_signs_at_which_age(age: int, needed: set[str]) -> None:
    assert set(required_signatures(DEFAULT_BANDS, age)) == needed


@pytest.mark.parametrize(
    ("log", "age", "expected", "missing"),
    [
        ([], 25, "no", {"consent"}),
        ([], None, "no", {"age"}),
        ([OWN], 25, "yes", set()),
        ([OWN], None, "indeterminate", {"age"}),
        ([LAR], 25, "no", {"consent"}),
        ([LAR], 6, "yes", set()),
        ([LAR], 7, "no", {"oral_assent"}),
        ([LAR, ORAL], 7, "yes", set()),
        ([LAR, ASSENT], 7, "yes", set()),
        ([LAR, ORAL], 13, "no", {"written_assent"}),
        ([LAR, ASSENT], 13, "yes", set()),
        ([LAR, ASSENT], 17, "yes", set()),
        # Turned 18: what the representative signed no longer carries.
        ([LAR, ASSENT], 18, "no", {"consent"}),
        # Perhaps 18: it cannot be told.
        ([LAR, ASSENT], (17, 18), "indeterminate", set()),
        # A minor's signature is no adult consent, then or later.
        (
            [event(1, "consent", signer="participant", age_at_signature=17)],
            17,
            "no",
            {"lar_consent", "written_assent"},
        ),
        ([event(1, "consent", signer="participant", age_at_signature=17)], 18, "no", {"consent"}),
        ([event(1, "re_consent", signer="participant", age_at_signature=18)], 18, "yes", set()),
        ([event(1, "re_consent", signer="father")], 6, "yes", set()),
        ([event(1, "consent", signer="mother")], 25, "no", {"consent"}),
        # Signed for nothing named, or an unknown version: it cannot be told.
        ([replace(OWN, purposes=None)], 25, "indeterminate", set()),
        ([replace(OWN, document_version=None)], 25, "indeterminate", {"document_version"}),
        ([replace(OWN, signed_on=None)], 25, "indeterminate", {"signed_on"}),
        ([replace(OWN, purposes=("procedure",))], 25, "no", {"consent"}),
    ],
)
def test_in_force(log: list[Event], age: Any, expected: str, missing: set[str]) -> None:
    state = consent_state(log, DEFAULT_BANDS, DAY, age)
    assert (state.in_force, set(state.missing)) == (expected, missing)


@pytest.mark.parametrize(
    ("signed", "moment", "expected"),
    [
        ("2024-02-29", DAY, "yes"),
        ("2024-03-01", DAY, "indeterminate"),
        ("2024-03-02", DAY, "no"),
        ("2024-02", DAY, "yes"),
        ("2024-03", DAY, "indeterminate"),
        ("2024", DAY, "indeterminate"),
        ("2025", DAY, "no"),
        ("age:17", DAY, "indeterminate"),
        (None, DAY, "indeterminate"),
        ("2024-02-01", None, "indeterminate"),
        ("2024-03-01", dt.datetime(2024, 3, 1, 23, 0, tzinfo=dt.UTC), "indeterminate"),
    ],
)
def test_a_date_of_the_same_day_proves_nothing(signed: str | None, moment: Any, expected: str) -> None:
    assert signed_by(event(1, "consent", signed), moment) == expected


@pytest.mark.parametrize(("minute", "expected"), [(0, "yes"), (30, "yes"), (31, "no")])
def test_times_decide_within_a_day(minute: int, expected: str) -> None:
    timed = replace(
        OWN, signed_on=on("2024-03-01"), signed_at=dt.datetime(2024, 3, 1, 9, minute, tzinfo=dt.UTC)
    )
    assert signed_by(timed, dt.datetime(2024, 3, 1, 9, 30, tzinfo=dt.UTC)) == expected


def withdrawal(id: int, signed: str | None, *scopes: str) -> Event:
    return Event(id=id, kind="withdrawal", signed_on=on(signed), withdrawal_scopes=scopes)


@pytest.mark.parametrize(
    ("log", "participation", "procedure", "withdrawn"),
    [
        ([OWN, withdrawal(9, "2024-02-10", "treatment")], "yes", "no", {"treatment"}),
        ([OWN, withdrawal(9, "2024-02-10", "visits")], "no", "no", {"visits"}),
        ([OWN, withdrawal(9, "2024-02-10", "future_contact")], "yes", "yes", {"future_contact"}),
        ([OWN, withdrawal(9, "2024-03-02", "visits")], "yes", "yes", set()),
        # On the day itself, and without a date, doubt protects the participant.
        ([OWN, withdrawal(9, "2024-03-01", "visits")], "no", "no", {"visits"}),
        ([OWN, withdrawal(9, None, "visits")], "no", "no", {"visits"}),
        # Consented to again.
        (
            [
                OWN,
                withdrawal(9, "2024-02-10", "treatment"),
                event(10, "consent", "2024-02-20", signer="participant"),
            ],
            "yes",
            "yes",
            set(),
        ),
    ],
)
def test_withdrawal_is_graded(
    log: list[Event], participation: str, procedure: str, withdrawn: set[str]
) -> None:
    state = consent_state(log, DEFAULT_BANDS, DAY, 25)
    assert (state.in_force, state.procedure, set(state.withdrawn)) == (participation, procedure, withdrawn)


@pytest.mark.parametrize(
    ("session", "asked", "expected"), [(None, 1, "yes"), (None, 2, "yes"), (1, 1, "yes"), (1, 2, "no")]
)
def test_consent_for_one_session_covers_no_other(session: int | None, asked: int, expected: str) -> None:
    state = consent_state([replace(OWN, session_number=session)], DEFAULT_BANDS, DAY, 25)
    assert state.covers_session(asked) == expected


def test_a_correction_states_only_what_it_corrects() -> None:
    wrong = replace(OWN, document_version="1.0")
    first = Event(id=7, kind="correction", corrects=4, document_version="2.0", note="typing error")
    second = Event(id=8, kind="correction", corrects=7, signed_on=on("2024-02-05"), note="typing error")
    (standing,) = effective_events([wrong, first, second])
    assert (standing.id, standing.kind, standing.document_version) == (4, "consent", "2.0")
    assert (str(standing.signed_on), standing.purposes) == ("2024-02-05", BOTH)


def test_a_correction_of_nothing_does_nothing() -> None:
    assert effective_events([Event(id=7, kind="correction", corrects=99)]) == []


@pytest.mark.parametrize(
    ("known", "when", "day", "expected"),
    [
        (17, "2024-03-01", dt.date(2024, 3, 1), (17, 17)),
        (17, "2024-03-01", dt.date(2024, 3, 2), (17, 18)),
        (17, "2024-03-01", dt.date(2025, 3, 1), (18, 19)),
        (17, "2024", dt.date(2024, 6, 1), (16, 18)),
        (17, "2024-03-01", dt.date(2023, 6, 1), (16, 17)),
        (None, "2024", DAY, None),
        (17, None, DAY, None),
        (17, "age:17", DAY, None),
    ],
)
def test_age_without_a_birth_date(known: int | None, when: str | None, day: dt.date, expected: Any) -> None:
    assert age_on(day, known_age=known, known_on=on(when)) == expected


NOW = dt.datetime(2024, 3, 1, 12, 0, tzinfo=dt.UTC)


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({"kind": "withdrawal"}, [("withdrawal_scopes", "required")]),
        ({"kind": "consent", "withdrawal_scopes": ["visits"]}, [("withdrawal_scopes", "not_expected")]),
        ({"kind": "correction"}, [("corrects", "required"), ("note", "required")]),
        ({"kind": "consent", "corrects": 3}, [("corrects", "not_expected")]),
        ({"kind": "lar_consent", "signer": "participant"}, [("signer", "not_a_representative")]),
        ({"kind": "written_assent", "signer": "mother"}, [("signer", "not_the_child")]),
        ({"kind": "consent", "signed_on": on("2024-03-02")}, []),
        ({"kind": "consent", "signed_on": on("2024-03-03")}, [("signed_on", "in_future")]),
        ({"kind": "consent", "signed_at": NOW + dt.timedelta(minutes=6)}, [("signed_at", "in_future")]),
        (
            {"kind": "consent", "signed_on": on("2024-02-01"), "signed_at": NOW},
            [("signed_at", "contradiction")],
        ),
        ({"kind": "consent", "signed_on": on("2024-03-01"), "signed_at": NOW}, []),
        ({"kind": "copy_given"}, []),
    ],
)
def test_hard_rules_of_an_entry(values: dict[str, Any], expected: list[tuple[str, str]]) -> None:
    found = signature_problems({"entered_at": NOW} | values)
    assert [(field, code) for field, code, _ in found] == expected
