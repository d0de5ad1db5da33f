"""The auditor's questions, each fired and not fired."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import Any

import pytest

from apps.consent.findings import consent_findings
from apps.consent.findings.case import Case, Procedure
from apps.consent.rules import DEFAULT_BANDS, Event
from apps.enrolment.rules.approvals import Approval, Suspension
from studyportal.crf.partial_date import PartialDate

TODAY = dt.date(2024, 12, 1)


def on(text: str | None) -> Any:
    return None if text is None else PartialDate.parse(text)


def event(id: int, kind: str, signed: str | None = "2024-02-01", **more: Any) -> Event:
    plain: dict[str, Any] = {
        "purposes": ("participation", "procedure"),
        "document_version": "2.0",
        "document_language": "mr",
        "ethics_approval_number": "EC/7",
        "ethics_approval_validity": dt.date(2026, 12, 31),
        "obtained_by": "Investigator 3",
        "audio_visual": "recorded",
        "copy_given": True,
        "entered_at": dt.datetime(2024, 2, 2, tzinfo=dt.UTC),
    } | more
    return Event(id=id, kind=kind, signed_on=on(signed), **plain)


ADULT = event(1, "consent", signer="participant", age_at_signature=25)
LAR = event(
    1, "lar_consent", signer="mother", lar_relationship_proof="birth certificate", age_at_signature=15
)
ASSENT = event(2, "written_assent", signer="participant", age_at_signature=15)
SCREENING = Procedure("Screening", "visit", on("2024-02-05"))
HARVEST = Procedure("Harvest of session 1", "harvest", on("2024-03-01"), session_number=1)


def adult(*events: Event, **more: Any) -> Case:
    plain: dict[str, Any] = {
        "procedures": (SCREENING, HARVEST),
        "status": "in_follow_up",
        "enrolled_on": on("2024-02-05"),
        "known_age": 25,
        "known_on": on("2024-02-05"),
    } | more
    return Case(events=events or (ADULT,), **plain)


def codes(case: Case, **more: Any) -> list[tuple[int, str, str]]:
    return [
        (f.number, f.code, f.severity) for f in consent_findings(case, DEFAULT_BANDS, today=TODAY, **more)
    ]


def test_nothing_is_found_where_nothing_is_wrong() -> None:
    assert codes(adult()) == []
    minor = adult(LAR, ASSENT, known_age=15)
    assert codes(minor) == []


@pytest.mark.parametrize(
    ("case", "expected"),
    [
        (Case(events=()), [(14, "screened_unconsented", "minor")]),
        (Case(events=(), status="enrolled"), [(1, "no_consent", "major")]),
        (Case(events=(), procedures=(SCREENING,)), [(1, "no_consent", "major")]),
        (
            Case(events=(), procedures=(HARVEST,)),
            [(1, "no_consent", "critical"), (13, "harvest_not_covered", "critical")],
        ),
    ],
)
def test_without_any_consent(case: Case, expected: list) -> None:
    assert codes(case) == expected


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        # 1
        ({"signed_on": on("2024-02-05")}, (1, "order_unknown", "major")),
        ({"signed_on": on("2024-02-06")}, (1, "procedure_before_consent", "major")),
        # 2
        ({"document_version": None}, (2, "version_missing", "major")),
        ({"document_language": None}, (2, "language_missing", "minor")),
        ({"purposes": None}, (2, "purpose_missing", "major")),
        # 3
        ({"signed_on": None}, (3, "undated", "major")),
        ({"signed_on": on("2024-01")}, (3, "date_imprecise", "minor")),
        ({"entered_at": dt.datetime(2024, 2, 9, tzinfo=dt.UTC)}, (3, "entered_late", "minor")),
        # 6, 8, 9
        ({"obtained_by": None}, (6, "obtainer_missing", "major")),
        ({"audio_visual": None}, (8, "recording_not_stated", "minor")),
        ({"audio_visual": "required_not_done"}, (8, "recording_missing", "major")),
        ({"copy_given": None}, (9, "copy_not_stated", "minor")),
        ({"copy_given": False}, (9, "copy_not_given", "minor")),
        # 15
        ({"ethics_approval_number": None}, (15, "approval_missing", "major")),
        ({"ethics_approval_validity": dt.date(2024, 1, 31)}, (15, "approval_lapsed", "major")),
    ],
)
def test_each_question(change: dict[str, Any], expected: tuple[int, str, str]) -> None:
    assert expected in codes(adult(replace(ADULT, **change)))


def test_entered_within_a_week_is_in_time() -> None:
    assert codes(adult(replace(ADULT, entered_at=dt.datetime(2024, 2, 8, tzinfo=dt.UTC)))) == []


def test_a_witness_for_who_cannot_read() -> None:
    assert (7, "witness_missing", "major") in codes(adult(cannot_read=True))
    assert codes(adult(replace(ADULT, witness="Ward sister"), cannot_read=True)) == []


def test_a_copy_given_later_is_a_copy_given() -> None:
    later = event(5, "copy_given", copy_given=None)
    assert codes(adult(replace(ADULT, copy_given=None), later)) == []


@pytest.mark.parametrize(
    ("events", "expected"),
    [
        ((ASSENT,), (4, "representative_missing", "critical")),
        ((LAR,), (4, "assent_missing", "major")),
        ((replace(LAR, lar_relationship_proof=None), ASSENT), (4, "relationship_unproven", "major")),
    ],
)
def test_under_eighteen(events: tuple[Event, ...], expected: tuple[int, str, str]) -> None:
    assert expected in codes(adult(*events, known_age=15))


def test_who_had_to_sign_cannot_be_told_without_an_age() -> None:
    unknown = adult(replace(ADULT, age_at_signature=None), known_age=None)
    assert (4, "age_unknown", "major") in codes(unknown)


@pytest.mark.parametrize(
    ("age", "expected"),
    [
        (16, []),
        (17, [(5, "adult_consent_perhaps_due", "minor")]),
        (18, [(5, "adult_consent_due", "major")]),
    ],
)
def test_turning_eighteen(age: int, expected: list) -> None:
    # The age was known in February; by December the birthday may have passed.
    minor = adult(
        replace(LAR, age_at_signature=None),
        replace(ASSENT, age_at_signature=None),
        known_age=age,
        procedures=(),
    )
    assert [found for found in codes(minor) if found[0] == 5] == expected


def test_an_adult_consent_settles_the_birthday() -> None:
    own = event(9, "re_consent", "2024-10-01", signer="participant", age_at_signature=18)
    case = adult(LAR, ASSENT, own, known_age=None, procedures=())
    assert [f for f in codes(case) if f[0] == 5] == []


@pytest.mark.parametrize(("current", "due"), [(None, False), ("2.0", False), ("3.0", True)])
def test_an_amendment_asks_for_a_new_signature(current: str | None, due: bool) -> None:
    assert ((10, "reconsent_due", "major") in codes(adult(), current_version=current)) is due


@pytest.mark.parametrize(
    ("scope", "signed", "expected"),
    [
        ("treatment", "2024-02-10", (11, "beyond_withdrawal", "critical")),
        ("treatment", "2024-03-01", None),
        ("future_contact", "2024-02-01", None),
    ],
)
def test_nothing_beyond_a_withdrawal(scope: str, signed: str, expected: Any) -> None:
    withdrawn = Event(id=9, kind="withdrawal", signed_on=on(signed), withdrawal_scopes=(scope,))
    found = [f for f in codes(adult(ADULT, withdrawn)) if f[0] == 11]
    assert found == ([] if expected is None else [expected])


def test_each_harvest_is_covered() -> None:
    second = Procedure("Harvest of session 2", "harvest", on("2024-04-15"), session_number=2)
    only_first = replace(ADULT, session_number=1)
    assert (13, "harvest_not_covered", "critical") in codes(
        adult(only_first, procedures=(SCREENING, HARVEST, second))
    )
    assert codes(adult(procedures=(SCREENING, HARVEST, second))) == []


def test_a_correction_gives_its_reason() -> None:
    silent = Event(id=9, kind="correction", corrects=1, document_version="2.1")
    assert (16, "correction_unexplained", "major") in codes(adult(ADULT, silent))
    assert codes(adult(ADULT, replace(silent, note="Version misread"))) == []


def test_the_published_case() -> None:
    """“Informed consent was obtained from the patient …”: no date, version, representative or assent."""
    consent = Event(
        id=1,
        kind="consent",
        signer="participant",
        age_at_signature=17,
        purposes=("participation", "procedure"),
    )
    case = Case(
        events=(consent,),
        procedures=(
            replace(HARVEST, on=on("2016-11")),
            Procedure("Harvest of session 2", "harvest", None, session_number=2),
        ),
        status="completed",
        known_age=17,
        retrospective=True,
    )
    found = {(number, code): severity for number, code, severity in codes(case)}
    assert found[(4, "representative_missing")] == "critical"
    assert found[(4, "assent_missing")] == "major"
    assert found[(2, "version_missing")] == "major"
    assert found[(3, "undated")] == "major"
    assert found[(9, "copy_not_stated")] == "minor"
    assert found[(1, "procedure_before_consent")] == "critical"
    assert found[(13, "harvest_not_covered")] == "critical"
    # What a transcribed record cannot be asked.
    assert not {number for number, _ in found} & {5, 10}
    assert (3, "entered_late") not in found


# --- 15, by the approvals that were recorded of the site -------------------------------------------------


def approved(first: str, last: str | None, **more: Any) -> Approval:
    return Approval(
        **{
            "id": 1,
            "kind": "ethics_committee",
            "first": dt.date.fromisoformat(first),
            "last": dt.date.fromisoformat(last) if last else None,
            "number": "EC/7",
        }
        | more
    )


HELD = (Suspension(dt.date(2024, 2, 3), dt.date(2024, 2, 9)),)
NO_APPROVAL = (15, "approval_missing", "major")


@pytest.mark.parametrize(
    ("approvals", "changes", "expected"),
    [
        ((approved("2024-01-01", "2024-12-31"),), {}, []),
        ((approved("2024-01-01", "2024-02-05"),), {}, []),  # enrolled on its last day
        ((approved("2024-01-01", "2024-02-04"),), {}, [(15, "enrolled_in_lapse", "major")]),
        ((approved("2024-02-05", None),), {}, [(15, "approval_lapsed", "major")]),  # consent before it
        ((approved("2024-01-01", None, waived=True, number=""),), {}, []),
        ((approved("2024-01-01", None, suspensions=HELD),), {}, [(15, "enrolled_in_lapse", "major")]),
        (
            (approved("2024-01-01", "2024-01-31"), approved("2024-02-01", None, id=2)),
            {},
            [],
        ),
        # Known to the month: indeterminate, unless no day of it is covered.
        (
            (approved("2024-01-01", "2024-02-20"),),
            {"enrolled_on": on("2024-02")},
            [(15, "enrolment_unclear", "major")],
        ),
        (
            (approved("2024-01-01", "2024-02-20"),),
            {"enrolled_on": on("2024-03")},
            [(15, "enrolled_in_lapse", "major")],
        ),
        ((approved("2024-01-01", "2024-02-29"),), {"enrolled_on": on("2024-02")}, []),
        ((approved("2024-01-01", "2024-02-20"),), {"enrolled_on": None}, []),
        # A case of the past is judged by its source alone.
        ((approved("2026-01-01", None),), {"retrospective": True}, []),
    ],
)
def test_enrolled_and_signed_under_the_approvals_on_record(
    approvals: tuple[Approval, ...], changes: dict[str, Any], expected: list[tuple[int, str, str]]
) -> None:
    found = codes(adult(ethics_approvals=approvals, **changes))
    assert [one for one in found if one[0] == 15] == expected


def test_what_the_entry_states_counts_only_where_nothing_is_on_record() -> None:
    silent = replace(ADULT, ethics_approval_number=None, ethics_approval_validity=dt.date(2024, 1, 1))
    stated = [one[1] for one in codes(adult(silent)) if one[0] == 15]
    assert stated == ["approval_lapsed", "approval_missing", "enrolled_in_lapse"]
    recorded = (approved("2024-01-01", None),)
    assert [one for one in codes(adult(silent, ethics_approvals=recorded)) if one[0] == 15] == []


def test_a_signature_on_a_day_that_cannot_be_placed_is_indeterminate() -> None:
    vague = adult(replace(ADULT, signed_on=on("2024-02")), ethics_approvals=(approved("2024-02-03", None),))
    (found,) = [one for one in consent_findings(vague, DEFAULT_BANDS, today=TODAY) if one.number == 15]
    assert (found.code, found.verdict) == ("approval_unclear", "indeterminate")
    assert "(EC/7) was not yet valid: its first day was 2024-02-03" in found.message
