"""The canonical form: one text for one content, which anybody can make and hash again."""

from __future__ import annotations

import datetime as dt
import hashlib
import subprocess
from decimal import Decimal
from typing import Any

import pytest
from django.db import models

from studyportal.signatures.content import canonical, number, sha256_of

ROWS: list[tuple[str, dict[str, Any], str]] = [
    ("keys in order", {"b": 1, "a": {"d": 2, "c": 3}}, '{"a":{"c":3,"d":2},"b":1}'),
    ("text as it is stored", {"a": 'क "x" \\ é\n'}, '{"a":"क \\"x\\" \\\\ é\\n"}'),
    ("numbers without zeros", {"a": Decimal("61.20"), "b": Decimal("750.00")}, '{"a":"61.2","b":"750"}'),
    ("yes and no", {"a": True, "b": False, "c": None}, '{"a":true,"b":false,"c":null}'),
    ("a day", {"a": dt.date(2016, 11, 3)}, '{"a":"2016-11-03"}'),
    (
        "a moment in UTC",
        {"a": dt.datetime(2016, 11, 3, 14, 30, tzinfo=dt.timezone(dt.timedelta(hours=5, minutes=30)))},
        '{"a":"2016-11-03T09:00:00.000000Z"}',
    ),
    ("lists keep their order", {"a": ["b", "a"]}, '{"a":["b","a"]}'),
]


class Code(models.TextChoices):
    ONE = "one", "Eins"


@pytest.mark.parametrize(("what", "content", "text"), ROWS, ids=[row[0] for row in ROWS])
def test_canonical(what: str, content: dict[str, Any], text: str) -> None:
    assert canonical(content) == text
    assert sha256_of(content) == hashlib.sha256(text.encode()).hexdigest()


def test_a_code_is_its_value_whatever_the_language() -> None:
    assert canonical({"a": Code.ONE}) == '{"a":"one"}'


@pytest.mark.parametrize(
    "value", [1.5, dt.datetime(2016, 11, 3), object(), Decimal("NaN"), {1: "a"}, b"x"], ids=repr
)
def test_what_has_no_canonical_form_is_refused(value: Any) -> None:
    with pytest.raises(TypeError):
        canonical({"a": value})


@pytest.mark.parametrize(
    ("value", "text"),
    [("0", "0"), ("-0.00", "0"), ("1E+3", "1000"), ("-12.340", "-12.34"), ("0.0000001", "0.0000001")],
)
def test_numbers(value: str, text: str) -> None:
    assert number(Decimal(value)) == text


def test_it_can_be_recomputed_without_the_portal() -> None:
    content = {"form": "vital-signs", "values": {"weight": Decimal("61.20"), "remark": "é क"}}
    made = subprocess.run(["sha256sum"], input=canonical(content).encode(), capture_output=True, check=True)
    assert made.stdout.split()[0].decode() == sha256_of(content)
