"""Contradictions of an adverse event, what is asked about it, and what follows from it: tables."""

from __future__ import annotations

import datetime as dt
from types import SimpleNamespace
from typing import Any

import pytest

from apps.safety import checks, rules
from apps.safety.checks import Episodes
from apps.safety.rules import Suggested
from studyportal.crf.outcomes import NotDerivable
from studyportal.crf.partial_date import PartialDate

MUMBAI = SimpleNamespace(pk=1, site=SimpleNamespace(timezone="Asia/Kolkata"))
NEW_YORK = SimpleNamespace(pk=1, site=SimpleNamespace(timezone="America/New_York"))


def day(text: str | None) -> PartialDate | None:
    return None if text is None else PartialDate.parse(text)


def at(text: str | None) -> dt.datetime | None:
    return None if text is None else dt.datetime.fromisoformat(text).replace(tzinfo=dt.UTC)


# --- hard ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("outcome", "end", "refused"),
    [
        ("recovering", "2024-03-05", True),
        ("not_recovered", "2024-03-05", True),
        ("recovering", None, False),
        ("recovered", "2024-03-05", False),
        ("fatal", "2024-03-05", False),
        (None, "2024-03-05", False),
    ],
)
def test_what_goes_on_has_no_end(outcome: str | None, end: str | None, refused: bool) -> None:
    values = {"outcome": outcome, "ended_on": day(end)}
    assert bool(list(rules.what_goes_on_has_no_end(values))) is refused


@pytest.mark.parametrize(
    ("who", "onset", "moment", "refused"),
    [
        # 20:00 UTC is 01:30 of the next day at Mumbai, and the same day in New York.
        (MUMBAI, "2024-03-02", "2024-03-01T20:00", False),
        (MUMBAI, "2024-03-01", "2024-03-01T20:00", True),
        (NEW_YORK, "2024-03-01", "2024-03-01T20:00", False),
        # The night in which the clocks went forward: 06:59 UTC is 01:59 EST, 07:00 UTC is 03:00 EDT.
        (NEW_YORK, "2024-03-10", "2024-03-10T04:59", True),
        (NEW_YORK, "2024-03-10", "2024-03-10T05:00", False),
        (NEW_YORK, "2024-03-10", "2024-03-11T03:59", False),
        (NEW_YORK, "2024-03-10", "2024-03-11T04:00", True),
        (MUMBAI, "2024-03", "2024-03-31T18:29", False),
        (MUMBAI, "2024-03", "2024-03-31T18:30", True),
        (MUMBAI, "age:17", "2024-03-31T18:30", False),
        (MUMBAI, None, "2024-03-31T18:30", False),
    ],
)
def test_time_and_day_agree(who: Any, onset: str | None, moment: str, refused: bool) -> None:
    values = {"participant": who, "onset_on": day(onset), "onset_at": at(moment)}
    assert bool(list(rules.time_agrees_with_day(values))) is refused


@pytest.mark.parametrize(
    ("values", "found"),
    [
        ({"onset_at": "2024-03-02T10:00", "aware_at": "2024-03-02T09:59"}, [("aware_at", "before_onset")]),
        ({"onset_at": "2024-03-02T10:00", "aware_at": "2024-03-02T10:00"}, []),
        ({"onset_on": "2024-03-02", "aware_at": "2024-03-01T18:29"}, [("aware_at", "before_onset")]),
        ({"onset_on": "2024-03-02", "aware_at": "2024-03-01T18:30"}, []),
        ({"onset_on": "2024-03", "aware_at": "2024-02-20T10:00"}, [("aware_at", "before_onset")]),
        ({"onset_on": "2024", "aware_at": "2024-02-20T10:00"}, []),
        ({"aware_at": "2024-03-02T10:00"}, []),
        (
            {"onset_at": "2024-03-02T10:00", "serious_since": "2024-03-02T09:00"},
            [("serious_since", "before_onset")],
        ),
        (
            {"aware_at": "2024-03-03T10:00", "serious_since": "2024-03-03T09:59"},
            [("serious_since", "before_awareness")],
        ),
        ({"aware_at": "2024-03-03T10:00", "serious_since": "2024-03-03T10:00"}, []),
    ],
)
def test_nobody_knows_before(values: dict[str, str], found: list[tuple[str, str]]) -> None:
    given: dict[str, Any] = {"participant": MUMBAI}
    given |= {name: day(text) if name == "onset_on" else at(text) for name, text in values.items()}
    assert [(p.field, p.code) for p in rules.known_after_it_began(given)] == found


