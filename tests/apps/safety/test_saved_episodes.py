"""Ketoacidosis and hypoglycaemia as saved forms, the grade that saved results suggest, and what follows elsewhere."""

from __future__ import annotations

from typing import Any

import pytest

from apps.labs.crfs import LAB_RESULT
from apps.safety.crfs import ADVERSE_EVENT, DKA_EPISODE, HYPOGLYCAEMIA_EPISODE
from apps.safety.models import AdverseEvent, DkaEpisode
from studyportal.crf.actions import save
from studyportal.crf.errors import CrfInvalid
from studyportal.queries.models import Query
from tests.apps.enrolment.factories import a_case
from tests.apps.safety.events import a_dka, a_hypoglycaemia, a_result, an_event, an_open_event

pytestmark = pytest.mark.django_db


def open_codes(event: AdverseEvent) -> set[str]:
    found = Query.objects.filter(form="adverse-event", object_id=event.pk, state="open")
    return set(found.values_list("code", flat=True))


@pytest.mark.parametrize(
    ("more", "field", "code"),
    [
        ({"glucose_mmol": "23.0"}, "glucose_mmol", "two_units"),
        ({"glucose": "4.2"}, "glucose", "not_possible"),
        ({"glucose": {"value": "23", "unit": "mmol/L"}}, "glucose", "unit"),
        ({"ph": "8.1"}, "ph", None),
        ({"sampled_at": "2024-03-01T18:00"}, "sampled_at", "before_onset"),
        ({"severity": "mild"}, "severity", "derived"),
        ({"criteria": "who_1999"}, "criteria", None),
    ],
)
def test_a_ketoacidosis_that_cannot_be(cast: Any, more: dict[str, Any], field: str, code: str | None) -> None:
    event = an_open_event(cast.asha, a_case(cast), term="dka")
    with pytest.raises(CrfInvalid) as refused:
        a_dka(cast.asha, event, **more)
    found = {(p.field, p.code) for p in refused.value.problems}
    assert (field, code) in found if code else field in {name for name, _code in found}
    assert not DkaEpisode.objects.exists()


def test_once_for_each_event(cast: Any) -> None:
    event = an_open_event(cast.asha, a_case(cast), term="dka")
    a_dka(cast.asha, event)
    with pytest.raises(CrfInvalid, match="unique"):
        a_dka(cast.asha, event)


def test_the_event_asks_for_the_form_and_is_then_quiet(cast: Any) -> None:
    event = an_open_event(
        cast.asha, a_case(cast), term="dka", serious=True, serious_criteria=["life_threatening"], grade="3"
    )
    assert "dka_form_missing" in open_codes(event)
    episode = a_dka(cast.asha, event)
    assert (episode.meets_criteria, episode.severity) == (True, "moderate")
    assert "ISPAD 2022" in episode.criteria_basis
    assert not {"dka_form_missing", "dka_criteria_not_met"} & open_codes(event)


def test_the_criteria_are_part_of_the_answer(cast: Any) -> None:
    """The same values, judged by another definition, are another severity; the form says by which."""
    event = an_open_event(cast.asha, a_case(cast), term="dka")
    episode = a_dka(cast.asha, event, ph="7.22", bicarbonate="16", ph_venous=False)
    assert episode.severity == "mild"
    save(DKA_EPISODE, raw={"criteria": "ada_2009"}, by=cast.asha, record=episode, reason="Adult")
    episode.refresh_from_db()
    assert episode.severity == "moderate" and episode.criteria_basis.startswith("ADA 2009")


def test_a_form_that_is_no_ketoacidosis_is_asked_about_on_both(cast: Any) -> None:
    event = an_open_event(cast.asha, a_case(cast), term="dka")
    episode = a_dka(cast.asha, event, ph="7.38", bicarbonate="22")
    assert episode.meets_criteria is False and episode.severity is None
    assert "not met" in episode.absent["severity"]
    assert "dka_criteria_not_met" in open_codes(event)
    assert Query.objects.filter(form="dka-episode", code="criteria_not_met").exists()


