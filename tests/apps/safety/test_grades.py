"""Grades that laboratory results suggest: every bound of every table, and what is missing."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from apps.safety.dictionaries import (
    DIRECTORY,
    DictionaryError,
    dictionaries_fit,
    dictionary,
    load,
    problems_of,
)
from apps.safety.models import Dictionary
from apps.safety.rules import Suggested, suggest
from studyportal.crf.outcomes import NotDerivable

V5 = dictionary("ctcae_5")


def graded(term: str, value: str, unit: str, **limits: str | None) -> Any:
    given: dict[str, Any] = {
        name: None if limit is None else Decimal(limit) for name, limit in limits.items()
    }
    return suggest(V5, term=term, value=Decimal(value), unit=unit, **given)


# --- what cannot be graded ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("term", "value", "unit", "limits", "why"),
    [
        ("hyperglycaemia", "400", "mg/dL", {}, "has no glucose cut-offs"),
        ("fever", "39", "Cel", {}, "no numbers here for this term"),
        ("anaemia", "6.5", "mmol/L", {}, "does not convert"),
        ("alt_raised", "90", "U/L", {}, "upper limit of normal missing"),
        ("alt_raised", "90", "U/L", {"baseline": "30"}, "upper limit of normal missing"),
        ("anaemia", "11", "g/dL", {}, "lower limit of normal missing"),
        ("creatinine_raised", "1.1", "mg/dL", {}, "upper limit of normal missing"),
        ("bilirubin_raised", "3", "mg/dL", {"uln": "1.2", "baseline": "2"}, "the baseline is not normal"),
    ],
)
def test_not_derivable(term: str, value: str, unit: str, limits: dict[str, str], why: str) -> None:
    answer = graded(term, value, unit, **limits)
    assert isinstance(answer, NotDerivable)
    assert why in answer.why


@pytest.mark.parametrize("term", ["hypoglycaemia", "anaemia", "alt_raised", "hyperglycaemia"])
def test_version_6_has_no_table_and_takes_nothing_over(term: str) -> None:
    answer = suggest(
        dictionary("ctcae_6"), term=term, value=Decimal(1), unit="mg/dL", lln=Decimal(70), uln=Decimal(40)
    )
    assert isinstance(answer, NotDerivable)
    assert "CTCAE v6.0" in answer.why and "not taken over" in answer.why


# --- every bound --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("term", "value", "unit", "lln", "grade"),
    [
        # A value at the bound belongs to the milder grade.
        ("hypoglycaemia", "70", "mg/dL", "70", 0),
        ("hypoglycaemia", "69", "mg/dL", "70", 1),
        ("hypoglycaemia", "55", "mg/dL", "70", 1),
        ("hypoglycaemia", "54.9", "mg/dL", "70", 2),
        ("hypoglycaemia", "40", "mg/dL", "70", 2),
        ("hypoglycaemia", "39", "mg/dL", "70", 3),
        ("hypoglycaemia", "30", "mg/dL", "70", 3),
        ("hypoglycaemia", "29", "mg/dL", "70", 4),
        # In mmol/L by its own numbers: 3.0 is the bound, and nothing is converted.
        ("hypoglycaemia", "3.9", "mmol/L", "3.9", 0),
        ("hypoglycaemia", "3.0", "mmol/L", "3.9", 1),
        ("hypoglycaemia", "2.9", "mmol/L", "3.9", 2),
        ("hypoglycaemia", "2.2", "mmol/L", "3.9", 2),
        ("hypoglycaemia", "2.1", "mmol/L", "3.9", 3),
        ("hypoglycaemia", "1.7", "mmol/L", "3.9", 3),
        ("hypoglycaemia", "1.6", "mmol/L", "3.9", 4),
        ("anaemia", "12", "g/dL", "12", 0),
        ("anaemia", "11.9", "g/dL", "12", 1),
        ("anaemia", "10", "g/dL", "12", 1),
        ("anaemia", "9.9", "g/dL", "12", 2),
        ("anaemia", "8", "g/dL", "12", 2),
        ("anaemia", "7.9", "g/dL", "12", 3),
        ("anaemia", "3", "g/dL", "12", 3),
        ("anaemia", "100", "g/L", "120", 1),
        ("anaemia", "99", "g/L", "120", 2),
        ("anaemia", "79", "g/L", "120", 3),
        ("platelets_low", "150", "10*3/uL", "150", 0),
        ("platelets_low", "75", "10*3/uL", "150", 1),
        ("platelets_low", "74", "10*3/uL", "150", 2),
        ("platelets_low", "50", "10*3/uL", "150", 2),
        ("platelets_low", "49", "10*3/uL", "150", 3),
        ("platelets_low", "25", "10*3/uL", "150", 3),
        ("platelets_low", "24", "10*3/uL", "150", 4),
        ("wbc_low", "4", "10*3/uL", "4", 0),
        ("wbc_low", "3", "10*3/uL", "4", 1),
        ("wbc_low", "2.99", "10*3/uL", "4", 2),
        ("wbc_low", "2", "10*3/uL", "4", 2),
        ("wbc_low", "1.99", "10*3/uL", "4", 3),
        ("wbc_low", "1", "10*3/uL", "4", 3),
        ("wbc_low", "0.99", "10*3/uL", "4", 4),
    ],
)
def test_falling(term: str, value: str, unit: str, lln: str, grade: int) -> None:
    answer = graded(term, value, unit, lln=lln)
    assert isinstance(answer, Suggested)
    assert answer.grade == grade
    assert answer.basis.startswith("CTCAE v5.0, ")


def test_a_low_value_needs_no_limit_of_normal() -> None:
    answer = graded("anaemia", "9", "g/dL")
    assert isinstance(answer, Suggested) and answer.grade == 2


@pytest.mark.parametrize(
    ("term", "value", "limits", "grade"),
    [
        ("creatinine_raised", "1.2", {"uln": "1.2"}, 0),
        ("creatinine_raised", "1.21", {"uln": "1.2"}, 1),
        ("creatinine_raised", "1.8", {"uln": "1.2"}, 1),
        ("creatinine_raised", "1.81", {"uln": "1.2"}, 2),
        ("creatinine_raised", "3.6", {"uln": "1.2"}, 2),
        ("creatinine_raised", "3.61", {"uln": "1.2"}, 3),
        ("creatinine_raised", "7.2", {"uln": "1.2"}, 3),
        ("creatinine_raised", "7.21", {"uln": "1.2"}, 4),
        # The scale against the baseline stands beside it, and the graver counts.
        ("creatinine_raised", "0.9", {"uln": "1.2", "baseline": "0.6"}, 0),
        ("creatinine_raised", "0.91", {"uln": "1.2", "baseline": "0.6"}, 2),
        ("creatinine_raised", "1.8", {"uln": "1.2", "baseline": "0.6"}, 2),
        ("creatinine_raised", "1.81", {"uln": "1.2", "baseline": "0.6"}, 3),
        ("creatinine_raised", "1.3", {"uln": "1.2", "baseline": "1"}, 1),
        ("alt_raised", "40", {"uln": "40", "baseline": "30"}, 0),
        ("alt_raised", "41", {"uln": "40", "baseline": "40"}, 1),
        ("alt_raised", "120", {"uln": "40", "baseline": "30"}, 1),
        ("alt_raised", "121", {"uln": "40", "baseline": "30"}, 2),
        ("alt_raised", "200", {"uln": "40", "baseline": "30"}, 2),
        ("alt_raised", "201", {"uln": "40", "baseline": "30"}, 3),
        ("alt_raised", "800", {"uln": "40", "baseline": "30"}, 3),
        ("alt_raised", "801", {"uln": "40", "baseline": "30"}, 4),
        # Baseline above the limit of normal: multiples of the baseline, grade 1 from 1.5 on.
        ("alt_raised", "89", {"uln": "40", "baseline": "60"}, 0),
        ("alt_raised", "90", {"uln": "40", "baseline": "60"}, 1),
        ("alt_raised", "180", {"uln": "40", "baseline": "60"}, 1),
        ("alt_raised", "181", {"uln": "40", "baseline": "60"}, 2),
        ("alt_raised", "300", {"uln": "40", "baseline": "60"}, 2),
        ("alt_raised", "301", {"uln": "40", "baseline": "60"}, 3),
        ("alt_raised", "1201", {"uln": "40", "baseline": "60"}, 4),
        # Whether the baseline was normal is judged by the laboratory that measured it.
        ("alt_raised", "90", {"uln": "40", "baseline": "50", "baseline_uln": "55"}, 1),
        ("ast_raised", "121", {"uln": "40", "baseline": "30"}, 2),
        ("bilirubin_raised", "1.2", {"uln": "1.2", "baseline": "1"}, 0),
        ("bilirubin_raised", "1.8", {"uln": "1.2", "baseline": "1"}, 1),
        ("bilirubin_raised", "1.9", {"uln": "1.2", "baseline": "1"}, 2),
        ("bilirubin_raised", "3.6", {"uln": "1.2", "baseline": "1"}, 2),
        ("bilirubin_raised", "3.7", {"uln": "1.2", "baseline": "1"}, 3),
        ("bilirubin_raised", "12.1", {"uln": "1.2", "baseline": "1"}, 4),
    ],
)
def test_rising(term: str, value: str, limits: dict[str, str], grade: int) -> None:
    answer = graded(term, value, V5.tables[term].unit, **limits)
    assert isinstance(answer, Suggested)
    assert answer.grade == grade


def test_what_is_assumed_and_missing_is_said() -> None:
    without_baseline = graded("alt_raised", "121", "U/L", uln="40")
    assert without_baseline.grade == 2 and "as if that had been normal" in without_baseline.basis
    by_baseline_alone = graded("creatinine_raised", "1.4", "mg/dL", baseline="0.8")
    assert by_baseline_alone.grade == 2
    assert "at least this grade, upper limit of normal missing" in by_baseline_alone.basis
    assert "3 × the upper limit of normal (120 U/L)" in without_baseline.basis


# --- the files ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("key", Dictionary.values)
def test_every_version_has_its_file(key: str) -> None:
    file = load(DIRECTORY / f"{key}.yaml")
    assert file.key == key
    assert file.label == Dictionary(key).label
    assert problems_of(file) == []


def test_the_check_at_the_start_is_quiet() -> None:
    assert dictionaries_fit() == []


ROW = """
key: ctcae_5
label: X
source: Y
terms:
  - key: anaemia
    label: Anemia
    analytes: [haemoglobin]
    unit: g/dL
    direction: falls
    source: Z
    scales:
      - bounds:
