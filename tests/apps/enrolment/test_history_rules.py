"""Rules and checks of demographics and history, as tables: fires, does not, boundary, missing."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import pytest

from apps.enrolment import checks, rules
from studyportal.crf.laboratory_value import LaboratoryValue
from studyportal.crf.outcomes import NotDerivable
from studyportal.crf.partial_date import PartialDate


def on(text: str | None) -> PartialDate | None:
    return None if text is None else PartialDate.parse(text)


def codes(found: Any) -> list[str]:
    return [one.code for one in found]


# --- dates ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("first", "second", "before"),
    [
        ("2011", "2012", True),
        ("2011-12-31", "2012", True),
        ("2011", "2011-12-31", False),
        ("2011-03", "2011-03", False),
        ("2012", "2011", False),
        ("age:11", "age:12", True),
        ("age:12", "age:12", False),
        ("age:12", "2030", False),
        (None, "2011", False),
        ("2011", None, False),
    ],
)
def test_certainly_before(first: str | None, second: str | None, before: bool) -> None:
    assert rules.certainly_before(on(first), on(second)) is before
    assert rules.definitely_after(on(second), on(first)) is before


@pytest.mark.parametrize(
    ("first", "second", "days"),
    [
        ("2016-11-01", "2016-11-15", 14),
        ("2016-11", "2016-12-01", 1),
        ("2016", "2016", -365),
        ("age:12", "age:13", 0),
        ("age:12", "age:14", 365),
        ("age:12", "2016", None),
        (None, "2016", None),
    ],
)
def test_least_days_between(first: str | None, second: str | None, days: int | None) -> None:
    assert rules.least_days_between(on(first), on(second)) == days


@pytest.mark.parametrize(
    ("born", "day", "years"),
    [
        (dt.date(2000, 5, 2), dt.date(2016, 5, 1), 15),
        (dt.date(2000, 5, 2), dt.date(2016, 5, 2), 16),
        (dt.date(2000, 2, 29), dt.date(2017, 2, 28), 16),
        (dt.date(2000, 2, 29), dt.date(2017, 3, 1), 17),
        (dt.date(2016, 5, 2), dt.date(2016, 5, 1), -1),
    ],
)
def test_completed_years(born: dt.date, day: dt.date, years: int) -> None:
    assert rules.completed_years(born, day) == years


# --- demographics ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("education", "can_read", "needed"),
    [
        ("none", None, True),
        ("none", True, False),
        ("none", False, True),
        ("primary", None, None),
        ("primary", False, True),
        ("primary", True, False),
        ("secondary", None, False),
        ("higher_secondary", None, False),
        ("graduate", None, False),
        ("graduate", False, True),
        (None, None, None),
        (None, False, True),
        (None, True, False),
    ],
)
def test_who_needs_a_witness(education: str | None, can_read: bool | None, needed: bool | None) -> None:
    assert rules.witness_needed(education, can_read) is needed
    derived = rules.derive_demographics({"education": education, "can_read": can_read}, {})["witness_needed"]
    assert derived is needed if needed is not None else isinstance(derived, NotDerivable)


LANGUAGES = {"consent_languages": {"en": "English", "mr": "Marathi"}}


@pytest.mark.parametrize(
    ("language", "context", "asked"),
    [
        ("ta", LANGUAGES, True),
        ("other", LANGUAGES, True),
        ("mr", LANGUAGES, False),
        (None, LANGUAGES, False),
        ("ta", {}, False),
    ],
)
def test_a_language_without_consent_document(language: str | None, context: Any, asked: bool) -> None:
    found = list(checks.language_of_consent({"language": language}, context))
    assert bool(found) is asked
    assert not found or "English, Marathi" in found[0].message


@pytest.mark.parametrize(
    ("education", "can_read", "asked"),
    [
        ("graduate", False, True),
        ("secondary", False, True),
        ("primary", False, False),
        ("graduate", True, False),
        (None, False, False),
        ("graduate", None, False),
    ],
)
def test_reading_against_schooling(education: str | None, can_read: bool | None, asked: bool) -> None:
    found = checks.reading_fits_education({"education": education, "can_read": can_read}, {})
    assert bool(list(found)) is asked


@pytest.mark.parametrize(
    ("age", "diagnosed", "asked"),
    [
        (11, "age:12", True),
        (12, "age:12", False),
        (None, "age:12", False),
        (11, "2012", False),
        (11, None, False),
    ],
)
def test_age_at_enrolment_below_that_at_diagnosis(
    age: int | None, diagnosed: str | None, asked: bool
) -> None:
    found = checks.age_below_diagnosis({"age_at_enrolment": age}, {"diagnosed_on": on(diagnosed)})
    assert bool(list(found)) is asked


# --- medical history ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("diagnosed", "age", "enrolled", "expected"),
    [
        ("age:12", None, None, (12, 12)),
        # 17 on 1 Nov 2016: born 2 Nov 1998 to 1 Nov 1999.
        ("2011-11-01", 17, "2016-11-01", (12, 12)),
        ("2011-10-31", 17, "2016-11-01", (11, 12)),
        ("2011", 17, "2016-11-01", (11, 13)),
        ("2011-11-01", 17, "2016", (11, 13)),
        ("2000-01-01", 1, "2000-12-31", (0, 1)),
        ("1990", 17, "2016-11-01", "before birth"),
        ("2011", None, "2016-11-01", "age at enrolment missing"),
        ("2011", 17, None, "day of enrolment missing"),
        ("2011", 17, "age:17", "day of enrolment missing"),
        (None, 17, "2016-11-01", "date of diagnosis missing"),
    ],
)
def test_age_at_diagnosis(
    diagnosed: str | None, age: int | None, enrolled: str | None, expected: Any
) -> None:
    derived = rules.derive_history(
        {"diagnosed_on": on(diagnosed)}, {"age_at_enrolment": age, "enrolled_on": on(enrolled)}
    )
    if isinstance(expected, str):
        assert {type(value) for value in derived.values()} == {NotDerivable}
        assert all(expected in value.why for value in derived.values())
        return
    low, high = expected
    assert (derived["age_at_diagnosis_from"], derived["age_at_diagnosis_to"]) == (low, high)
    if low == high:
        assert derived["age_at_diagnosis"] == low
    else:
        assert f"from {low} to {high} years" in derived["age_at_diagnosis"].why


@pytest.mark.parametrize("name", ["family_type_1", "family_type_2", "family_autoimmune"])
@pytest.mark.parametrize(
    ("chosen", "refused"), [(["none", "mother"], True), (["none"], False), (["mother"], False), (None, False)]
)
def test_nobody_stands_alone(name: str, chosen: list[str] | None, refused: bool) -> None:
    found = list(rules.nobody_stands_alone({name: chosen}))
    assert [one.field for one in found] == ([name] if refused else [])


@pytest.mark.parametrize(
    ("chosen", "refused"), [(["none", "pump"], True), (["none"], False), (["pump"], False), (None, False)]
)
def test_no_treatment_stands_alone(chosen: list[str] | None, refused: bool) -> None:
    assert bool(list(rules.treatment_none_stands_alone({"prior_treatments": chosen}))) is refused


@pytest.mark.parametrize(
    ("stay", "intensive", "refused"),
    [(5, 6, True), (5, 5, False), (0, 1, True), (None, 6, False), (5, None, False)],
)
def test_intensive_care_within_the_stay(stay: int | None, intensive: int | None, refused: bool) -> None:
    values = {"duration_days": stay, "intensive_care_days": intensive}
    assert bool(list(rules.intensive_care_within_stay(values))) is refused


def person(enrolled: str | None) -> Any:
    return SimpleNamespace(enrolled_on=on(enrolled))


@pytest.mark.parametrize(
    ("diagnosed", "age", "enrolled", "expected"),
    [
        ("2016-11-02", 17, "2016-11-01", ["diagnosis_after_enrolment"]),
        ("2016-11-01", 17, "2016-11-01", []),
        ("2016", 17, "2016-11-01", []),
        ("age:18", 17, None, ["diagnosis_after_enrolment"]),
        ("age:17", 17, "2016", []),
        ("age:18", None, "2016", []),
        (None, 17, "2016", []),
        ("2016", 17, None, []),
    ],
)
def test_diagnosis_after_enrolment(
    diagnosed: str | None, age: int | None, enrolled: str | None, expected: list[str]
) -> None:
    values = {"diagnosed_on": on(diagnosed), "participant": person(enrolled)}
    assert codes(checks.diagnosis_after_enrolment(values, {"age_at_enrolment": age})) == expected


@pytest.mark.parametrize(
    ("diagnosed", "age", "expected"),
    [
        ("1997", 17, ["diagnosis_before_birth"]),
        ("1999", 17, []),
        ("age:3", 17, []),
        (None, 17, []),
        ("1997", None, []),
    ],
)
def test_diagnosis_before_birth_by_the_age(
    diagnosed: str | None, age: int | None, expected: list[str]
) -> None:
    values = {"diagnosed_on": on(diagnosed), "participant": person("2016-11-01")}
    assert codes(checks.diagnosis_before_birth(values, {"age_at_enrolment": age})) == expected


@pytest.mark.parametrize(
    ("began", "diagnosed", "asked"),
    [
        ("2012", "2011", True),
        ("2011-03", "2011-03", False),
        ("age:13", "age:12", True),
        ("age:12", "age:12", False),
        (None, "2011", False),
        ("2012", None, False),
    ],
)
def test_symptoms_after_the_diagnosis(began: str | None, diagnosed: str | None, asked: bool) -> None:
    values = {"symptoms_began_on": on(began), "diagnosed_on": on(diagnosed)}
    assert bool(list(checks.symptoms_after_diagnosis(values, {}))) is asked


@pytest.mark.parametrize(
    ("weeks", "began", "diagnosed", "asked"),
    [
        ("4", "2016-10-01", "2016-10-29", False),
        ("8", "2016-10-01", "2016-10-29", False),  # the tolerance
        ("8.1", "2016-10-01", "2016-10-29", True),
        ("30", "2016", "2016", False),
        ("80", "2016", "2016", True),
        ("4", "age:12", "age:12", False),
        (None, "2016-10-01", "2016-10-29", False),
        ("4", None, "2016-10-29", False),
    ],
)
def test_duration_of_symptoms_against_the_dates(
    weeks: str | None, began: str | None, diagnosed: str, asked: bool
) -> None:
    values = {
        "symptom_weeks": None if weeks is None else Decimal(weeks),
        "symptoms_began_on": on(began),
        "diagnosed_on": on(diagnosed),
    }
    assert bool(list(checks.symptom_duration_agrees(values, {}))) is asked


@pytest.mark.parametrize(
    ("symptoms", "at_diagnosis", "ever", "expected"),
    [
        (["polyuria"], True, True, ["ketoacidosis_not_among_symptoms"]),
        (["ketoacidosis"], True, True, []),
        (["ketoacidosis"], False, True, ["ketoacidosis_only_among_symptoms"]),
        (["ketoacidosis"], None, False, ["ketoacidosis_only_among_symptoms"]),
        (["ketoacidosis"], None, True, []),
        (["polyuria"], False, True, []),
        (["polyuria"], None, None, []),
        (None, True, True, []),
    ],
)
def test_ketoacidosis_in_two_places(
    symptoms: list[str] | None, at_diagnosis: bool | None, ever: bool | None, expected: list[str]
) -> None:
    values = {"symptoms_at_onset": symptoms, "dka_at_diagnosis": at_diagnosis, "dka_history": ever}
    assert codes(checks.ketoacidosis_agrees_with_symptoms(values, {})) == expected


@pytest.mark.parametrize(
    ("kind", "autoimmune", "results", "expected"),
    [
        ("type_1", None, ["negative", "negative"], ["antibodies_all_negative"]),
        ("type_1", None, ["negative", "not_tested", None], ["antibodies_all_negative"]),
        ("type_1", None, ["negative", "indeterminate"], []),
        ("type_1", None, ["not_tested"], []),
        ("type_1", None, [], []),
        ("type_2", None, ["negative"], []),
        (None, None, ["negative"], []),
        ("type_1", False, ["positive", "negative"], ["antibody_positive"]),
        ("type_1", True, ["positive"], []),
        ("type_1", None, ["positive"], []),
    ],
)
def test_antibodies_against_the_type(
    kind: str | None, autoimmune: bool | None, results: list[str | None], expected: list[str]
) -> None:
    values = {"diabetes_type": kind, "autoimmune": autoimmune}
    context = {"antibodies": dict(zip(("ica", "gad65", "ia2"), results, strict=False))}
    assert codes(checks.antibodies_fit_type(values, context)) == expected


@pytest.mark.parametrize(
    ("treatments", "since", "asked"),
    [
        (["oral_agents"], "2011", True),
        (["oral_agents", "insulin"], "2011", False),
        (["none"], "2011", True),
        (["oral_agents"], None, False),
        (None, "2011", False),
    ],
)
def test_insulin_among_the_treatments(treatments: list[str] | None, since: str | None, asked: bool) -> None:
    values = {"prior_treatments": treatments, "insulin_since": on(since)}
    assert bool(list(checks.treatment_fits_insulin(values, {}))) is asked


@pytest.mark.parametrize(
    ("family", "type_1", "type_2", "asked"),
    [
        (True, ["none"], ["none"], True),
        (True, ["mother"], ["none"], False),
        (True, ["none"], None, False),
        (False, None, None, False),
        (None, ["none"], ["none"], False),
    ],
)
def test_diabetes_in_the_family_of_nobody(family: bool | None, type_1: Any, type_2: Any, asked: bool) -> None:
    values = {"family_history": family, "family_type_1": type_1, "family_type_2": type_2}
    assert bool(list(checks.family_says_who(values, {}))) is asked


@pytest.mark.parametrize(
    ("number", "sex", "asked"),
    [(1, "male", True), (0, "male", False), (None, "male", False), (1, "female", False), (1, None, False)],
)
def test_pregnancies_of_a_man(number: int | None, sex: str | None, asked: bool) -> None:
    assert bool(list(checks.pregnancy_fits_sex({"pregnancies": number}, {"sex": sex}))) is asked


@pytest.mark.parametrize(
    ("reported", "unit", "asked"), [("0.2", None, True), ("0.2", "ng/mL", False), (None, None, False)]
)
def test_c_peptide_without_unit(reported: str | None, unit: str | None, asked: bool) -> None:
    values = {
        "c_peptide_at_diagnosis": LaboratoryValue.parse(reported) if reported else None,
        "c_peptide_unit": unit,
    }
    assert bool(list(checks.c_peptide_has_unit(values, {}))) is asked


# --- antibodies at diagnosis, stays --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("antibody", "collected", "since", "asked"),
    [
        ("iaa", "2016-11-16", "2016-11-01", True),
        ("iaa", "2016-11-15", "2016-11-01", False),
        ("iaa", "2016-11", "2016-11-01", False),
        ("iaa", "age:14", "age:12", True),
        ("iaa", "age:13", "age:12", False),
        ("gad65", "2017", "2015", False),
        ("iaa", None, "2016", False),
        ("iaa", "2016", None, False),
        (None, "2017", "2015", False),
    ],
)
def test_insulin_antibodies_after_insulin(
    antibody: str | None, collected: str | None, since: str | None, asked: bool
) -> None:
    found = checks.insulin_antibody_interpretable(
        {"antibody": antibody, "collected_on": on(collected)}, {"insulin_since": on(since)}
    )
    assert bool(list(found)) is asked


@pytest.mark.parametrize(
    ("reported", "unit", "expected"),
    [
        ("12.5", None, ["unit_missing"]),
        ("12.5", "furlong", ["unit_unusual"]),
        ("12.5", "[IU]/mL", []),
        (None, None, []),
        (None, "furlong", []),
    ],
)
def test_unit_of_an_antibody(reported: str | None, unit: str | None, expected: list[str]) -> None:
    values = {"reported": LaboratoryValue.parse(reported) if reported else None, "unit": unit}
    assert codes(checks.antibody_number_has_unit(values, {"units": ("[IU]/mL",)})) == expected
    assert unit is None or codes(checks.antibody_number_has_unit(values, {})) == []


@pytest.mark.parametrize(
    ("when", "enrolled", "asked"),
    [
        ("2016-11-02", "2016-11-01", True),
        ("2016-11-01", "2016-11-01", False),
        ("2016", "2016-11-01", False),
        ("age:15", "2016", False),
        (None, "2016", False),
        ("2016-11-02", None, False),
    ],
)
def test_what_lies_after_enrolment_is_no_history(when: str | None, enrolled: str | None, asked: bool) -> None:
    who = person(enrolled)
    assert bool(list(checks.stay_after_enrolment({"admitted_on": on(when), "participant": who}, {}))) is asked
    sample = {"collected_on": on(when), "participant": who}
    assert bool(list(checks.antibody_taken_at_diagnosis(sample, {}))) is asked