def test_a_level_3_disagrees_with_its_event(cast: Any) -> None:
    event = an_open_event(cast.asha, a_case(cast), term="hypoglycaemia", verbatim="Low glucose at night")
    episode = a_hypoglycaemia(cast.asha, event)
    assert episode.level == "3"
    assert "level_disagrees" in open_codes(event)


@pytest.mark.parametrize(
    ("more", "level"),
    [
        ({"glucose": "<20"}, "2"),
        ({"glucose": "60"}, "1"),
        ({"glucose": None, "glucose_mmol": "2.9", "absent": {"glucose": "not_applicable"}}, "2"),
    ],
)
def test_levels_as_the_meter_shows(cast: Any, more: dict[str, Any], level: str) -> None:
    event = an_open_event(cast.asha, a_case(cast), term="hypoglycaemia", verbatim="Low glucose")
    assert a_hypoglycaemia(cast.asha, event, needed_help=False, treatment=["oral"], **more).level == level


# --- the grade that results suggest -------------------------------------------------------------------------


def test_no_result_no_grade(cast: Any) -> None:
    event = an_event(cast.asha, a_case(cast), term="anaemia", verbatim="Pale")
    assert event.grade_suggested is None
    assert "no result of Haemoglobin within 14 days" in event.absent["grade_suggested"]


@pytest.mark.parametrize(
    ("collected", "found"),
    [
        ("2024-02-17", True),
        ("2024-02-16", False),
        ("2024-03-16", True),
        ("2024-03-17", False),
        ("2024-03", False),
        ("2024-03-02", True),
    ],
)
def test_how_near_a_result_lies(cast: Any, collected: str, found: bool) -> None:
    case = a_case(cast)
    a_result(cast.asha, case, "haemoglobin", "9.1", "g/dL", collected_on=collected)
    event = an_event(cast.asha, case, term="anaemia", verbatim="Pale", grade="2")
    assert (event.grade_suggested == "2") is found


def test_the_nearest_result_counts_whatever_its_unit(cast: Any) -> None:
    case = a_case(cast)
    a_result(cast.asha, case, "haemoglobin", "7.5", "g/dL", collected_on="2024-03-07")
    a_result(cast.asha, case, "haemoglobin", "95", "g/L", collected_on="2024-03-03")
    event = an_event(cast.asha, case, term="anaemia", verbatim="Pale", grade="2")
    assert event.grade_suggested == "2"
    assert "95 g/L" in event.grade_basis and "1 d after the onset" in event.grade_basis


def test_a_unit_without_numbers_is_converted_by_the_protocol(cast: Any) -> None:
    case = a_case(cast)
    a_result(cast.asha, case, "creatinine", "212", "umol/L", normal_high="106")
    event = an_event(cast.asha, case, term="creatinine_raised", verbatim="Creatinine", grade="2")
    assert event.grade_suggested == "2", "twice the upper limit of normal"


def test_the_baseline_is_read_from_its_own_result(cast: Any) -> None:
    case = a_case(cast)
    a_result(
        cast.asha, case, "alt", "60", "U/L", normal_high="40", context="baseline", collected_on="2024-01-10"
    )
    a_result(cast.asha, case, "alt", "130", "U/L", normal_high="40")
    event = an_event(cast.asha, case, term="alt_raised", verbatim="Liver values", grade="1")
    assert event.grade_suggested == "1"
    assert "1.5 × the baseline (90 U/L)" in event.grade_basis


@pytest.mark.parametrize(
    ("reported", "unit", "why"),
    [("<10", "10*3/uL", "is a limit and no measured number"), ("60", None, "has no unit")],
)
def test_a_result_that_cannot_be_graded(cast: Any, reported: str, unit: Any, why: str) -> None:
    case = a_case(cast)
    a_result(cast.asha, case, "platelets", reported, unit)
    event = an_event(cast.asha, case, term="platelets_low", verbatim="Bleeding gums")
    assert event.grade_suggested is None and why in event.absent["grade_suggested"]


