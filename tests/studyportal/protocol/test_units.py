import pytest

from studyportal.protocol.units import is_known_unit, loinc_problem, readable


@pytest.mark.parametrize("code", ["4548-4", "59261-8", "13927-9", "718-7", "14743-9"])
def test_loinc_codes_with_right_check_digit(code: str) -> None:
    assert loinc_problem(code) is None


@pytest.mark.parametrize("code", ["13927-0", "4548-5", "4548", "", "ABC-1", "4548-44"])
def test_others_are_refused_with_the_reason(code: str) -> None:
    assert loinc_problem(code)


def test_endotoxin_is_an_annotation() -> None:
    assert is_known_unit("{EU}/kg") and not is_known_unit("[EU]")
    assert readable("10*6/kg") == "×10⁶/kg"
