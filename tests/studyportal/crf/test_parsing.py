"""Numbers as people type them: read where one number only can be meant, and never bent."""

from __future__ import annotations

import pytest
from django.core.exceptions import ValidationError

from studyportal.crf.parsing import decimal_of, typed_number


@pytest.mark.parametrize(
    ("text", "by_point", "by_comma"),
    [
        ("61.2", "61.2", "61.2"),
        ("61,2", "61,2", "61.2"),
        ("1,234", "1,234", "1.234"),
        ("1.234", "1.234", "1,234"),
        ("1,234.5", "1234.5", "1,234.5"),
        ("1.234,5", "1.234,5", "1234.5"),
        ("1,00,000", "100000", "1,00,000"),
        ("12,345,678", "12345678", "12,345,678"),
        ("1 234", "1234", "1234"),
        ("1\u202f234", "1234", "1234"),
        ("६१.२", "61.2", "61.2"),
        ("٦١٫٢", "61.2", "61.2"),
        ("\u22125", "-5", "-5"),
        ("\u200f61.2\u200e", "61.2", "61.2"),
        ("1,23,4", "1,23,4", "1,23,4"),
        ("12 5", "12 5", "12 5"),
        ("½", "½", "½"),
        ("5 😀", "5 😀", "5 😀"),
        ("", "", ""),
    ],
)
def test_read_by_the_sign_of_the_language(text: str, by_point: str, by_comma: str) -> None:
    assert typed_number(text) == by_point
    assert typed_number(text, decimal_sign=",") == by_comma


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("61,2", "Is 61.2 meant"),
        ("0,125", "Is 0.125 meant"),
        ("1,234", "Write 1234 or 1.234"),
        ("1,23,4", "decimal sign as a point"),
    ],
)
def test_what_stays_is_refused_with_its_readings(text: str, says: str) -> None:
    with pytest.raises(ValidationError, match=says) as caught:
        decimal_of(typed_number(text))
    assert caught.value.code == "ambiguous_number"


def test_pasted_cells_are_no_number() -> None:
    """Five thousand cells in one control are refused, not worked through."""
    pasted = "1,234\t" * 5000
    assert typed_number(pasted) == pasted
    with pytest.raises(ValidationError):
        decimal_of(pasted)
