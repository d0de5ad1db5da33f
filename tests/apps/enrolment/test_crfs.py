"""The forms about the time before the study."""

from __future__ import annotations

from typing import Any

import pytest

from apps.enrolment.crfs import DEMOGRAPHICS, HOSPITALISATION, MEDICAL_HISTORY
from studyportal.crf.actions import save
from studyportal.crf.errors import CrfInvalid
from studyportal.queries.models import Query
from tests.apps.enrolment.factories import a_case, demographics_of

pytestmark = pytest.mark.django_db


def test_one_demographics_for_each(cast: Any) -> None:
    participant = a_case(cast)
    demographics_of(participant, cast.asha)
    with pytest.raises(CrfInvalid, match="unique"):
        demographics_of(participant, cast.asha)


def test_another_country_is_named(cast: Any) -> None:
    with pytest.raises(CrfInvalid, match="country_other: required"):
        demographics_of(a_case(cast), cast.asha, country="other")


@pytest.mark.parametrize(("age", "open_queries"), [(17, 0), (41, 1), (7, 1)])
def test_age_is_asked_about_by_the_protocol(cast: Any, age: int, open_queries: int) -> None:
    demographics_of(a_case(cast), cast.asha, age_at_enrolment=age)
    assert Query.objects.filter(code="age_outside_study").count() == open_queries


def test_the_published_history(cast: Any) -> None:
    participant = a_case(cast, by=cast.meera, retrospective=True)
    history = save(
        MEDICAL_HISTORY,
        raw={
            "diagnosed_on": "age:12",
            "diabetes_type": "type_1",
            "autoimmune": True,
            "symptoms_at_onset": ["abdominal_pain", "polyuria", "fainting"],
            "insulin_since": "age:12",
            "dka_history": True,
            "dka_episodes": 1,
            "absent": {"comorbidities": "not_recorded", "severity": "not_recorded"},
        },
        by=cast.meera,
        participant=participant,
    )
    assert str(history.diagnosed_on) == "age:12"
    stay = {"reason": "dka", "admitted_on": "age:15", "duration_days": 30, "duration_as_written": "a month"}
    first = save(HOSPITALISATION, raw=stay, by=cast.meera, participant=participant)
    second = save(HOSPITALISATION, raw=stay, by=cast.meera, participant=participant)
    assert first.pk != second.pk
    assert not Query.objects.exists()


def test_declared_forms() -> None:
    assert [s.repeats for s in (DEMOGRAPHICS, MEDICAL_HISTORY, HOSPITALISATION)] == [False, False, True]