@pytest.mark.parametrize(
    ("begin", "end", "refused"),
    [
        ("2024-03-02", "2024-03-01", True),
        ("2024-03-02", "2024-03-02", False),
        ("2024-03", "2024-02", True),
        ("2024-03", "2024-03-01", False),
        ("2024-03-02", None, False),
        (None, "2024-03-01", False),
    ],
)
def test_the_stay_in_hospital(begin: str | None, end: str | None, refused: bool) -> None:
    values = {"hospital_from": day(begin), "hospital_until": day(end)}
    assert bool(list(rules.hospital_stay_in_order(values))) is refused


@pytest.mark.parametrize(
    ("actions", "refused"),
    [(["none"], False), (["none", "treated"], True), (["treated"], False), ([], False), (None, False)],
)
def test_none_stands_alone(actions: Any, refused: bool) -> None:
    assert bool(list(rules.nothing_was_done_stands_alone({"action_taken": actions}))) is refused


def test_a_product_of_another_session() -> None:
    session = SimpleNamespace(pk=1, participant_id=1)
    product = SimpleNamespace(pk=7, participant_id=1, harvest=SimpleNamespace(session_id=2))
    (problem,) = rules.product_is_of_session({"session": session, "product": product})
    assert (problem.field, problem.code) == ("product", "other_session")
    product.harvest.session_id = 1
    assert not list(rules.product_is_of_session({"session": session, "product": product}))
    assert not list(rules.product_is_of_session({"session": None, "product": product}))
    foreign = SimpleNamespace(pk=9, participant_id=2)
    found = rules.session_is_of_participant({"participant": MUMBAI, "session": foreign, "product": foreign})
    assert [(p.field, p.code) for p in found] == [
        ("session", "other_participant"),
        ("product", "other_participant"),
    ]


# --- what follows -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("term", "suggestion", "special", "grade"),
    [
        ("dka", NotDerivable("no table"), True, None),
        ("anaemia", Suggested(2, "because"), False, "2"),
        ("anaemia", Suggested(0, "normal"), False, None),
        (None, NotDerivable("term missing"), None, None),
    ],
)
def test_derived(term: str | None, suggestion: Any, special: bool | None, grade: str | None) -> None:
    context = {"special_interest": frozenset({"dka"}), "suggestion": suggestion}
    found = rules.derive_adverse_event({"term": term}, context)
    assert found["special_interest"] == (NotDerivable("term missing") if special is None else special)
    if grade is None:
        assert isinstance(found["grade_suggested"], NotDerivable)
    else:
        assert found["grade_suggested"] == grade
    assert found["grade_basis"] == (suggestion.basis if isinstance(suggestion, Suggested) else suggestion)


@pytest.mark.parametrize(
    ("serious", "expectedness", "product", "harvest", "unexpected", "suspected"),
    [
        (True, "unexpected", "possible", None, True, True),
        (True, "unexpected", None, "probable", True, True),
        (True, "unexpected", "certain", "unlikely", True, True),
        (True, "unexpected", "unlikely", "unlikely", False, False),
        (True, "unexpected", "conditional", None, False, False),
        (True, "unexpected", "unassessable", None, False, False),
        (True, "unexpected", None, None, False, None),
        (True, "expected", "certain", None, False, True),
        (True, None, "certain", None, False, True),
        (False, "unexpected", "certain", None, False, True),
        (None, "unexpected", "certain", None, False, True),
    ],
)
def test_suspected_unexpected_serious(
    serious: Any, expectedness: Any, product: Any, harvest: Any, unexpected: bool, suspected: Any
) -> None:
    values = {
        "serious": serious,
        "expectedness": expectedness,
        "related_to_product": product,
        "related_to_harvest": harvest,
    }
    assert rules.is_unexpected_reaction(values) is unexpected
    assert rules.is_suspected(values) is suspected


@pytest.mark.parametrize(
    ("outcome", "is_open"),
    [
        (None, True),
        ("recovering", True),
        ("not_recovered", True),
        ("recovered", False),
        ("recovered_with_sequelae", False),
        ("fatal", False),
    ],
)
def test_open(outcome: str | None, is_open: bool) -> None:
    assert rules.is_open(outcome) is is_open


# --- soft ---------------------------------------------------------------------------------------------------

LISTED = {"expected": {"fever": "Protocol"}}
ANAEMIA_2 = {"suggestion": Suggested(2, "9 g/dL")}


