"""The section `custody`: defaults without it, and what is wrong in it is named."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from studyportal import protocol
from studyportal.protocol.loader import DEFAULT_PATH, ProtocolError, parse
from studyportal.protocol.presentation import sections


def with_custody(custody: Any) -> str:
    data = yaml.safe_load(Path(DEFAULT_PATH).read_text())
    if custody is None:
        data.pop("custody")
    else:
        data["custody"] = custody
    return yaml.safe_dump(data, allow_unicode=True)


def facility(site: str, code: str) -> dict[str, str]:
    return {"site": site, "code": code, "source": "x"}


def numbers(**more: Any) -> dict[str, Any]:
    return {"identifiers": {"scheme": "isbt128", "source": "x"} | more}


@pytest.mark.parametrize(
    ("custody", "words"),
    [
        ({"identity_minutes": 0}, "identity_minutes"),
        ({"identity_minutes": "half an hour"}, "identity_minutes"),
        ({"minutes": 3}, "not known here"),
        (numbers(scheme="isbn"), "scheme"),
        (numbers(flags="0"), "flags"),
        (numbers(facilities=[facility("MUM", "O9998")]), "code"),
        (numbers(facilities=[facility("MUM", "A99")]), "code"),
        (numbers(facilities=[facility("MUM", "A9998"), facility("PUN", "A9998")]), "share a facility code"),
        (numbers(facilities=[facility("MUM", "A9998"), facility("MUM", "A9999")]), "used twice"),
        ({"labels": {"source": "x", "sizes": [{"key": "product", "label": "P", "width_mm": 5, "height_mm": 50,
          "symbol_mm": 10, "source": "x"}]}}, "width_mm"),
        ({"dose": {"source": "x", "weight_within_days": -1}}, "weight_within_days"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_named(custody: Any, words: str) -> None:
    with pytest.raises(ProtocolError) as caught:
        parse(with_custody(custody))
    assert words in str(caught.value)


def test_a_protocol_without_the_section_takes_any_label() -> None:
    found = parse(with_custody(None)).custody
    assert (found.identifiers.scheme, found.identity_minutes, found.dose.weight_within_days) == (
        "free",
        30,
        0,
    )
    assert not found.identifiers.facilities
    assert not found.labels.sizes


def test_the_page_of_the_protocol_says_it() -> None:
    (section,) = [one for one in sections(protocol.current()) if one.anchor == "custody"]
    told = " ".join(str(getattr(cell, "text", cell)) for row in section.rows for cell in row)
    for words in ("at most 30 minutes", "A9998", "100 × 70 mm", "Do not irradiate", "of the same day"):
        assert words in told
