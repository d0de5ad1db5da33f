"""What the protocol says of reporting: refusals first, then the jurisdiction of a country."""

from __future__ import annotations

import pytest

from studyportal.protocol import ProtocolError, current, parse
from studyportal.protocol.presentation_safety import hours_text, safety_sections
from studyportal.protocol.safety import Safety
from tests.studyportal.protocol.test_loading import TEXT, errors


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ("countries: [IN]", "countries: [India]", "countries"),
        ("countries: [IN]", "countries: []", "every other country belongs to two jurisdictions"),
        ("recipient: regulator}", "recipient: press}", "not among the recipients: ethics_committee"),
        ("stopped_by: [analysis, final]", "stopped_by: [letter]", "letter"),
        ("stopped_by: [analysis, final]", "stopped_by: []", "stopped_by"),
        ("hours: 24, start: awareness", "hours: 0, start: awareness", "greater than or equal to 1"),
        ("hours: 24, start: awareness", "hours: 24, start: midnight", "midnight"),
        ("relative_to: due, hours: -6", "relative_to: lunch, hours: -6", "lunch"),
    ],
)
def test_refused_with_line_and_reason(old: str, new: str, reason: str) -> None:
    assert old in TEXT
    found = errors(TEXT.replace(old, new, 1))
    assert any(reason in line for line in found), found


def test_a_country_belongs_to_one_jurisdiction() -> None:
    text = TEXT.replace("    - key: elsewhere\n", "    - key: elsewhere\n      countries: [IN, US]\n", 1)
    with pytest.raises(ProtocolError, match="the country IN belongs to two jurisdictions"):
        parse(text)


@pytest.mark.parametrize(
    ("country", "key"), [("IN", "india"), ("US", "elsewhere"), ("XX", "elsewhere"), ("", "elsewhere")]
)
def test_the_jurisdiction_of_a_country(country: str, key: str) -> None:
    found = current().safety.jurisdiction_for(country)
    assert found is not None and found.key == key


def test_without_one_for_every_other_country_there_is_none() -> None:
    assert Safety(source="x").jurisdiction_for("IN") is None


@pytest.mark.parametrize(
    ("hours", "text"), [(1, "1 hour"), (24, "24 hours"), (36, "36 hours"), (48, "2 days"), (336, "14 days")]
)
def test_hours_in_words(hours: int, text: str) -> None:
    assert hours_text(hours) == text


def test_the_page_shows_clocks_reminders_and_terms() -> None:
    sections = {one.anchor: one for one in safety_sections(current())}
    assert set(sections) == {"safety-clocks", "safety-reminders", "safety-terms"}
    assert len(sections["safety-clocks"].rows) == 8
