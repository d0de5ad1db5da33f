"""What a run is computed from."""

from __future__ import annotations

import math
from typing import Any

import pytest

from apps.enrolment import actions as enrolment
from apps.labs.models import LabResult
from apps.matching import frames
from studyportal.crf.partial_date import PartialDate
from tests.apps.matching.conftest import Cohort, somebody
from tests.cast import Cast


def row(frame: Any, code: str) -> Any:
    return frame[frame["code"] == code].iloc[0]


def day(text: str) -> float:
    found = PartialDate.parse(text).exact
    return frames.day_number(found)


def test_nobody() -> None:
    assert math.isnan(frames.middle(None))
    assert math.isnan(frames.middle(PartialDate.parse("age:12")))


def test_cases_and_candidates(cast: Cast, cohort: Cohort) -> None:
    data = frames.read(None, include_synthetic=False)
    assert set(data.cases["code"]) == {cohort.case.code, cohort.second.code, cohort.pune_case.code}
    assert len(data.candidates) == 6
    one = row(data.cases, cohort.case.code)
    assert (one["index"], one["entry"], one["sex"], one["site"]) == (
        day("2024-02-01"),
        day("2024-01-01"),
        "female",
        "MUM",
    )
    assert (one["entry"] - one["born"]) / 365.25 == 20
    assert one["onset"] == day("2019-01-01")
    control = row(data.candidates, cohort.controls[0].code)
    assert control["risk_from"] == day("2024-01-01")
    assert math.isnan(control["risk_until"])
    assert set(data.hba1c["value"]) == {8.5}


def test_sites_and_synthetic_participants(cast: Cast, cohort: Cohort) -> None:
    somebody(cast, "control", synthetic=True)
    assert len(frames.read({cast.pune.pk}, include_synthetic=True).candidates) == 2
    assert len(frames.read(None, include_synthetic=False).candidates) == 6
    assert len(frames.read(None, include_synthetic=True).candidates) == 7


def test_day_0_known_by_month_is_no_index_date(cast: Cast) -> None:
    case = somebody(cast, "case", day0="2024-02")
    assert math.isnan(row(frames.read(None, include_synthetic=False).cases, case.code)["index"])


def test_partial_dates_of_diagnosis(cast: Cast) -> None:
    by_age = somebody(cast, "control", age=17, diagnosed="age:12")
    by_year = somebody(cast, "control", diagnosed="2019")
    unknown = somebody(cast, "control", diagnosed=None)
    data = frames.read(None, include_synthetic=False).candidates
    one = row(data, by_age.code)
    assert (one["entry"] - one["onset"]) / 365.25 == pytest.approx(5)
    assert row(data, by_year.code)["onset"] == pytest.approx((day("2019-01-01") + day("2019-12-31")) / 2)
    assert math.isnan(row(data, unknown.code)["onset"])


def test_a_control_treated_later_is_at_risk_until_that_day(cast: Cast) -> None:
    person = somebody(cast, "control")
    enrolment.cross_over(participant=person, treated_on="2024-06-01", by=cast.asha, reason="Treated")
    data = frames.read(None, include_synthetic=False)
    assert row(data.candidates, person.code)["risk_until"] == day("2024-06-01")
    assert person.code in set(data.cases["code"])


def test_what_was_measured_at_diagnosis_or_beyond_a_limit_is_not_used(cast: Cast) -> None:
    person = somebody(cast, "control", hba1c=None)
    own = {"site": person.site, "participant": person, "status": "complete", "analyte": "hba1c", "unit": "%"}
    LabResult.objects.create(
        **own, context="at_diagnosis", collected_on="2024-01-01", reported="12", number_canonical="12"
    )
    LabResult.objects.create(**own, context="baseline", collected_on=None, reported="9", number_canonical="9")
    assert frames.read(None, include_synthetic=False).hba1c.empty


def test_the_number_of_queries_does_not_grow(
    cast: Cast, cohort: Cohort, django_assert_max_num_queries: Any
) -> None:
    with django_assert_max_num_queries(25):
        frames.read(None, include_synthetic=False)
