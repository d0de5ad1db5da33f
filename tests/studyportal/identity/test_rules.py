"""What an identity may say; blind spelling variants; texts that give a person away."""

from __future__ import annotations

import datetime as dt

import pytest

from studyportal.identity import rules
from studyportal.identity.person import Person

TODAY = dt.date(2026, 6, 1)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("2026-06-02", "in_future"),
        ("2026-07", "in_future"),
        ("2027", "in_future"),
        ("1905-01-01", "too_long_ago"),
        ("0000", "too_long_ago"),
        ("2001-02-30", "no_such_date"),
        ("2001-13", "no_such_date"),
        ("2001-00-10", "no_such_date"),
        ("14/05/2001", "date_format"),
        ("2OO1-05-14", "date_format"),  # letters O
        ("2001-5-14", "date_format"),
        ("about 2001", "date_format"),
        ("2001-05-14\x00", "nul_character"),
    ],
)
def test_birth_dates_that_cannot_be(text: str, code: str) -> None:
    with pytest.raises(rules.Impossible) as refused:
        rules.birth_date(text, today=TODAY)
    assert refused.value.code == code
    assert text not in str(refused.value)


@pytest.mark.parametrize(
    "text", ["2001-05-14", "2001-05", "2001", "２００１-05-14", "२००१-०५-१४", "2001–05–14", "2026-06-01"]
)
def test_birth_dates_as_far_as_known(text: str) -> None:
    assert rules.birth_date(text, today=TODAY)[:2] == "20"


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("1234", "no_letter"),
        ("  - ", "no_letter"),
        ("Zarina\x00", "nul_character"),
        ("Zarina\ud800", "surrogate"),
        ("Zarina\nX", "control_character"),
        ("Zarina\x1b[2J", "control_character"),
        ("Zarina\u202eanirax", "invisible_character"),
        ("Za\u200brina", "invisible_character"),
    ],
)
def test_names_that_are_none(text: str, code: str) -> None:
    with pytest.raises(rules.Impossible) as refused:
        rules.name(text)
    assert refused.value.code == code


@pytest.mark.parametrize("text", ["ज़रीना", "O'Neill-D'Souza", "श्री\u200d राम", "Zarina  Quill", "X"])
def test_names_of_any_script(text: str) -> None:
    assert rules.name(text)


@pytest.mark.parametrize("text", ["12", "call me", "+91 98200 12345 67890", "98200;12345", "x@y"])
def test_phones_that_are_none(text: str) -> None:
    with pytest.raises(rules.Impossible):
        rules.phone(text)


@pytest.mark.parametrize(
    "text", ["zarina", "@example.org", "a@b", "a b@example.org", "a@example..org", "a@b.c"]
)
def test_addresses_of_mail_that_are_none(text: str) -> None:
    with pytest.raises(rules.Impossible):
        rules.email(text)


@pytest.mark.parametrize(
    "text", ["МН-451", "MH_451", "=1+1", "MH", "<b>1</b>", "MH-451;DROP", "-451", "MH\x00451"]
)
def test_hospital_numbers_that_are_none(text: str) -> None:
    """The first is written in Cyrillic letters that look like MH."""
    with pytest.raises(rules.Impossible):
        rules.normalised_hospital_number(text)


@pytest.mark.parametrize(
    "text",
    [
        "MH-2016/00451",
        "mh 2016/00451",
        " MH2016/00-451 ",
        "ＭＨ２０１６/００４５１",
        "MH–2016/00451",
        "MH२०१६/००४५१",
    ],
)
def test_spellings_of_one_hospital_number(text: str) -> None:
    assert rules.normalised_hospital_number(text) == "MH2016/00451"


def test_zero_and_the_letter_are_two_numbers() -> None:
    assert rules.normalised_hospital_number("MH-O1") != rules.normalised_hospital_number("MH-01")


@pytest.mark.parametrize(
    ("birth", "minor"),
    [
        ("2008-06-02", True),
        ("2008-06-01", False),
        ("2008", None),
        ("2008-05", False),
        ("2008-07", True),
        ("2010", True),
        ("", None),
    ],
)
def test_minors(birth: str, minor: bool | None) -> None:
    assert rules.is_minor(birth, today=TODAY) is minor


ZARINA = Person(
    full_name="Zarina Quillfeather",
    birth_date="2001-05-14",
    phone="+91 98200 12345",
    email="zarina@example.org",
    guardian_name="José Ram",
    hospital_number="MH-2016/00451",
)


@pytest.mark.parametrize(
    "text",
    [
        "zarina asked for it",
        "see QUILLFEATHER, ward 3",
        "told by Jose",
        "told by Ram.",
        "number MH-2016/00451 was wrong",
        "number mh201600451 was wrong",
        "number MH 2016 00451",
        "ＭＨ２０１６／００４５１",
        "ring 98200 12345",
        "ring +91-98200-12345",
        "Zarina@Example.org",
        "born 2001-05-14",
    ],
)
def test_a_text_that_gives_the_person_away(text: str) -> None:
    assert rules.mentions(ZARINA, text)


@pytest.mark.parametrize(
    "text",
    ["", "Spelling corrected from the hospital card", "the program ran", "2016", "451", "moved house", "MH"],
)
def test_a_text_that_does_not(text: str) -> None:
    assert not rules.mentions(ZARINA, text)


def test_a_name_in_devanagari_is_found_whole() -> None:
    person = Person(full_name="ज़रीना खान")
    assert rules.mentions(person, "ज़रीना ने कहा")
    assert not rules.mentions(person, "जरा सा")


def test_a_short_hospital_number_is_found_as_a_word_only() -> None:
    person = Person(full_name="Zarina", hospital_number="1234")
    assert rules.mentions(person, "was 1234 before")
    assert not rules.mentions(person, "in room 12345")
