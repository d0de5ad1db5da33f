"""Codes and hard rules of enrolment, as tables."""

from __future__ import annotations

import datetime as dt

import pytest

from apps.enrolment import checks, rules
from studyportal.crf.partial_date import PartialDate


@pytest.mark.parametrize(
    "text",
    [
        "",
        "MUM-0001",
        "mum-0001-K",
        "MUM-001-K",
        "MUM-0001-",
        "M-0001-K",
        "MUMBAIX-0001-K",
        "MUM-0001-K\n",
        "MUM 0001 K",
    ],
)
def test_not_a_code(text: str) -> None:
    assert not rules.is_participant_code(text)


def test_numbers_begin_at_one() -> None:
    with pytest.raises(ValueError, match="numbered from 1"):
        rules.participant_code("MUM", 0)


@pytest.mark.parametrize("number", [1, 2, 10, 42, 999, 9999, 10000])
def test_every_single_typing_error_is_found(number: int) -> None:
    code = rules.participant_code("MUM", number)
    assert rules.is_participant_code(code)
    for place, character in enumerate(code[:-1]):
        alphabet = (
            "0123456789" if character.isdigit() else "ABCDEFGHIJKLMNOPQRSTUVWXYZ" if character != "-" else ""
        )
        for other in alphabet:
            if other != character:
                assert not rules.is_participant_code(code[:place] + other + code[place + 1 :])


def test_check_character_of_the_standard() -> None:
    # ISO 7064 MOD 37,36; the value is that of python-stdnum's documentation.
    assert rules.check_character("A12425GABC1234002") == "M"


def test_four_digits_until_they_do_not_suffice() -> None:
    assert rules.participant_code("PUN", 7).startswith("PUN-0007-")
    assert rules.participant_code("PUN", 12345).startswith("PUN-12345-")


INDEX = dt.date(2024, 5, 1)


@pytest.mark.parametrize(
    ("group", "index_date", "matched", "expected"),
    [
        ("case", None, None, []),
        ("control", INDEX, "case", []),
        ("case", INDEX, None, [("index_date", "controls_only")]),
        ("unassigned", INDEX, None, [("index_date", "controls_only")]),
        ("case", None, "case", [("matched_case", "controls_only")]),
        ("control", None, "control", [("matched_case", "not_a_case")]),
    ],
)
def test_matching(group: str, index_date: dt.date | None, matched: str | None, expected: list) -> None:
    found = rules.matching_problems(
        group=group, index_date=index_date, case_group=matched, is_self=False, enrolled_on=None, today=INDEX
    )
    assert [(p.field, p.code) for p in found] == expected


@pytest.mark.parametrize(
    ("enrolled", "refused"),
    [
        (None, False),
        ("2016", False),
        ("2023-12-31", False),
        ("2024-01-01", True),
        ("2024", True),
        ("age:17", False),
    ],
)
def test_transcribed_only_from_before_the_study(enrolled: str | None, refused: bool) -> None:
    enrolled_on = None if enrolled is None else PartialDate.parse(enrolled)
    found = list(rules.retrospective_problems(enrolled_on=enrolled_on, study_opened_on=dt.date(2024, 1, 1)))
    assert bool(found) is refused


@pytest.mark.parametrize(
    ("values", "codes"),
    [
        ({"dka_history": False, "dka_episodes": 1}, ["contradiction"]),
        ({"dka_history": True, "dka_episodes": 0}, ["contradiction"]),
        ({"dka_history": True, "dka_episodes": 1}, []),
        ({"dka_history": False, "dka_episodes": 0}, []),
        ({"dka_history": None, "dka_episodes": 2}, []),
        ({"dka_history": True, "dka_episodes": None}, []),
    ],
)
def test_ketoacidosis(values: dict, codes: list[str]) -> None:
    assert [p.code for p in rules.ketoacidosis_count_agrees(values)] == codes


@pytest.mark.parametrize(
    ("chosen", "refused"),
    [(["none"], False), (["none", "thyroid"], True), (["thyroid"], False), ([], False), (None, False)],
)
def test_none_stands_alone(chosen: list[str] | None, refused: bool) -> None:
    assert bool(list(rules.comorbidity_none_stands_alone({"comorbidities": chosen}))) is refused


@pytest.mark.parametrize(("age", "asked"), [(None, False), (8, False), (40, False), (7, True), (41, True)])
def test_age_outside_the_study(age: int | None, asked: bool) -> None:
    found = list(checks.age_unusual({"age_at_enrolment": age}, {"usual_age": (8, 40)}))
    assert bool(found) is asked


@pytest.mark.parametrize(
    ("since", "diagnosed", "asked"),
    [
        ("2010", "2011", True),
        ("2011", "2011", False),
        ("2011-02", "2011-03", True),
        ("age:12", "2011", False),
        (None, "2011", False),
    ],
)
def test_insulin_before_diagnosis(since: str | None, diagnosed: str, asked: bool) -> None:
    values = {
        "insulin_since": PartialDate.parse(since) if since else None,
        "diagnosed_on": PartialDate.parse(diagnosed),
    }
    assert bool(list(checks.insulin_before_diagnosis(values, {}))) is asked


@pytest.mark.parametrize(("days", "asked"), [(None, False), (30, False), (60, False), (61, True)])
def test_long_stay(days: int | None, asked: bool) -> None:
    assert bool(list(checks.stay_long({"duration_days": days}, {}))) is asked


@pytest.mark.parametrize(
    ("reason", "history", "asked"),
    [("dka", False, True), ("dka", True, False), ("dka", None, False), ("infection", False, False)],
)
def test_admission_for_ketoacidosis_that_history_denies(
    reason: str, history: bool | None, asked: bool
) -> None:
    assert (
        bool(list(checks.ketoacidosis_not_in_history({"reason": reason}, {"dka_history": history}))) is asked
    )
