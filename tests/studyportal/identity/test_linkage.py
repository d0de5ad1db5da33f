"""By what people meet: pairs that must be found, and pairs that must not."""

from __future__ import annotations

import ast
import pathlib

import pytest

from studyportal.identity import linkage
from studyportal.identity.linkage import POSSIBLE, PROBABLE, STRONG, MatchKey, match_keys, strength_of
from studyportal.identity.models import Agreement, Strength
from studyportal.identity.person import Person


def kinds_met(one: Person, other: Person) -> set[str]:
    """As the database compares: equal keys of which one binds."""
    ours = {(key.kind, key.value): key.binds for key in match_keys(one)}
    theirs = {(key.kind, key.value): key.binds for key in match_keys(other)}
    return {kind for (kind, value) in ours.keys() & theirs.keys() if ours[kind, value] or theirs[kind, value]}


def person(name: str = "", born: str = "", **more: str) -> Person:
    return Person(full_name=name, birth_date=born, **more)


BORN = "2001-05-14"
RAVI = person("Ravi Ramesh Deshmukh", BORN, phone="+91 98200 12345")

# --- Those who must not meet -----------------------------------------------------------------------------

DIFFERENT = [
    ("nothing in common", person("Ravi Deshmukh", BORN), person("Meena Patil", "1999-01-02")),
    ("the same birth date only", person("Ravi Deshmukh", BORN), person("Meena Patil", BORN)),
    ("the same name only", person("Ravi Deshmukh", BORN), person("Ravi Deshmukh", "1987-11-02")),
    ("the same name, no birth date", person("Ravi Deshmukh"), person("Ravi Deshmukh")),
    (
        "the same name and year, both dates whole",
        person("Ravi Joshi", BORN),
        person("Ravi Joshi", "2001-08-30"),
    ),
    ("a family name in common", person("Ravi Deshmukh", BORN), person("Meena Deshmukh", BORN)),
    ("a first name in common", person("Ravi Deshmukh", BORN), person("Ravi Patil", BORN)),
    ("a title in common", person("Smt. Meena", BORN), person("Smt. Anita", BORN)),
    ("an initial in common", person("Ravi K", BORN), person("Meena K", BORN)),
    ("short names that sound alike only without vowels", person("Rao", BORN), person("Ria", BORN)),
    (
        "a household's phone, another year",
        person("Ravi Joshi", BORN, phone="98200 12345"),
        person("Meena Joshi", "1975-02-03", phone="98200 12345"),
    ),
    (
        "a reception's number that is no number",
        person("Ravi", BORN, phone="99999 99999"),
        person("Meena", "2001-01-01", phone="9999999999"),
    ),
    (
        "an extension of five digits",
        person("Ravi", BORN, phone="12345"),
        person("Meena", "2001-01-01", phone="12345"),
    ),
    (
        "brothers",
        person("Ravi Joshi", BORN, guardian_name="Anil Joshi"),
        person("Amit Joshi", "2004-02-03", guardian_name="Anil Joshi"),
    ),
    (
        "equal hospital numbers, which belong to a site",
        person("Ravi", BORN, hospital_number="MH-1"),
        person("Meena", BORN, hospital_number="MH-1"),
    ),
    (
        "equal mail and address",
        person("A B", "", email="x@y.in", address="Z"),
        person("C D", "", email="x@y.in"),
    ),
    ("nobody", Person(), Person()),
]


@pytest.mark.parametrize(
    ("one", "other"), [case[1:] for case in DIFFERENT], ids=[case[0] for case in DIFFERENT]
)
def test_different_people_do_not_meet(one: Person, other: Person) -> None:
    assert kinds_met(one, other) == set()


# --- Those who must meet ---------------------------------------------------------------------------------