def test_the_limit_of_glucose_is_that_of_the_protocol(cast: Any) -> None:
    case = a_case(cast)
    a_result(cast.asha, case, "glucose_random", "62", "mg/dL")
    event = an_event(cast.asha, case, term="hypoglycaemia", verbatim="Shaky")
    assert event.grade_suggested == "1"
    assert "with the limit of the protocol" in event.grade_basis


def test_a_hypoglycaemia_is_graded_by_its_own_form(cast: Any) -> None:
    case = a_case(cast)
    a_result(cast.asha, case, "glucose_random", "62", "mg/dL")
    event = an_event(cast.asha, case, term="hypoglycaemia", verbatim="Shaky", grade="2")
    assert event.grade_suggested == "1", "by the laboratory, while the form is not there"
    episode = a_hypoglycaemia(cast.asha, event, needed_help=False, treatment=["oral"])
    event.refresh_from_db()
    assert event.grade_suggested == "2" and "glucose of its form" in event.grade_basis
    save(
        HYPOGLYCAEMIA_EPISODE,
        raw={"glucose": "<40"},
        by=cast.asha,
        record=episode,
        reason="As the meter showed",
    )
    event.refresh_from_db()
    assert event.grade_suggested == "1", "a limit is no measured number, so the laboratory speaks again"


def test_level_3_is_not_graded_by_a_number(cast: Any) -> None:
    event = an_event(cast.asha, a_case(cast), term="hypoglycaemia_level_3", verbatim="Found drowsy")
    assert "by its consequences" in event.absent["grade_suggested"]


def test_version_6_suggests_nothing(cast: Any) -> None:
    case = a_case(cast)
    a_result(cast.asha, case, "haemoglobin", "7.5", "g/dL")
    event = an_event(cast.asha, case, term="anaemia", verbatim="Pale", grade_dictionary="ctcae_6")
    assert event.grade_suggested is None and "CTCAE v6.0" in event.absent["grade_suggested"]


def test_a_result_that_comes_later_is_held_against_the_grade(cast: Any) -> None:
    case = a_case(cast)
    event = an_event(cast.asha, case, term="anaemia", verbatim="Pale", grade="1")
    assert "grade_differs" not in open_codes(event)
    result = a_result(cast.asha, case, "haemoglobin", "7.5", "g/dL")
    event.refresh_from_db()
    assert event.grade_suggested == "3" and event.grade == "1", "a suggestion decides nothing"
    assert "grade_differs" in open_codes(event)
    save(
        LAB_RESULT, raw={"reported": "11.0", "normal_low": "12"}, by=cast.asha, record=result, reason="Typing"
    )
    event.refresh_from_db()
    assert event.grade_suggested == "1"
    assert "grade_differs" not in open_codes(event)


def test_limits_of_normal_in_the_wrong_order(cast: Any) -> None:
    with pytest.raises(CrfInvalid, match="not_above"):
        a_result(cast.asha, a_case(cast), "haemoglobin", "9", "g/dL", normal_low="16", normal_high="12")


# --- elsewhere ----------------------------------------------------------------------------------------------


def test_one_event_told_twice(cast: Any) -> None:
    case = a_case(cast)
    first = an_event(cast.asha, case)
    assert "possible_duplicate" not in open_codes(first)
    second = an_event(cast.asha, case, verbatim="Haematoma")
    assert "possible_duplicate" in open_codes(first) & open_codes(second)
    save(
        ADVERSE_EVENT,
        raw={"onset_on": "2024-03-03"},
        by=cast.asha,
        record=second,
        reason="Another day",
    )
    assert "possible_duplicate" not in open_codes(first) | open_codes(second)
    other = an_event(cast.asha, a_case(cast))
    assert "possible_duplicate" not in open_codes(other), "of another participant"
