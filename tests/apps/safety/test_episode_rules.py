"""Ketoacidosis and hypoglycaemia: each definition at each of its bounds, and what is not known."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from apps.safety import checks
from apps.safety.rules import derive_dka, derive_hypoglycaemia, one_glucose, possible_glucose
from apps.safety.rules.readings import is_above, is_at_least, is_at_most, is_below
from studyportal.crf.laboratory_value import LaboratoryValue
from studyportal.crf.outcomes import NotDerivable

D = Decimal


def lab(text: str | None) -> LaboratoryValue | None:
    return None if text is None else LaboratoryValue.parse(text)


@pytest.mark.parametrize(
    ("text", "below", "above", "at_least", "at_most"),
    [
        ("2", True, False, False, True),
        ("3", False, False, True, True),
        ("4", False, True, True, False),
        ("<3", True, False, False, True),
        ("<4", None, None, None, None),
        ("<=3", None, False, None, True),
        ("<=2", True, False, False, True),
        (">3", False, True, True, False),
        (">2", None, None, None, None),
        (">=3", False, None, True, None),
        (">=4", False, True, True, False),
        (None, None, None, None, None),
    ],
)
def test_values_that_are_limits(
    text: str | None, below: Any, above: Any, at_least: Any, at_most: Any
) -> None:
    value = lab(text)
    assert is_below(value, D(3)) is below
    assert is_above(value, D(3)) is above
    assert is_at_least(value, D(3)) is at_least
    assert is_at_most(value, D(3)) is at_most


# --- ketoacidosis -------------------------------------------------------------------------------------------


def dka(criteria: str | None, **values: Any) -> Any:
    given: dict[str, Any] = {
        "criteria": criteria,
        "glucose": D(400),
        "known_diabetes": True,
        "ph": D("7.10"),
        "bicarbonate": D(8),
        "ketones_blood": lab("5.0"),
        "ketonuria": "large",
    }
    return derive_dka(given | values, {})


@pytest.mark.parametrize(
    ("criteria", "values", "meets"),
    [
        (None, {}, "criteria missing"),
        # Glucose
        ("ispad_2022", {"glucose": D(200)}, False),
        ("ispad_2022", {"glucose": D("200.1")}, True),
        ("ispad_2022", {"glucose": None, "glucose_mmol": D("11.0")}, False),
        ("ispad_2022", {"glucose": None, "glucose_mmol": D("11.1")}, True),
        ("ispad_2022", {"glucose": None}, "not known"),
        ("ada_2009", {"glucose": D(250)}, False),
        ("ada_2009", {"glucose": D(251)}, True),
        ("ada_2009", {"glucose": None, "glucose_mmol": D("13.9")}, False),
        ("ada_2009", {"glucose": None, "glucose_mmol": D("14.0")}, True),
        ("ada_2024", {"glucose": D(200), "known_diabetes": False}, True),
        ("ada_2024", {"glucose": D("199.9"), "known_diabetes": False}, False),
        ("ada_2024", {"glucose": D(120), "known_diabetes": True}, True),
        ("ada_2024", {"glucose": None, "known_diabetes": True}, True),
        ("ada_2024", {"glucose": D(120), "known_diabetes": None}, "not known"),
        ("ada_2024", {"glucose": None, "glucose_mmol": D("11.1"), "known_diabetes": False}, True),
        ("ada_2024", {"glucose": None, "glucose_mmol": D("11.0"), "known_diabetes": False}, False),
        # Ketones
        ("ispad_2022", {"ketones_blood": lab("3.0"), "ketonuria": None}, True),
        ("ispad_2022", {"ketones_blood": lab("2.9"), "ketonuria": None}, "not known"),
        ("ispad_2022", {"ketones_blood": lab("2.9"), "ketonuria": "small"}, False),
        ("ispad_2022", {"ketones_blood": None, "ketonuria": "moderate"}, True),
        ("ispad_2022", {"ketones_blood": lab(">2"), "ketonuria": "small"}, "not known"),
        ("ada_2009", {"ketones_blood": None, "ketonuria": "small"}, True),
        ("ada_2009", {"ketones_blood": None, "ketonuria": "trace"}, "not known"),
        ("ada_2009", {"ketones_blood": lab("3.0"), "ketonuria": None}, True),
        ("ada_2009", {"ketones_blood": lab("1.0"), "ketonuria": None}, "not known"),
        ("ada_2024", {"ketones_blood": lab("3.0"), "ketonuria": "negative"}, True),
        ("ada_2024", {"ketones_blood": lab("2.9"), "ketonuria": "moderate"}, True),
        ("ada_2024", {"ketones_blood": lab("2.9"), "ketonuria": "small"}, False),
        # Acidosis
        ("ispad_2022", {"ph": D("7.30"), "bicarbonate": D(18)}, False),
        ("ispad_2022", {"ph": D("7.29"), "bicarbonate": D(18)}, True),
        ("ispad_2022", {"ph": D("7.30"), "bicarbonate": D("17.9")}, True),
        ("ispad_2022", {"ph": None, "bicarbonate": D(18)}, "not known"),
        ("ada_2009", {"ph": D("7.30"), "bicarbonate": D(18)}, True),
        ("ada_2009", {"ph": D("7.31"), "bicarbonate": D(18)}, False),
        ("ada_2009", {"ph": D("7.30"), "bicarbonate": D("18.1")}, False),
        ("ada_2009", {"ph": D("7.20"), "bicarbonate": None}, "not known"),
        ("ada_2024", {"ph": D("7.30"), "bicarbonate": D(18)}, False),
        ("ada_2024", {"ph": D("7.29"), "bicarbonate": None}, True),
        ("ada_2024", {"ph": None, "bicarbonate": D("17.9")}, True),
        ("ada_2024", {"ph": None, "bicarbonate": None}, "not known"),
    ],
)
def test_what_is_a_ketoacidosis(criteria: str | None, values: dict[str, Any], meets: Any) -> None:
    found = dka(criteria, **values)["meets_criteria"]
    if isinstance(meets, str):
        assert isinstance(found, NotDerivable) and meets in found.why
    else:
        assert found is meets


@pytest.mark.parametrize(
    ("criteria", "ph", "bicarbonate", "severity"),
    [
        ("ispad_2022", "7.29", "17", "mild"),
        ("ispad_2022", "7.20", "10", "mild"),
        ("ispad_2022", "7.19", "10", "moderate"),
        ("ispad_2022", "7.20", "9.9", "moderate"),
        ("ispad_2022", "7.10", "5", "moderate"),
        ("ispad_2022", "7.09", "5", "severe"),
        ("ispad_2022", "7.10", "4.9", "severe"),
        ("ispad_2022", None, "9", "moderate"),
        ("ada_2009", "7.30", "18", "mild"),
        ("ada_2009", "7.25", "15", "mild"),
        ("ada_2009", "7.24", "15", "moderate"),
        ("ada_2009", "7.25", "14.9", "moderate"),
        ("ada_2009", "7.00", "10", "moderate"),
        ("ada_2009", "6.99", "10", "severe"),
        ("ada_2009", "7.00", "9.9", "severe"),
        ("ada_2024", "7.26", "15", "mild"),
        # 7.25 itself is moderate in 2024, and mild in 2009.
        ("ada_2024", "7.25", "15", "moderate"),
        ("ada_2024", "7.26", "14.9", "moderate"),
        ("ada_2024", "7.00", "10", "moderate"),
        ("ada_2024", "6.99", "10", "severe"),
        ("ada_2024", "7.26", "9.9", "severe"),
        ("ada_2024", "7.28", None, "mild"),
    ],
)
def test_how_severe(criteria: str, ph: str | None, bicarbonate: str | None, severity: str) -> None:
    found = dka(
        criteria,
        ph=None if ph is None else D(ph),
        bicarbonate=None if bicarbonate is None else D(bicarbonate),
    )
    if criteria != "ada_2009" or None not in (ph, bicarbonate):
        assert found["severity"] == severity
        assert f"Severity {severity}" in found["criteria_basis"]


def test_no_severity_without_a_ketoacidosis() -> None:
    found = dka("ada_2024", ph=D("7.40"), bicarbonate=D(24))
    assert found["meets_criteria"] is False
    assert isinstance(found["severity"], NotDerivable)
    assert "pH below 7.3 or bicarbonate below 18 mmol/L: not met" in found["criteria_basis"]


# --- hypoglycaemia ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("criteria", "values", "level"),
    [
        (None, {}, "criteria missing"),
        ("ada_ispad", {"needed_help": None}, "help of somebody else was needed is missing"),
        ("ada_ispad", {"glucose": None}, "glucose missing"),
        ("ada_ispad", {"glucose": "70"}, "no hypoglycaemia"),
        ("ada_ispad", {"glucose": "69"}, "1"),
        ("ada_ispad", {"glucose": "54"}, "1"),
        ("ada_ispad", {"glucose": "53"}, "2"),
        ("ada_ispad", {"glucose": "<54"}, "2"),
        ("ada_ispad", {"glucose": "<20"}, "2"),
        ("ada_ispad", {"glucose": "<60"}, "leaves the level open"),
        ("ada_ispad", {"glucose": ">60"}, "leaves the level open"),
        ("ada_ispad", {"glucose": ">70"}, "no hypoglycaemia"),
        ("ihsg_2017", {"glucose": "70"}, "1"),
        ("ihsg_2017", {"glucose": "71"}, "no hypoglycaemia"),
        ("ihsg_2017", {"glucose": "53.9"}, "2"),
        # In mmol/L by its own numbers.
        ("ada_ispad", {"glucose": None, "glucose_mmol": "3.9"}, "no hypoglycaemia"),
        ("ada_ispad", {"glucose": None, "glucose_mmol": "3.8"}, "1"),
        ("ada_ispad", {"glucose": None, "glucose_mmol": "3.0"}, "1"),
        ("ada_ispad", {"glucose": None, "glucose_mmol": "2.9"}, "2"),
        ("ihsg_2017", {"glucose": None, "glucose_mmol": "3.9"}, "1"),
        # Help makes level 3, whatever the glucose.
        ("ada_ispad", {"needed_help": True, "glucose": "65"}, "3"),
        ("ada_ispad", {"needed_help": True, "glucose": None}, "3"),
        ("ada_ispad", {"needed_help": True, "glucose": "200"}, "3"),
    ],
)
def test_level(criteria: str | None, values: dict[str, Any], level: str) -> None:
    given: dict[str, Any] = {"criteria": criteria, "needed_help": False, "glucose": "60"} | values
    for name in ("glucose", "glucose_mmol"):
        given[name] = lab(given.get(name))
    found = derive_hypoglycaemia(given, {})
    if level in "123":
        assert found["level"] == level
        assert isinstance(found["level_basis"], str)
    else:
        assert isinstance(found["level"], NotDerivable) and level in found["level"].why


# --- contradictions -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("values", "code"),
    [
        ({"glucose": lab("60"), "glucose_mmol": lab("3.3")}, "two_units"),
        ({"glucose": lab("60")}, None),
        ({"glucose_mmol": lab("3.3")}, None),
    ],
)
def test_one_unit(values: dict[str, Any], code: str | None) -> None:
    assert [p.code for p in one_glucose(values)] == ([code] if code else [])


@pytest.mark.parametrize(
    ("values", "refused"),
    [
        ({"glucose": lab("3.2")}, True),
        ({"glucose": lab("5")}, False),
        ({"glucose": lab("<4")}, False),
        ({"glucose": D(3001)}, True),
        ({"glucose_mmol": lab("60")}, False),
        ({"glucose_mmol": lab("168")}, True),
    ],
)
def test_a_glucose_in_the_wrong_unit(values: dict[str, Any], refused: bool) -> None:
    assert bool(list(possible_glucose(values))) is refused


@pytest.mark.parametrize(
    ("check", "values", "context", "code"),
    [
        (checks.is_of_its_event, {}, {"term": "fever"}, "other_term"),
        (checks.is_of_its_event, {}, {"term": "dka"}, None),
        (checks.is_of_its_event, {}, {"term": None}, None),
        (checks.hypoglycaemia_is_of_its_event, {}, {"term": "dka"}, "other_term"),
        (checks.hypoglycaemia_is_of_its_event, {}, {"term": "hypoglycaemia_level_3"}, None),
        (
            checks.sample_suits_criteria,
            {"criteria": "ada_2009", "ph_venous": True},
            {},
            "venous_by_arterial_criteria",
        ),
        (checks.sample_suits_criteria, {"criteria": "ada_2009", "ph_venous": False}, {}, None),
        (checks.sample_suits_criteria, {"criteria": "ispad_2022", "ph_venous": True}, {}, None),
        (checks.gases_agree, {"ph": D("7.30"), "bicarbonate": D("4.9")}, {}, "gases_disagree"),
        (checks.gases_agree, {"ph": D("7.30"), "bicarbonate": D(5)}, {}, None),
        (checks.gases_agree, {"ph": D("7.29"), "bicarbonate": D(4)}, {}, None),
        (checks.gases_agree, {"ph": D("7.29"), "bicarbonate": None}, {}, None),
        (
            checks.state_suits_severity,
            {"mental_status": "stupor", "severity": "moderate"},
            {},
            "state_graver_than_gases",
        ),
        (checks.state_suits_severity, {"mental_status": "stupor", "severity": "severe"}, {}, None),
        (checks.state_suits_severity, {"mental_status": "drowsy", "severity": "mild"}, {}, None),
        (checks.criteria_not_met, {"meets_criteria": False}, {}, "criteria_not_met"),
        (checks.criteria_not_met, {"meets_criteria": None}, {}, None),
        (
            checks.help_suits_state,
            {"needed_help": True, "symptoms": ["autonomic"]},
            {},
            "help_without_altered_state",
        ),
        (checks.help_suits_state, {"needed_help": True, "symptoms": ["seizure"]}, {}, None),
        (checks.help_suits_state, {"needed_help": True, "symptoms": None}, {}, None),
        (
            checks.help_suits_state,
            {"needed_help": False, "symptoms": ["unconscious"]},
            {},
            "altered_state_without_help",
        ),
        (checks.help_suits_state, {"needed_help": False, "symptoms": ["neuroglycopenic"]}, {}, None),
        (checks.help_suits_state, {"needed_help": False, "treatment": ["glucagon"]}, {}, "treated_by_others"),
        (checks.help_suits_state, {"needed_help": False, "treatment": ["oral"]}, {}, None),
    ],
)
def test_checks(check: Any, values: dict[str, Any], context: dict[str, Any], code: str | None) -> None:
    assert [f.code for f in check(values, context)] == ([code] if code else [])