SAME = [
    ("the same", RAVI, RAVI, STRONG),
    ("another order", person("Ravi Deshmukh", BORN), person("DESHMUKH  Ravi", BORN), STRONG),
    ("titles", person("Smt. Meena Patil", BORN), person("Meena Patil", BORN), STRONG),
    ("accents", person("Renée D’Souza", BORN), person("Renee Dsouza", BORN), STRONG),
    ("w and v, ee and i", person("Sweety Reddy", BORN), person("Sveeti Reddi", BORN), STRONG),
    ("x and ksh", person("Laxmi Dixit", BORN), person("Lakshmi Dikshit", BORN), STRONG),
    ("doubled letters", person("Anil Mittal", BORN), person("Anil Mital", BORN), STRONG),
    ("written short", person("Md. Iqbal", BORN), person("Mohammed Iqbal", BORN), STRONG),
    ("a suffix of respect", person("Rameshbhai Patel", BORN), person("Ramesh Patel", BORN), STRONG),
    ("Devanagari", person("राहुल शर्मा", BORN), person("Rahul Sharma", BORN), STRONG),
    ("Devanagari by its sound", person("संजय गायकवाड", BORN), person("Sanjay Gaikwad", BORN), PROBABLE),
    ("by its sound", person("Sunil Chaudhary", BORN), person("Suneel Chowdhury", BORN), PROBABLE),
    ("breathed or not", person("Asha Sinha", BORN), person("Asa Sinhaa", BORN), PROBABLE),
    (
        "day and month exchanged",
        person("Ravi Joshi", "2001-03-04"),
        person("Ravi Joshi", "2001-04-03"),
        PROBABLE,
    ),
    ("a middle name left out", person("Ravi Ramesh Joshi", BORN), person("Ravi Joshi", BORN), POSSIBLE),
    ("one name of two", person("Ravi", BORN), person("Ravi Joshi", BORN), POSSIBLE),
    ("a name as its initial", person("R. Joshi", BORN), person("Ravi Joshi", BORN), POSSIBLE),
    ("the month only", person("Ravi Joshi", "2001-05"), person("Ravi Joshi", BORN), POSSIBLE),
    ("a wrong day", person("Ravi Joshi", "2001-05-15"), person("Ravi Joshi", BORN), POSSIBLE),
    ("the year only", person("Ravi Joshi", "2001"), person("Ravi Joshi", BORN), POSSIBLE),
    (
        "the phone and the year, another name",
        person("Ravi Joshi", BORN, phone="+91 98200-12345"),
        person("Raju", "2001-08-02", phone="098200 12345"),
        PROBABLE,
    ),
    (
        "a phone that is the father's elsewhere",
        person("Ravi Joshi", BORN, phone="98200 12345"),
        person("Raju", "2001", guardian_name="Anil", guardian_phone="9820012345"),
        PROBABLE,
    ),
    (
        "name and phone, no birth date",
        person("Ravi Joshi", phone="98200 12345"),
        person("Joshi Ravi", phone="९८२००१२३४५"),
        PROBABLE,
    ),
    (
        "the father and the birth date",
        person("Ravi Joshi", BORN, guardian_name="Anil Joshi"),
        person("Raju Joshi", BORN, guardian_name="Shri Anil Joshi"),
        PROBABLE,
    ),
    (
        "two that carry one another",
        person("Ravi Joshi", BORN, phone="98200 12345"),
        person("Ravee Josee", BORN, phone="98200 12345"),
        STRONG,
    ),
]


@pytest.mark.parametrize(
    ("one", "other", "strength"), [case[1:] for case in SAME], ids=[case[0] for case in SAME]
)
def test_the_same_person_meets(one: Person, other: Person, strength: str) -> None:
    met = kinds_met(one, other)
    assert met and strength_of(met) == strength
    assert kinds_met(other, one) == met


# --- What holds of every key -----------------------------------------------------------------------------


def test_no_key_without_something_that_tells_people_apart() -> None:
    assert match_keys(person("Ravi Joshi")) == frozenset()
    assert match_keys(person("", BORN)) == frozenset()
    assert match_keys(person("Ravi Joshi", "2001", phone="12345")) == {
        MatchKey("name_birth_year", "joshi ravi 2001", binds=True)
    }


def test_keys_are_few_however_long_the_name() -> None:
    keys = match_keys(
        person(" ".join(f"{letter}anga" for letter in "bcdfgklmnprst"), BORN, phone="9820012345")
    )
    assert len(keys) < 45
    longest = match_keys(person("x" * 200, BORN, guardian_name="y" * 200))
    assert longest


@pytest.mark.parametrize(
    "name", ["Dr", "K", "K L", "..", "李明", "محمد", "ரவி", "۱۲۳", "\u200d", "ः", "क्", "ॅ", "Shri Shri"]
)
def test_no_name_breaks_it(name: str) -> None:
    assert isinstance(match_keys(person(name, BORN, guardian_name=name)), frozenset)
    assert all(linkage.sound(word) for word in linkage.name_words(name))


def test_words_of_the_portal_stand_for_every_kind() -> None:
    assert set(linkage.KINDS) == set(Agreement.values)
    assert set(linkage.KINDS.values()) == set(Strength.values)
    assert set(linkage.KINDS) == linkage.OF_THE_NAME | linkage.OF_CONTACT | {"name_birth_date"}


def test_what_another_brings_with_it_is_not_told() -> None:
    assert linkage.told(kinds_met(RAVI, RAVI)) == ["name_birth_date", "name_phone", "phone_birth_year"]
    assert linkage.told(["part_birth_date", "sound_birth_date"]) == ["sound_birth_date"]
    assert linkage.told([]) == []


def test_it_is_pure() -> None:
    source = pathlib.Path(linkage.__file__).read_text()
    imported = {
        (node.module if isinstance(node, ast.ImportFrom) else node.names[0].name) or ""
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Import | ast.ImportFrom)
    }
    assert not any(
        name.startswith(("django", "studyportal.access", "studyportal.identity.sealing")) for name in imported
    )
