"""What each field takes and refuses: the same for pages, API and imports."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import models

from studyportal.crf import fields as f
from studyportal.crf.laboratory_value import LaboratoryValue
from studyportal.crf.partial_date import PartialDate


class Colour(models.TextChoices):
    RED = "red", "Red"
    BLUE = "blue", "Blue"


WEIGHT = f.QuantityField("Weight", unit="kg", decimals=1, minimum=1, maximum=300)
COUNT = f.CountField("Readings", minimum=0, maximum=100)
CODED = f.CodedField("Colour", codes=Colour)
MANY = f.MultiCodedField("Colours", codes=Colour)
YESNO = f.YesNoField("Fainted")
TEXT = f.TextField("Brand", max_length=10)
NOTE = f.NoteField("Note")
DAY = f.DayField("Taken on")
MOMENT = f.MomentField("At")
PARTIAL = f.PartialDateField("Diagnosed")
LAB = f.LaboratoryValueField("Result")


@pytest.mark.parametrize(
    ("field", "raw", "code"),
    [
        (WEIGHT, "abc", "invalid_number"),
        (WEIGHT, "61,2", "ambiguous_number"),
        (WEIGHT, True, "type"),
        (WEIGHT, [1], "type"),
        (WEIGHT, float("nan"), "invalid_number"),
        (WEIGHT, "Infinity", "invalid_number"),
        (WEIGHT, "1e999999999", "invalid_number"),
        (WEIGHT, "1_000", "invalid_number"),
        (WEIGHT, "६१", "invalid_number"),
        (WEIGHT, "0.9", "min_value"),
        (WEIGHT, "300.1", "max_value"),
        (WEIGHT, "61.25", "max_decimal_places"),
        (WEIGHT, {"value": 135, "unit": "[lb_av]"}, "unit"),
        (WEIGHT, {"value": 135}, "unit"),
        (WEIGHT, {"amount": 135}, "type"),
        (COUNT, "1.5", "whole_number"),
        (COUNT, "-1", "min_value"),
        (COUNT, "101", "max_value"),
        (CODED, "green", "unknown_code"),
        (CODED, 1, "type"),
        (MANY, ["red", "green"], "unknown_code"),
        (MANY, {"red": 1}, "type"),
        (YESNO, "maybe", "boolean"),
        (YESNO, 3, "boolean"),
        (TEXT, "x" * 11, "max_length"),
        (TEXT, "two\nlines", "one_line"),
        (TEXT, "a\x00b", "nul_character"),
        (NOTE, "half \ud800", "surrogate"),
        (NOTE, 5, "type"),
        (DAY, "2016-11", "day_needed"),
        (DAY, "2016-02-30", "impossible_date"),
        (DAY, "03/11/2016", "ambiguous_date"),
        (DAY, 20161103, "type"),
        (MOMENT, "2016-11-03", "invalid_datetime"),
        (MOMENT, "2016-13-03T10:00", "invalid_datetime"),
        (MOMENT, "0001-01-01T00:00Z", "impossible_date"),
        (PARTIAL, "yesterday", "invalid_date"),
        (PARTIAL, "2016-13", "impossible_date"),
        (PARTIAL, "age 130", "impossible_date"),
        (PARTIAL, "1850", "impossible_date"),
        (LAB, "negative", "invalid_laboratory_value"),
        (LAB, "1,234", "ambiguous_number"),
        (LAB, "< ", "invalid_laboratory_value"),
        (LAB, "×106", "invalid_laboratory_value"),
    ],
)
def test_refused_with_a_code(field: f.CrfField, raw: Any, code: str) -> None:
    with pytest.raises(ValidationError) as caught:
        field.parse(raw)
    assert caught.value.code == code
    assert caught.value.messages[0]


@pytest.mark.parametrize("field", [WEIGHT, COUNT, CODED, MANY, YESNO, TEXT, NOTE, DAY, MOMENT, PARTIAL, LAB])
@pytest.mark.parametrize("raw", [None, "", "  "])
def test_nothing_is_none(field: f.CrfField, raw: Any) -> None:
    assert field.parse(raw) is None


@pytest.mark.parametrize(
    ("field", "raw", "value"),
    [
        (WEIGHT, "61.2", Decimal("61.2")),
        (WEIGHT, 61.2, Decimal("61.2")),
        (WEIGHT, 1, Decimal("1.0")),
        (WEIGHT, "300", Decimal("300.0")),
        (WEIGHT, {"value": "61.2", "unit": "kg"}, Decimal("61.2")),
        (COUNT, "7", 7),
        (COUNT, 7.0, 7),
        (CODED, " red ", "red"),
        (MANY, "blue; red", ["red", "blue"]),
        (MANY, ["blue"], ["blue"]),
        (YESNO, False, False),
        (YESNO, "yes", True),
        (TEXT, " Lantus ", "Lantus"),
        (NOTE, "two\r\nlines", "two\nlines"),
        (DAY, "3 Nov 2016", dt.date(2016, 11, 3)),
        (MOMENT, "2016-11-03T14:30+05:30", dt.datetime(2016, 11, 3, 9, 0, tzinfo=dt.UTC)),
        (PARTIAL, "Nov 2016", PartialDate(2016, 11)),
        (PARTIAL, "age 12", PartialDate(age=12)),
        (LAB, "<0.2", LaboratoryValue("<", "0.2")),
        (LAB, "7.0", LaboratoryValue("", "7.0")),
        (LAB, "≥ 400", LaboratoryValue(">=", "400")),
    ],
)
def test_taken_and_typed_back(field: f.CrfField, raw: Any, value: Any) -> None:
    assert field.parse(raw) == value
    assert field.parse(field.as_text(value)) == value
    assert field.for_people(value)


def test_partial_date_bounds() -> None:
    assert PartialDate(2016, 2).earliest == dt.date(2016, 2, 1)
    assert PartialDate(2016, 2).latest == dt.date(2016, 2, 29)
    assert PartialDate(2016).latest == dt.date(2016, 12, 31)
    assert PartialDate(age=12).earliest is None
    assert PartialDate(2016, 2).certainly_before(PartialDate(2016, 3))
    assert not PartialDate(2016).certainly_before(PartialDate(2016, 3))
    assert not PartialDate(age=12).certainly_before(PartialDate(2016, 3))
