"""The auditor's questions, each fired and not fired, with the boundary and what cannot be told."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import Any

import pytest

from apps.consent.rules import PURPOSES, Event, Terms
from apps.consent.rules.documents import Register
from apps.consent.rules.findings import NUMBERS, QUESTIONS, Case, Held, Procedure
from apps.enrolment.rules.approvals import Suspension
from tests.apps.consent.asked import (
    ADULT,
    ASSENT,
    FORMS,
    HARVEST,
    LAR,
    RAO,
    SCREENING,
    STUDY,
    adult,
    approved,
    child,
    codes,
    day,
    document,
    event,
    found,
    moment,
    of_number,
    on,
    open_codes,
    site,
)


def test_there_are_sixteen_each_with_what_it_asks() -> None:
    assert [one.number for one in QUESTIONS] == list(range(1, 17)) == sorted(NUMBERS)
    assert all(one.title and one.definition for one in QUESTIONS)


def test_nothing_is_found_where_nothing_is_wrong() -> None:
    assert codes(adult()) == []
    assert codes(child()) == []


def test_only_what_is_asked_is_answered() -> None:
    case = adult(replace(ADULT, document_version=None, copy_given=False))
    assert {one.number for one in found(case)} >= {2, 9}
    assert {one.number for one in found(case, numbers={9})} == {9}


def test_a_finding_names_the_record_that_it_is_about() -> None:
    (one,) = found(adult(replace(ADULT, copy_given=False)))
    assert one.about == ("consent.consentevent", 1)
    late = replace(ADULT, signed_on=on("2024-02-06"))
    visit = replace(SCREENING, about=("visits.visit", 4))
    assert found(adult(late, procedures=(visit,)), numbers={1})[0].about == ("visits.visit", 4)


# --- 1, 13, 14 -------------------------------------------------------------------------------------------


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


DIARY = Procedure("Glucose chart", "form", on("2024-01-20"))


@pytest.mark.parametrize(
    ("signed", "procedures", "expected"),
    [
        ("2024-02-04", (SCREENING, HARVEST), []),
        ("2024-02-05", (SCREENING, HARVEST), ["order_unknown"]),
        ("2024-02-06", (SCREENING, HARVEST), ["procedure_before_consent"]),
        ("2024-02", (SCREENING, HARVEST), ["order_unknown"]),
        (None, (SCREENING, HARVEST), ["order_unknown"]),
        # A screening test or a diary before the visit is the first procedure.
        ("2024-02-01", (SCREENING, DIARY), ["procedure_before_consent"]),
        ("2024-02-01", (replace(SCREENING, on=None),), ["order_unknown"]),
        ("2024-02-01", (replace(DIARY, begins=False), SCREENING), []),
    ],
)
def test_consent_before_the_first_procedure(signed: str | None, procedures: tuple, expected: list) -> None:
    assert of_number(1, adult(replace(ADULT, signed_on=on(signed)), procedures=procedures)) == expected


def test_times_of_one_day_decide() -> None:
    visit = replace(SCREENING, at=moment("2024-02-05T09:00"))
    before = replace(ADULT, signed_on=on("2024-02-05"), signed_at=moment("2024-02-05T08:59"))
    after = replace(before, signed_at=moment("2024-02-05T09:01"))
    assert of_number(1, adult(before, procedures=(visit,))) == []
    assert of_number(1, adult(after, procedures=(visit,))) == ["procedure_before_consent"]


def test_each_harvest_and_infusion_is_covered_once() -> None:
    second = replace(HARVEST, what="Harvest, session 2", on=on("2024-04-15"), session_number=2)
    again, given = replace(second, what="Fat"), replace(second, kind="infusion", what="Infusion")
    only_first = replace(ADULT, session_number=1)
    case = adult(only_first, procedures=(SCREENING, HARVEST, second, again, given))
    assert of_number(13, case) == ["harvest_not_covered", "infusion_not_covered"]
    assert codes(adult(procedures=(SCREENING, HARVEST, second, again, given))) == []


# --- 2 ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"document_version": None}, "version_missing"),
        ({"document_language": None}, "language_missing"),
        ({"purposes": None}, "purpose_missing"),
        ({"document_version": "9.9"}, "version_unknown"),
        ({"document_id": 999}, "document_foreign"),
        ({"document_id": 20}, "wrong_form"),
        ({"document_id": 10, "document_sha256": "0" * 64}, "checksum_differs"),
        ({"document_id": 11}, "language_differs"),
    ],
)
def test_what_was_signed(change: dict[str, Any], expected: str) -> None:
    assert expected in of_number(2, adult(replace(ADULT, **change)))


@pytest.mark.parametrize(
    "change",
    [
        {"document_id": 10},
        {"document_id": 10, "document_sha256": "f" * 64},  # the file
        {"document_id": 10, "document_sha256": "e" * 64},  # the words on the screen
        {"document_version": "Version 2.0"},
        {"document_language": "Marathi"},
    ],
)
def test_what_was_signed_and_is_right(change: dict[str, Any]) -> None:
    assert of_number(2, adult(replace(ADULT, **change))) == []


@pytest.mark.parametrize(
    ("form", "signed", "expected"),
    [
        ({}, "2024-02-01", []),
        ({"valid_from": day("2024-02-01")}, "2024-02-01", []),
        ({"valid_from": day("2024-02-02")}, "2024-02-01", ["version_not_yet"]),
        ({"state": "draft"}, "2024-02-01", ["version_not_approved"]),
        ({"superseded_from": day("2024-02-01")}, "2024-02-01", ["version_superseded"]),
        ({"superseded_from": day("2024-02-02")}, "2024-02-01", []),
        ({"withdrawn_from": day("2024-02-01")}, "2024-02-01", ["version_withdrawn"]),
        (
            {"approvals": (approved("2023-01-01", "2024-01-31"),)},
            "2024-02-01",
            ["version_approval_lapsed"],
        ),
        ({"superseded_from": day("2024-02-20")}, "2024-02", ["currency_unclear"]),
        ({"superseded_from": day("2024-03-01")}, "2024-02", []),
        ({}, None, []),  # without a date it is question 3
    ],
)
def test_approved_and_in_use_on_the_day(form: dict, signed: str | None, expected: list[str]) -> None:
    register = Register((replace(FORMS[0], **form), *FORMS[1:]))
    case = adult(replace(ADULT, signed_on=on(signed), document_id=10))
    assert of_number(2, case, site(register=register)) == expected


def test_a_site_without_a_register_leaves_it_undecided() -> None:
    empty = site(register=Register())
    assert open_codes(adult(), empty) == [(2, "not_in_register", "major")]


@pytest.mark.parametrize(
    ("best", "more", "expected"),
    [
        ("mr", {}, []),
        (None, {}, []),
        ("hi", {}, ["language_not_best"]),
        ("hi", {"cannot_read": True}, []),
    ],
)
def test_in_the_language_that_the_signer_reads_best(best: str | None, more: dict, expected: list) -> None:
    assert of_number(2, adult(language=best, **more)) == expected


def test_a_language_in_which_there_are_no_documents_is_undecided() -> None:
    assert open_codes(adult(language="ta")) == [(2, "language_not_best", "minor")]


# --- 3, 9 ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"signed_on": None}, ["undated"]),
        ({"signed_on": on("2024-01")}, ["date_imprecise"]),
        ({"entered_at": moment("2024-02-08T23:00")}, []),
        ({"entered_at": moment("2024-02-09T00:00")}, ["entered_late", "dated_back"]),
        ({"entered_at": moment("2024-02-09T00:00"), "method": "screen"}, ["entered_late"]),
        ({"informed_at": moment("2024-02-01T08:00")}, []),
        ({"informed_at": moment("2024-02-02T08:00")}, ["signed_before_informed"]),
        ({"method": "paper"}, ["sheet_missing"]),
        ({"method": "paper", "paper_sha256": "b" * 64}, []),
    ],
)
def test_dated_and_not_back(change: dict[str, Any], expected: list[str]) -> None:
    assert of_number(3, adult(replace(ADULT, **change))) == expected


def test_the_day_of_entry_is_the_site_s_own() -> None:
    from zoneinfo import ZoneInfo

    # 19:00 UTC on the eighth is the ninth in Mumbai, where a week has passed.
    case = adult(replace(ADULT, entered_at=moment("2024-02-08T19:00")))
    assert of_number(3, case) == []
    assert "entered_late" in of_number(3, case, site(zone=ZoneInfo("Asia/Kolkata")))


def test_the_lag_is_shown_and_says_nothing_of_transcribed_or_made_records() -> None:
    late = replace(ADULT, entered_at=moment("2024-03-01T00:00"))
    assert "29 days after" in found(adult(late), numbers={3})[0].message
    assert of_number(3, adult(late, synthetic=True)) == []
    assert of_number(3, adult(late, retrospective=True)) == []


@pytest.mark.parametrize(
    ("given", "later", "expected"),
    [
        (None, None, ["copy_not_stated"]),
        (False, None, ["copy_not_given"]),
        (None, event(5, "copy_given", "2024-02-03", copy_given=None), []),
        (None, event(5, "copy_given", "2024-02-03", copy_given=None, concerns=1), []),
        (None, event(5, "copy_given", "2024-02-03", copy_given=None, concerns=9), ["copy_not_stated"]),
        (None, event(5, "copy_given", "2024-01-01", copy_given=None), ["copy_not_stated"]),
    ],
)
def test_a_signed_copy(given: bool | None, later: Event | None, expected: list[str]) -> None:
    events = [replace(ADULT, copy_given=given), *([later] if later else [])]
    assert of_number(9, adult(*events)) == expected


# --- 4, 5 ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("events", "expected"),
    [
        ((ASSENT,), (4, "representative_missing", "critical")),
        ((LAR,), (4, "assent_missing", "major")),
        ((replace(LAR, lar_relationship_proof=None), ASSENT), (4, "relationship_unproven", "major")),
    ],
)
def test_under_eighteen(events: tuple[Event, ...], expected: tuple[int, str, str]) -> None:
    assert expected in codes(child(*events))


def test_without_a_harvest_a_missing_representative_is_major() -> None:
    assert (4, "representative_missing", "major") in codes(child(ASSENT, procedures=(SCREENING,)))


def test_who_had_to_sign_cannot_be_told_without_an_age() -> None:
    unknown = adult(replace(ADULT, age_at_signature=None), known_age=None)
    assert (4, "age_unknown", "major") in open_codes(unknown)


@pytest.mark.parametrize(
    ("age", "expected"),
    [(6, []), (7, ["assent_missing"]), (12, ["assent_missing"]), (17, ["assent_missing"])],
)
def test_assent_from_seven_on(age: int, expected: list[str]) -> None:
    assert of_number(4, child(replace(LAR, age_at_signature=age), known_age=age)) == expected


def test_an_adult_who_cannot_decide_has_a_representative() -> None:
    own = replace(ADULT, capacity="cannot_decide")
    assert "representative_missing" in of_number(4, adult(own))
    by_other = replace(LAR, age_at_signature=25, capacity="cannot_decide")
    assert of_number(4, adult(by_other)) == []
    assert of_number(5, adult(by_other)) == []


@pytest.mark.parametrize(("age", "expected"), [(11, []), (13, ["assent_outgrown"]), (12, [])])
def test_an_oral_assent_is_outgrown(age: int, expected: list[str]) -> None:
    class Aged:
        def on(self, _day: dt.date) -> tuple[int, int]:
            return (age, age) if _day > day("2024-06-01") else (12, 12)

    oral = event(2, "oral_assent", signer="participant", age_at_signature=12)
    case = child(replace(LAR, age_at_signature=12), oral, known_age=12, ages=Aged())
    assert of_number(4, case) == expected


DISSENT = Event(id=8, kind="dissent", signer="participant", signed_on=on("2024-02-20"))


@pytest.mark.parametrize(
    ("events", "procedures", "expected"),
    [
        ((DISSENT,), (SCREENING,), []),
        ((DISSENT,), (SCREENING, HARVEST), [(4, "despite_dissent", "critical")]),
        ((DISSENT,), (replace(SCREENING, on=on("2024-02-21")),), [(4, "despite_dissent", "major")]),
        (
            (DISSENT, event(9, "written_assent", "2024-02-25", signer="participant")),
            (SCREENING, HARVEST),
            [],
        ),
    ],
)
def test_a_dissent_is_respected(events: tuple, procedures: tuple, expected: list) -> None:
    case = child(LAR, ASSENT, *events, procedures=procedures)
    assert [one for one in codes(case) if one[0] == 4] == expected


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
    assert [one for one in codes(minor) if one[0] == 5] == expected


class Born:
    """Ages by a birth date."""

    def __init__(self, text: str) -> None:
        self.born = day(text)

    def on(self, other: dt.date) -> tuple[int, int]:
        age = other.year - self.born.year - ((other.month, other.day) < (self.born.month, self.born.day))
        return age, age


OWN = event(9, "re_consent", "2024-10-01", signer="participant", age_at_signature=18)


@pytest.mark.parametrize(
    ("born", "own", "done", "expected"),
    [
        # Eighteen on 2024-11-02: thirty days before the first of December is the day before, within the days allowed.
        ("2006-11-02", None, (), []),
        ("2006-11-01", None, (), ["adult_consent_due"]),
        ("2006-09-15", OWN, (), []),
        ("2006-09-01", OWN, (), ["adult_consent_late"]),
        # What was done since the birthday: visits go on for thirty days, harvests do not.
        ("2006-09-15", OWN, (replace(SCREENING, on=on("2024-09-20")),), []),
        ("2006-08-15", OWN, (replace(SCREENING, on=on("2024-09-20")),), ["procedure_without_adult_consent", "adult_consent_late"]),
        ("2006-09-15", OWN, (replace(HARVEST, on=on("2024-09-20")),), ["procedure_without_adult_consent"]),
        ("2006-09-15", OWN, (replace(HARVEST, on=on("2024-10-02")),), []),
    ],
)  # fmt: skip
def test_by_the_birth_date(born: str, own: Event | None, done: tuple, expected: list[str]) -> None:
    case = child(LAR, ASSENT, *([own] if own else []), procedures=(SCREENING, *done), ages=Born(born))
    assert of_number(5, case) == expected


def test_a_harvest_as_an_adult_without_own_consent_is_critical_and_names_no_birthday() -> None:
    case = child(procedures=(SCREENING, replace(HARVEST, on=on("2024-09-20"))), ages=Born("2006-09-15"))
    first, *_rest = found(case, numbers={5})
    assert first.severity == "critical"
    assert "2006" not in first.message and "15" not in first.message


def test_everything_is_asked_for_only_where_it_matters() -> None:
    asked = []

    def more() -> tuple:
        asked.append(1)
        return (SCREENING, HARVEST)

    assert found(adult(more=more)) == [] and not asked
    found(child(more=more, ages=Born("2006-01-01")))
    assert asked


# --- 6, 7, 8 ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "held", "expected"),
    [
        ({"obtainer": None, "obtained_by": None}, {}, ["obtainer_missing"]),
        ({"obtainer": None}, {}, ["obtainer_in_words"]),
        ({"obtainer": 99}, {}, ["not_delegated", "not_trained"]),
        ({}, {"delegations": (Held(RAO, 1, day("2024-02-01")),)}, []),
        ({}, {"delegations": (Held(RAO, 1, day("2024-02-02")),)}, ["not_delegated"]),
        ({}, {"delegations": (Held(RAO, 2, day("2023-01-01")),)}, ["not_delegated"]),
        ({}, {"delegations": (Held(RAO, 1, day("2023-01-01"), day("2024-01-31")),)}, ["not_delegated"]),
        ({}, {"delegations": (Held(RAO, 1, day("2023-01-01"), day("2024-02-01")),)}, []),
        (
            {},
            {"delegations": (Held(RAO, 1, day("2023-01-01"), ended=day("2024-02-01")),)},
            ["delegation_unclear"],
        ),
        ({"signed_on": on("2024-02")}, {"delegations": (Held(RAO, 1, day("2024-02-10")),)}, ["delegation_unclear"]),
        ({}, {"trainings": (Held(RAO, None, day("2022-01-01"), day("2024-01-31")),)}, ["not_trained"]),
        ({}, {"trainings": ()}, ["not_trained"]),
    ],
)  # fmt: skip
def test_obtained_by_a_delegated_and_trained_person(
    change: dict[str, Any], held: dict[str, Any], expected: list[str]
) -> None:
    assert of_number(6, adult(replace(ADULT, **change)), site(**held)) == expected


WITNESSED = replace(ADULT, witness="Her neighbour", witness_relation="community")


@pytest.mark.parametrize(
    ("signature", "more", "expected"),
    [
        (ADULT, {}, []),
        (ADULT, {"cannot_read": True}, ["witness_missing"]),
        (replace(ADULT, signer_can_read=False), {}, ["witness_missing"]),
        (replace(ADULT, signer_can_read=True), {"cannot_read": True}, []),
        (WITNESSED, {"cannot_read": True}, []),
        (replace(WITNESSED, witness_relation=None), {"cannot_read": True}, ["witness_relation_missing"]),
        (replace(WITNESSED, witness_relation="study_staff"), {"cannot_read": True}, ["witness_is_staff"]),
        (replace(WITNESSED, witness=" Dr S. Rao "), {"cannot_read": True}, ["witness_is_staff"]),
    ],
)
def test_an_impartial_witness(signature: Event, more: dict[str, Any], expected: list[str]) -> None:
    assert of_number(7, adult(signature, **more)) == expected


def test_a_witness_entered_later_is_a_witness() -> None:
    later = Event(id=3, kind="witnessed", witness="Teacher", witness_relation="community", concerns=1)
    assert of_number(7, adult(ADULT, later, cannot_read=True)) == []
    assert of_number(7, adult(ADULT, replace(later, concerns=2), cannot_read=True)) == ["witness_missing"]


def test_a_representative_who_cannot_read_has_a_witness() -> None:
    assert of_number(7, child(replace(LAR, signer_can_read=False), ASSENT)) == ["witness_missing"]


@pytest.mark.parametrize(
    ("change", "when", "expected"),
    [
        ({"audio_visual": None, "recording_sha256": None}, "never", ["recording_not_stated"]),
        ({"audio_visual": "required_not_done"}, "never", ["recording_missing"]),
        (
            {"audio_visual": "required_not_done", "recording_reason": "Camera broken"},
            "never",
            ["recording_not_done"],
        ),
        ({"recording_sha256": None}, "never", ["recording_without_checksum"]),
        ({"audio_visual": "not_required"}, "never", []),
        ({"audio_visual": "not_required"}, "vulnerable", []),
        ({"audio_visual": "not_required", "signer_can_read": False}, "vulnerable", ["recording_required"]),
        ({"audio_visual": "not_required"}, "always", ["recording_required"]),
    ],
)
def test_the_recording(change: dict[str, Any], when: Any, expected: list[str]) -> None:
    study = replace(STUDY, terms=Terms(recording=when))
    changed = {"recording_sha256": None} | change if change.get("audio_visual") else change
    assert of_number(8, adult(replace(ADULT, **changed)), study=study) == expected


def test_a_recording_entered_later_is_a_recording() -> None:
    later = Event(id=3, kind="recorded", audio_visual="recorded", recording_sha256="1" * 64, concerns=1)
    silent = replace(ADULT, audio_visual=None, recording_sha256=None)
    assert of_number(8, adult(silent, later)) == []


def test_the_signature_of_a_child_is_recorded_where_the_vulnerable_are() -> None:
    study = replace(STUDY, terms=Terms(recording="vulnerable"))
    quiet = {"audio_visual": "not_required", "recording_sha256": None}
    case = child(replace(LAR, **quiet), replace(ASSENT, **quiet))
    assert of_number(8, case, study=study) == ["recording_required"] * 2


# --- 10 --------------------------------------------------------------------------------------------------


def amended(**more: Any) -> Register:
    second = document(
        5, "participation", "3.0", "2024-08-01",
        **({"supersedes": 1, "reconsent_needed": True, "reconsent_whom": "everybody"} | more),
    )  # fmt: skip
    return Register((replace(FORMS[0], superseded_from=day("2024-08-01")), *FORMS[1:], second))


AGAIN = event(4, "re_consent", "2024-08-20", signer="participant", document_version="3.0", age_at_signature=25)  # fmt: skip


@pytest.mark.parametrize(
    ("events", "amendment", "more", "expected"),
    [
        ((ADULT,), {}, {}, ["reconsent_overdue"]),
        ((ADULT,), {"reconsent_needed": False}, {}, []),
        ((ADULT,), {"reconsent_from": day("2024-09-02")}, {}, []),  # ninety days are not over
        ((ADULT,), {"reconsent_from": day("2024-09-01")}, {}, ["reconsent_overdue"]),
        ((ADULT, AGAIN), {}, {}, []),
        ((ADULT, replace(AGAIN, signed_on=on("2024-10-31"))), {}, {}, ["reconsent_late"]),
        ((ADULT, replace(AGAIN, signed_on=on("2024-10-30"))), {}, {}, []),
        ((ADULT, replace(AGAIN, signed_on=None)), {}, {}, ["reconsent_undated"]),
        ((ADULT, replace(AGAIN, document_version=None, document_id=50)), {}, {}, []),
        ((replace(ADULT, signed_on=on("2024-08-02"), document_version="3.0"),), {}, {}, []),
        ((ADULT,), {"reconsent_whom": "minors"}, {}, []),
        ((ADULT,), {"reconsent_whom": "adults"}, {}, ["reconsent_overdue"]),
        ((ADULT,), {"reconsent_whom": "cases"}, {"group": "control"}, []),
        ((ADULT,), {"reconsent_whom": "cases"}, {"group": "case"}, ["reconsent_overdue"]),
        ((ADULT,), {}, {"status": "withdrawn", "status_since": on("2024-07-31")}, []),
        ((ADULT,), {}, {"status": "completed", "status_since": on("2024-11-20")}, ["reconsent_overdue"]),
        ((ADULT,), {}, {"retrospective": True}, []),
    ],
)
def test_each_amendment_is_signed(events: tuple, amendment: dict, more: dict, expected: list[str]) -> None:
    assert of_number(10, adult(*events, **more), site(register=amended(**amendment))) == expected


# --- 11, 12 ----------------------------------------------------------------------------------------------


def gone(scope: str, signed: str | None, **more: Any) -> Event:
    return Event(
        id=9, kind="withdrawal", signed_on=on(signed), withdrawal_scopes=(scope,), **({"data_retained": True} | more)
    )  # fmt: skip


VISIT = Procedure("Month 1", "visit", on("2024-03-10"), uses=("visit",))
FORM = Procedure("Symptoms", "form", on("2024-03-10"), uses=("new_data",), begins=False)
SAMPLE = Procedure("HbA1c", "sample", on("2024-03-10"), uses=("samples", "new_data"), begins=False)
CALL = Procedure("Call", "contact", on("2024-03-10"), uses=("contact",), begins=False)
EVERYTHING = (HARVEST, VISIT, FORM, SAMPLE, CALL)
TOUCHED = {
    "treatment": {"Harvest, session 1"},
    "visits": {"Harvest, session 1", "Month 1"},
    "new_data": {"Harvest, session 1", "Month 1", "Symptoms", "HbA1c"},
    "future_contact": {"Call"},
    "sample_use": {"HbA1c"},
    "erasure_request": {"Harvest, session 1", "Month 1", "Symptoms", "HbA1c", "Call"},
}


@pytest.mark.parametrize("scope", TOUCHED)
def test_each_grade_ends_what_it_covers_and_nothing_else(scope: str) -> None:
    case = adult(ADULT, gone(scope, "2024-02-10"), procedures=EVERYTHING)
    told = found(case, numbers={11})
    assert {one.message.split("”")[0].removeprefix("“") for one in told} == TOUCHED[scope]
    assert {one.code for one in told} == {"beyond_withdrawal"}
    assert {one.severity for one in told if "Harvest" in one.message} <= {"critical"}


@pytest.mark.parametrize(
    ("signed", "expected"),
    [
        ("2024-03-09", ["beyond_withdrawal"]),
        ("2024-03-10", []),  # who withdraws at a visit was there
        ("2024-03-11", []),
        (None, []),  # counted from the day of entry, which is not known here
    ],
)
def test_the_day_of_the_withdrawal_is_the_last(signed: str | None, expected: list[str]) -> None:
    entered = {"entered_at": moment("2024-05-01T00:00")}
    case = adult(ADULT, gone("visits", signed, **entered), procedures=(VISIT,))
    assert of_number(11, case) == expected


def test_a_harvest_on_the_day_of_the_withdrawal_is_undecided_unless_times_decide() -> None:
    case = adult(ADULT, gone("treatment", "2024-03-01"), procedures=(SCREENING, HARVEST))
    assert (11, "order_with_withdrawal_unknown", "critical") in open_codes(case)
    timed = replace(HARVEST, at=moment("2024-03-01T10:00"))
    for time, expected in (("09:00", ["beyond_withdrawal"]), ("11:00", [])):
        entry = gone("treatment", "2024-03-01", signed_at=moment(f"2024-03-01T{time}"))
        assert of_number(11, adult(ADULT, entry, procedures=(SCREENING, timed))) == expected


def test_a_month_that_holds_the_withdrawal_is_undecided() -> None:
    vague = replace(VISIT, on=on("2024-03"))
    case = adult(ADULT, gone("visits", "2024-03-10"), procedures=(vague,))
    assert open_codes(case) == [(11, "order_with_withdrawal_unknown", "major")]


def test_who_consented_again_goes_on() -> None:
    again = event(10, "re_consent", "2024-03-01", signer="participant", age_at_signature=25)
    case = adult(ADULT, gone("visits", "2024-02-10"), again, procedures=(VISIT,))
    assert of_number(11, case) == []


def test_whether_data_are_retained_is_asked() -> None:
    case = adult(ADULT, gone("visits", "2024-11-10", data_retained=None))
    assert open_codes(case) == [(11, "retention_not_stated", "minor")]


SHARED = Procedure(
    "Shared file", "export", on("2024-06-01"), at=moment("2024-06-01T12:00"), uses=("sharing",), begins=False
)
WITHOUT_SHARING = replace(
    ADULT, purposes=tuple(p for p in PURPOSES if p != "data_sharing"), declined=("data_sharing",)
)


@pytest.mark.parametrize(
    ("events", "expected"),
    [
        ((ADULT,), []),
        ((WITHOUT_SHARING,), ["shared_without_consent"]),
        ((replace(ADULT, purposes=("participation", "procedure")),), ["shared_without_consent", "optional_not_stated"]),
        ((replace(ADULT, signed_on=None),), ["sharing_unclear"]),
    ],
)  # fmt: skip
def test_what_was_shared_was_agreed_to(events: tuple, expected: list[str]) -> None:
    assert of_number(12, adult(*events, procedures=(SCREENING, SHARED))) == expected


def test_each_optional_item_is_answered() -> None:
    partly = replace(ADULT, purposes=PURPOSES[:3], declined=PURPOSES[3:5])
    (one,) = found(adult(partly), numbers={12})
    assert (one.code, one.verdict) == ("optional_not_stated", "indeterminate")
    assert one.message.endswith("images.")
    later = Event(id=5, kind="optional_items", signed_on=on("2024-03-01"), purposes=("images",))
    assert of_number(12, adult(partly, later)) == []


# --- 15 --------------------------------------------------------------------------------------------------

HELD = (Suspension(day("2024-02-03"), day("2024-02-09")),)


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
    approvals: tuple, changes: dict[str, Any], expected: list[tuple[int, str, str]]
) -> None:
    told = codes(adult(**changes), site(approvals=approvals))
    assert [one for one in told if one[0] == 15] == expected


def test_what_the_entry_states_counts_only_where_nothing_is_on_record() -> None:
    silent = replace(ADULT, ethics_approval_number=None, ethics_approval_validity=dt.date(2024, 1, 1))
    stated = [one[1] for one in codes(adult(silent)) if one[0] == 15]
    assert sorted(stated) == ["approval_lapsed", "approval_missing", "enrolled_in_lapse"]
    recorded = site(approvals=(approved("2024-01-01", None),))
    assert of_number(15, adult(silent), recorded) == []


def test_a_signature_on_a_day_that_cannot_be_placed_is_indeterminate() -> None:
    vague = adult(replace(ADULT, signed_on=on("2024-02")))
    (one,) = found(vague, site(approvals=(approved("2024-02-03", None),)), numbers={15})
    assert (one.code, one.verdict) == ("approval_unclear", "indeterminate")
    assert "(EC/7) was not yet valid: its first day was 3 Feb 2024" in one.message


# --- 16, and the published case --------------------------------------------------------------------------


def test_a_correction_gives_its_reason() -> None:
    silent = Event(id=9, kind="correction", corrects=1, document_version="2.0")
    assert of_number(16, adult(ADULT, silent)) == ["correction_unexplained"]
    assert of_number(16, adult(ADULT, replace(silent, note="Version misread"))) == []
    assert of_number(16, adult(ADULT, replace(silent, note="x", corrects=77))) == ["correction_of_another"]


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
    told = {(number, code): severity for number, code, severity in codes(case)}
    assert told[(4, "representative_missing")] == "critical"
    assert told[(4, "assent_missing")] == "major"
    assert told[(2, "version_missing")] == "major"
    assert told[(3, "undated")] == "major"
    assert told[(9, "copy_not_stated")] == "minor"
    assert told[(1, "procedure_before_consent")] == "critical"
    assert told[(13, "harvest_not_covered")] == "critical"
    # What a transcribed record cannot be asked.
    assert not {number for number, _ in told} & {5, 10, 12}
    assert (3, "entered_late") not in told and (2, "not_in_register") not in told


# --- The short way ---------------------------------------------------------------------------------------


def test_the_short_way_never_says_yes_where_the_fold_does_not() -> None:
    """`order.clearly` spares the fold for almost everybody; random logs hold it to the fold."""
    import random

    from apps.consent.rules.findings.case import Asking
    from apps.consent.rules.findings.order import clearly, state_before

    chance = random.Random(5)
    days = ["2024-01-10", "2024-02-01", "2024-02-05", "2024-02", None, "2024-03-01", "2024-04-01"]
    kinds = [
        "consent",
        "lar_consent",
        "written_assent",
        "re_consent",
        "withdrawal",
        "dissent",
        "optional_items",
    ]
    yes = 0
    for _round in range(600):
        age = chance.choice([15, 17, 18, 25, None])
        events = []
        for number in range(chance.randint(1, 4)):
            kind = chance.choice(kinds)
            events.append(
                event(
                    number + 1,
                    kind,
                    chance.choice(days),
                    signer="mother" if kind == "lar_consent" else chance.choice(["participant", "participant", "father"]),
                    age_at_signature=age,
                    purposes=chance.choice([PURPOSES, PURPOSES[:2], PURPOSES[:1], None]),
                    declined=chance.choice([(), (), ("data_sharing",)]),
                    session_number=chance.choice([None, None, 1]),
                    document_version=chance.choice(["2.0", "2.0", None]),
                    capacity=chance.choice([None, None, "cannot_decide"]),
                    withdrawal_scopes=(chance.choice(list(TOUCHED)),) if kind == "withdrawal" else (),
                )
            )  # fmt: skip
        done = replace(HARVEST, on=on(chance.choice(["2024-02-01", "2024-03-01", "2024-05-01"])))
        asking = Asking(adult(*events, known_age=age), site(), STUDY)
        state = state_before(asking, done)
        for purpose in PURPOSES:
            session = 1 if purpose == "procedure" else None
            if clearly(asking, done, purpose, session):
                yes += 1
                verdict = state.covers_session(1) if session else state.purposes[purpose]
                assert verdict == "yes", (purpose, events)
    assert yes > 50
