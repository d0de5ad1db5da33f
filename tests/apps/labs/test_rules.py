"""Conversions, limits and findings of laboratory results, as tables."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest

from apps.labs import checks, rules
from apps.labs.models import Analyte, GlucoseSlot
from apps.labs.profile import Reading, hypoglycaemia_level, in_range, profile, summary
from apps.labs.selectors import terms_of
from studyportal import protocol
from studyportal.crf.laboratory_value import LaboratoryValue
from studyportal.crf.outcomes import NotDerivable
from studyportal.crf.partial_date import PartialDate

D = Decimal


def value(text: str | None) -> Any:
    return None if text is None else LaboratoryValue.parse(text)


def test_the_lists_are_those_of_the_protocol() -> None:
    current = protocol.current()
    assert Analyte.values == list(current.analytes)
    assert GlucoseSlot.values == list(current.glucose_slots)
    assert [str(label) for _, label in Analyte.choices] == [a.label for a in current.analytes.values()]


@pytest.mark.parametrize(("ngsp", "ifcc"), [("7.0", 53), ("11.5", 102), ("6.5", 48), ("4.0", 20)])
def test_hba1c_by_the_master_equation(ngsp: str, ifcc: int) -> None:
    assert round(rules.ifcc_from_ngsp(D(ngsp))) == ifcc
    assert abs(rules.ngsp_from_ifcc(D(ifcc)) - D(ngsp)) < D("0.06")


@pytest.mark.parametrize(("a1c", "mg_dl"), [("7.0", "154.2"), ("6.0", "125.5"), ("11.5", "283.35")])
def test_estimated_average_glucose(a1c: str, mg_dl: str) -> None:
    assert rules.estimated_average_glucose(D(a1c)) == D(mg_dl)


def test_glucose_and_c_peptide() -> None:
    assert round(rules.glucose_mmol_l(D(180)), 2) == D("9.99")
    assert rules.glucose_mg_dl(D(10)) == D("180.156")
    assert rules.c_peptide_nmol_l(D("1.7")) == D("0.5627")
    assert rules.c_peptide_nmol_l(D("0.2")) == D("0.0662")


@pytest.mark.parametrize(
    ("a1c", "per_kg", "expected"),
    [
        (D("7.0"), D(0), D("7.0")),
        (D("7.0"), D("0.5"), D("9.0")),
        (None, D(0), "HbA1c missing"),
        (D("7.0"), NotDerivable("weight missing"), "weight missing"),
        (NotDerivable("unit missing"), D(0), "HbA1c: unit missing"),
    ],
)
def test_idaa1c(a1c: Any, per_kg: Any, expected: Any) -> None:
    found = rules.idaa1c(a1c, per_kg)
    assert found == (NotDerivable(expected) if isinstance(expected, str) else expected)


@pytest.mark.parametrize(("number", "remission"), [("9.0", True), ("9.01", False)])
def test_partial_remission(number: str, remission: bool) -> None:
    assert rules.partial_remission(D(number)) is remission


@pytest.mark.parametrize(
    ("analyte", "reported", "unit", "expected"),
    [
        ("hba1c", "11.5", "%", D("11.5")),
        ("hba1c", "53", "mmol/mol", D("7.00044")),
        ("hba1c", "11.5", None, "unit missing"),
        ("hba1c", None, "%", "no number reported"),
        ("c_peptide", "0.2", "ng/mL", D("0.2")),
        ("c_peptide", "331", "pmol/L", D(1)),
        ("c_peptide", "<0.1", "ng/mL", "reported as <0.1, which is a limit and no measured number"),
        ("glucose_fasting", "10", "mmol/L", D("180.156")),
        ("ica", "20", "{JDF'U}", "{JDF'U} does not convert into {titer}"),
        ("aspirin", "1", "mg/dL", "analyte not in the protocol"),
    ],
)
def test_canonical_numbers(analyte: str, reported: str | None, unit: str | None, expected: Any) -> None:
    found = rules.canonical(value(reported), unit, terms_of(analyte))
    assert found == (NotDerivable(expected) if isinstance(expected, str) else expected)


@pytest.mark.parametrize(
    ("analyte", "reported", "unit", "code"),
    [
        ("hba1c", "1.9", "%", "min_value"),
        ("hba1c", "2", "%", None),
        ("hba1c", "25", "%", None),
        ("hba1c", "25.1", "%", "max_value"),
        ("hba1c", "300", "mmol/mol", "max_value"),
        ("hba1c", "102", "mmol/mol", None),
        # Without a unit the number says too little to be refused.
        ("hba1c", "102", None, None),
        ("hba1c", "-1", None, "min_value"),
        ("creatinine", "<0.001", "mg/dL", None),
        ("ica", "20", "{JDF'U}", None),
    ],
)
def test_hard_limits(analyte: str, reported: str, unit: str | None, code: str | None) -> None:
    found = list(rules.number_is_possible({"reported": value(reported), "unit": unit}, terms_of(analyte)))
    assert [p.code for p in found] == ([code] if code else [])


@pytest.mark.parametrize(
    ("analyte", "unit", "refused"),
    [
        ("hba1c", "%", False),
        ("hba1c", "mg/dL", True),
        ("c_peptide", "nmol/L", False),
        ("hiv", "mg/dL", True),
        ("hba1c", None, False),
        (None, "%", False),
    ],
)
def test_units(analyte: str | None, unit: str | None, refused: bool) -> None:
    assert bool(list(rules.unit_belongs_to_analyte({"unit": unit}, terms_of(analyte)))) is refused


@pytest.mark.parametrize(
    ("lloq", "reported", "refused"),
    [
        ("0.1", "0.05", True),
        ("0.1", "<0.1", False),
        ("0.1", "0.1", False),
        (None, "0.05", False),
        ("0.1", None, False),
    ],
)
def test_below_the_limit_of_quantitation(lloq: str | None, reported: str | None, refused: bool) -> None:
    values = {"lloq": None if lloq is None else D(lloq), "reported": value(reported)}
    assert bool(list(rules.lloq_is_a_limit(values))) is refused


@pytest.mark.parametrize(
    ("values", "code"),
    [
        ({"analyte": "hba1c", "reported": value("11.5"), "unit": None}, "hba1c_without_unit"),
        (
            {"analyte": "hba1c", "reported": value("7.0"), "unit": "%", "unit_basis": "presumed"},
            "unit_presumed",
        ),
        ({"analyte": "hba1c", "reported": value("7.0"), "unit": "%", "unit_basis": "stated"}, None),
        ({"analyte": "c_peptide", "reported": value("0.2"), "unit": None}, "unit_missing"),
        ({"analyte": "ica", "reported": None, "unit": None}, None),
    ],
)
def test_a_unit_is_stated(values: dict[str, Any], code: str | None) -> None:
    assert [f.code for f in checks.unit_stated(values, {})] == ([code] if code else [])


@pytest.mark.parametrize(
    ("number", "asked"), [("3.9", True), ("4", False), ("18", False), ("18.1", True), (None, False)]
)
def test_plausible(number: str | None, asked: bool) -> None:
    values = {
        "number_canonical": None if number is None else D(number),
        "reported": value(number),
        "unit": "%",
    }
    assert bool(list(checks.number_plausible(values, {"terms": terms_of("hba1c")}))) is asked


@pytest.mark.parametrize(
    ("analyte", "fasting", "asked"),
    [("c_peptide", None, True), ("c_peptide", "fasting", False), ("hba1c", None, False)],
)
def test_fasting_state(analyte: str, fasting: str | None, asked: bool) -> None:
    values = {"analyte": analyte, "fasting": fasting, "reported": value("0.2")}
    assert bool(list(checks.fasting_state_known(values, {}))) is asked


@pytest.mark.parametrize(
    ("analyte", "conflict", "code"),
    [
        ("ica", "The abstract says anti-insulin.", "antibody_ambiguous"),
        ("hba1c", "Table 1: 7.2", "source_conflict"),
        ("ica", None, None),
    ],
)
def test_two_places_of_the_source(analyte: str, conflict: str | None, code: str | None) -> None:
    found = checks.sources_agree({"analyte": analyte, "source_conflict": conflict}, {})
    assert [f.code for f in found] == ([code] if code else [])


@pytest.mark.parametrize(
    ("collected", "since", "asked"),
    [
        ("2024-01-15", "2024-01-01", False),
        ("2024-01-16", "2024-01-01", True),
        ("2024-01", "age:12", False),
        (None, "2024", False),
    ],
)
def test_insulin_antibodies_after_insulin(collected: str | None, since: str, asked: bool) -> None:
    values = {"analyte": "iaa", "collected_on": PartialDate.parse(collected) if collected else None}
    found = checks.insulin_antibody_interpretable(values, {"insulin_since": PartialDate.parse(since)})
    assert bool(list(found)) is asked


# ---------------------------------------------------------------------------------------------------- profile


@pytest.mark.parametrize(
    ("number", "unit", "level"),
    [
        ("70", "mg/dL", 0), ("69", "mg/dL", 1), ("54", "mg/dL", 1), ("53", "mg/dL", 2),
        ("3.9", "mmol/L", 0), ("3.8", "mmol/L", 1), ("3.0", "mmol/L", 1), ("2.9", "mmol/L", 2),
    ],
)  # fmt: skip
def test_hypoglycaemia_is_judged_in_the_unit_measured(number: str, unit: str, level: int) -> None:
    assert hypoglycaemia_level(D(number), unit) == level


@pytest.mark.parametrize(
    ("number", "unit", "inside"),
    [
        ("70", "mg/dL", True),
        ("180", "mg/dL", True),
        ("181", "mg/dL", False),
        ("10.0", "mmol/L", True),
        ("10.1", "mmol/L", False),
    ],
)
def test_in_range(number: str, unit: str, inside: bool) -> None:
    assert in_range(D(number), unit) is inside


def test_an_empty_profile_has_no_numbers() -> None:
    empty = profile([])
    assert (empty.overall, empty.days, empty.percent_in_range, empty.readings_per_day) == (
        None,
        0,
        None,
        None,
    )
    assert summary([]) is None
    one = summary([D(100)])
    assert one is not None
    assert (one.sd, one.cv_percent) == (None, None)


def test_a_profile() -> None:
    days = [dt.date(2024, 3, 1), dt.date(2024, 3, 2)]
    readings = [
        Reading(days[0], "fasting", D(100), "mg/dL"),
        Reading(days[0], "post_lunch", D(200), "mg/dL"),
        Reading(days[1], "fasting", D(50), "mg/dL"),
        Reading(days[1], "post_lunch", D("14.0"), "mmol/L"),
    ]
    found = profile(readings)
    assert (found.days, found.readings_per_day) == (2, 2.0)
    assert (found.percent_in_range, found.percent_below_70, found.percent_below_54) == (25.0, 25.0, 25.0)
    assert (found.percent_above_180, found.percent_above_250) == (50.0, 25.0)
    fasting = found.by_slot["fasting"]
    assert (fasting.n, fasting.mean) == (2, 75.0)
    assert fasting.sd == pytest.approx(35.3553, abs=1e-4)
    assert fasting.cv_percent == pytest.approx(47.1405, abs=1e-4)


@pytest.mark.parametrize(
    ("number", "unit", "refused"),
    [
        ("5", "mg/dL", False),
        ("4.99", "mg/dL", True),
        ("1000", "mg/dL", False),
        ("1001", "mg/dL", True),
        ("0.3", "mmol/L", False),
        ("180", "mmol/L", True),
        ("5", "g/L", True),
    ],
)
def test_what_a_meter_can_show(number: str, unit: str, refused: bool) -> None:
    assert bool(list(rules.reading_problems(D(number), unit))) is refused


@pytest.mark.parametrize(
    ("start", "end", "refused"),
    [
        ("2016-11", "2016-11", False),
        ("2016-11-10", "2016-11-01", True),
        ("2017", "2016", True),
        (None, "2016", False),
    ],
)
def test_a_chart_ends_after_it_begins(start: str | None, end: str, refused: bool) -> None:
    values = {
        "period_start": PartialDate.parse(start) if start else None,
        "period_end": PartialDate.parse(end),
    }
    assert bool(list(rules.period_in_order(values))) is refused