@pytest.mark.parametrize(
    ("check", "values", "context", "codes"),
    [
        (
            checks.life_threatening_is_grave,
            {"serious_criteria": ["life_threatening"], "grade": "2"},
            {},
            ["life_threatening_and_mild"],
        ),
        (
            checks.life_threatening_is_grave,
            {"serious_criteria": ["life_threatening"], "grade": "3"},
            {},
            [],
        ),
        (checks.life_threatening_is_grave, {"serious_criteria": ["hospitalisation"], "grade": "1"}, {}, []),
        (
            checks.grave_term_is_serious,
            {"serious": False, "verbatim": "x", "term": "malignancy"},
            {},
            ["grave_term_not_serious"],
        ),
        (checks.grave_term_is_serious, {"serious": True, "verbatim": "x", "term": "malignancy"}, {}, []),
        (checks.grave_term_is_serious, {"serious": False, "verbatim": "x", "term": "fever"}, {}, []),
        (
            checks.hospital_stay_is_dated,
            {"serious_criteria": ["hospitalisation"]},
            {},
            ["hospital_stay_missing"],
        ),
        (
            checks.hospital_stay_is_dated,
            {"serious_criteria": ["hospitalisation"], "hospital_from": day("2024-03")},
            {},
            [],
        ),
        (checks.hospital_stay_is_dated, {"serious_criteria": ["death"]}, {}, []),
        (checks.recovered_has_end, {"outcome": "recovered"}, {}, ["end_missing"]),
        (checks.recovered_has_end, {"outcome": "fatal"}, {}, ["death_day_missing"]),
        (checks.recovered_has_end, {"outcome": "recovering"}, {}, []),
        (checks.recovered_has_end, {"outcome": "fatal", "ended_on": day("2024")}, {}, []),
        (checks.what_goes_on_is_followed, {"outcome": "recovering"}, {}, ["follow_up_not_planned"]),
        (checks.what_goes_on_is_followed, {"outcome": "recovering"}, {"retrospective": True}, []),
        (
            checks.what_goes_on_is_followed,
            {"outcome": "recovering", "follow_up_due_on": dt.date(2024, 3, 1)},
            {},
            [],
        ),
        (checks.what_goes_on_is_followed, {"outcome": "recovered"}, {}, []),
        (checks.what_goes_on_is_followed, {"outcome": None}, {}, []),
        (
            checks.onset_in_study,
            {"onset_on": day("2024-03-02")},
            {"died_on": day("2024-03-01")},
            ["after_death"],
        ),
        (checks.onset_in_study, {"onset_on": day("2024-03-01")}, {"died_on": day("2024-03-01")}, []),
        (checks.onset_in_study, {"onset_on": day("2024-03-02")}, {"died_on": day("2024-03")}, []),
        (checks.grade_agrees_with_results, {"grade": "1"}, ANAEMIA_2, ["grade_differs"]),
        (checks.grade_agrees_with_results, {"grade": "2"}, ANAEMIA_2, []),
        (checks.grade_agrees_with_results, {"grade": None}, ANAEMIA_2, []),
        (checks.grade_agrees_with_results, {"grade": "5"}, ANAEMIA_2, []),
        (
            checks.grade_agrees_with_results,
            {"grade": "1"},
            {"suggestion": Suggested(0, "13 g/dL")},
            ["result_is_normal"],
        ),
        (checks.grade_agrees_with_results, {"grade": "1"}, {"suggestion": NotDerivable("no")}, []),
        (checks.episode_is_told, {"term": "dka"}, {}, ["dka_form_missing"]),
        (checks.episode_is_told, {"term": "dka"}, {"episodes": Episodes(dka=True)}, []),
        (
            checks.episode_is_told,
            {"term": "dka"},
            {"episodes": Episodes(dka=True, is_dka=False)},
            ["dka_criteria_not_met"],
        ),
        (checks.episode_is_told, {"term": "hypoglycaemia"}, {}, ["hypoglycaemia_form_missing"]),
        (checks.episode_is_told, {"term": "hypoglycaemia_level_3"}, {}, ["hypoglycaemia_form_missing"]),
        (
            checks.episode_is_told,
            {"term": "hypoglycaemia"},
            {"episodes": Episodes(hypoglycaemia=True, level="3")},
            ["level_disagrees"],
        ),
        (
            checks.episode_is_told,
            {"term": "hypoglycaemia_level_3"},
            {"episodes": Episodes(hypoglycaemia=True, level="2")},
            ["level_disagrees"],
        ),
        (
            checks.episode_is_told,
            {"term": "hypoglycaemia"},
            {"episodes": Episodes(hypoglycaemia=True, level="2")},
            [],
        ),
        (checks.episode_is_told, {"term": "fever"}, {}, []),
        (
            checks.expectedness_by_protocol,
            {"expectedness": "unexpected", "term": "fever"},
            LISTED,
            ["listed_as_expected"],
        ),
        (checks.expectedness_by_protocol, {"expectedness": "expected", "term": "fever"}, LISTED, []),
        (
            checks.expectedness_by_protocol,
            {"expectedness": "expected", "term": "malignancy"},
            LISTED,
            ["expected_by_what"],
        ),
        (
            checks.expectedness_by_protocol,
            {"expectedness": "expected", "term": "malignancy", "expectedness_basis": "Brochure, 4.2"},
            LISTED,
            [],
        ),
        (checks.expectedness_by_protocol, {"expectedness": "unexpected", "term": "malignancy"}, LISTED, []),
        (checks.expectedness_by_protocol, {"expectedness": None, "term": "malignancy"}, LISTED, []),
        (
            checks.cause_was_there,
            {"related_to_product": "possible", "onset_on": day("2024-03-02")},
            {"infusions": []},
            ["no_product_given"],
        ),
        (
            checks.cause_was_there,
            {"related_to_product": "unlikely", "onset_on": day("2024-03-02")},
            {"infusions": []},
            [],
        ),
        (
            checks.cause_was_there,
            {"related_to_product": "possible", "onset_on": day("2024-03-02"), "term": "positive_culture"},
            {"infusions": []},
            [],
        ),
        (
            checks.cause_was_there,
            {"related_to_product": "possible", "onset_on": day("2024-03-02")},
            {"infusions": [day("2024-03-03")]},
            ["product_given_later"],
        ),
        (
            checks.cause_was_there,
            {"related_to_product": "possible", "onset_on": day("2024-03-02")},
            {"infusions": [day("2024-03-02")]},
            [],
        ),
        (
            checks.cause_was_there,
            {"related_to_product": "possible", "onset_on": day("2024-03-02")},
            {"infusions": [day("2024-03-03"), day("2024-01-03")]},
            [],
        ),
        (
            checks.cause_was_there,
            {"related_to_product": "possible", "onset_on": day("2024-03-02")},
            {"infusions": [None]},
            [],
        ),
        (checks.harvest_is_assessed, {"term": "harvest_pain"}, {}, ["harvest_not_assessed"]),
        (checks.harvest_is_assessed, {"term": "harvest_pain", "related_to_harvest": "unlikely"}, {}, []),
        (checks.harvest_is_assessed, {"term": "fever"}, {}, []),
        (
            checks.not_told_twice,
            {"onset_on": day("2024-03-02")},
            {"same_term": [(7, day("2024-03-02"))]},
            ["possible_duplicate"],
        ),
        (
            checks.not_told_twice,
            {"onset_on": day("2024-03-02")},
            {"same_term": [(7, day("2024-03-03")), (8, None)]},
            [],
        ),
        (checks.not_told_twice, {"onset_on": day("2024-03")}, {"same_term": [(7, day("2024-03"))]}, []),
        (checks.linked_to_its_session, {"related_to_product": "probable"}, {}, ["session_not_linked"]),
        (checks.linked_to_its_session, {"related_to_harvest": "certain"}, {}, ["session_not_linked"]),
        (checks.linked_to_its_session, {"related_to_harvest": "possible"}, {}, []),
        (checks.linked_to_its_session, {"related_to_harvest": "certain", "session": object()}, {}, []),
        (checks.linked_to_its_session, {"related_to_harvest": "certain", "product": object()}, {}, []),
        (checks.linked_to_its_session, {"related_to_harvest": "certain"}, {"retrospective": True}, []),
        (checks.awareness_of_seriousness, {}, {"became_serious": True}, ["awareness_missing"]),
        (checks.awareness_of_seriousness, {"aware_at": at("2024-03-02T10:00")}, {"became_serious": True}, []),
        (checks.awareness_of_seriousness, {}, {"became_serious": False}, []),
        (checks.what_goes_on_is_seen_again, {"outcome": "recovering"}, {}, ["follow_up_not_planned"]),
        (checks.what_goes_on_is_seen_again, {"outcome": "recovered"}, {}, ["end_missing"]),
        (checks.what_goes_on_is_seen_again, {"outcome": "recovered", "ended_on": day("2024")}, {}, []),
    ],
)
def test_asked(check: Any, values: dict[str, Any], context: dict[str, Any], codes: list[str]) -> None:
    assert [found.code for found in check(values, context)] == codes
