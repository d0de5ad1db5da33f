import pytest

from studyportal.api.csv_cells import as_csv, codes_as_text, guarded, guarded_sql


@pytest.mark.parametrize("text", ["=1+1", "+91", "-1 note", "@SUM(A1)", "\t=1", "\r=1"])
def test_a_formula_is_given_an_apostrophe(text):
    assert guarded(text) == "'" + text


@pytest.mark.parametrize("text", ["", "7.0", "a=b", " =1", "'quoted", "é", "−1"])
def test_other_text_is_left_as_it_is(text):
    assert guarded(text) == text


def test_the_sql_names_each_character_by_its_code():
    assert "IN (61, 43, 45, 64, 9, 13)" in guarded_sql("t.note")


def test_codes_stand_in_one_cell():
    assert codes_as_text([("1", "Male"), ("2", "Female")]) == "1 = Male | 2 = Female"


def test_small_csv_quotes_and_guards():
    assert as_csv(("a", "b"), [("=x", None), ('say "no"', 3)]) == 'a,b\n\'=x,\n"say ""no""",3\n'