"""


@pytest.mark.parametrize(
    ("bounds", "why"),
    [
        ("          - {grade: 2, number: 10}\n          - {grade: 1, number: 8}", "mildest to the gravest"),
        ("          - {grade: 1, number: 8}\n          - {grade: 2, number: 10}", "not in the order"),
        ("          - {grade: 1, times: 2}", "a number, or times and of together"),
        ("          - {grade: 1, number: 8, times: 2, of: uln}", "a number, or times and of together"),
        ("          - {grade: 5, number: 8}", "less than or equal to 4"),
        ("          - {grade: 1, number: 8, unknown: 2}", "Extra inputs"),
        ("          - {grade: 1, times: 1, of: lln, also: {g/L: 80}}", "a multiple needs none"),
    ],
)
def test_a_wrong_file_says_where(tmp_path: Path, bounds: str, why: str) -> None:
    path = tmp_path / "ctcae_5.yaml"
    path.write_text(ROW + bounds, encoding="utf-8")
    with pytest.raises(DictionaryError, match=why) as refused:
        load(path)
    assert "ctcae_5.yaml:" in str(refused.value)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(DictionaryError, match="cannot be read"):
        load(tmp_path / "nothing.yaml")
    with pytest.raises(KeyError):
        dictionary("ctcae_4")


def test_a_table_that_fits_nothing_is_named(tmp_path: Path) -> None:
    path = tmp_path / "ctcae_5.yaml"
    text = ROW.replace("key: anaemia", "key: sadness").replace("haemoglobin", "haemoglobin, nonsense")
    path.write_text(
        text.replace("unit: g/dL", "unit: mg/dL") + "          - {grade: 1, number: 8}", encoding="utf-8"
    )
    said = " ".join(problems_of(load(path)))
    assert "sadness is no term" in said and "no analyte nonsense" in said and "measured in g/dL" in said
