"""Who is settled to be the same person as another participant, or asked for erasure, is in no analysis."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from apps.labs.crfs import LAB_RESULT
from apps.matching import frames as matching
from apps.outcomes.flow_frames import flow_plan, persons
from apps.outcomes.frames import hba1c_values, participants_frame
from apps.outcomes.statistics.flow import words_of
from studyportal.crf.actions import save
from studyportal.identity.models import LeftOutOfAnalysis
from tests.apps.consent.factories import an_event
from tests.apps.enrolment.factories import a_case, a_control, enrolled
from tests.apps.visits.factories import a_visit

pytestmark = pytest.mark.django_db


def test_left_out_of_tables_matching_and_flow(cast: Any) -> None:
    case = enrolled(a_case(cast), "2024-02-01")
    stays = enrolled(a_control(cast, index_date=dt.date(2024, 3, 1)), "2024-02-01")
    twice = enrolled(a_control(cast, index_date=dt.date(2024, 3, 1)), "2024-02-01")
    LeftOutOfAnalysis.objects.create(site=twice.site, participant=twice)

    assert list(participants_frame(None)["participant"]) == [case.code, stays.code]
    assert list(matching.read(None, include_synthetic=False).candidates["code"]) == [stays.code]
    counted = {one.entry: one for one in persons([cast.mumbai.pk])}
    assert len(counted) == 3, "everybody screened is in the flow"
    out = counted[twice.screening.number]
    assert (out.enrolled, out.groups, out.ended and out.ended.why) == (False, (), "duplicate")
    assert counted[stays.screening.number].enrolled


@pytest.mark.parametrize(
    ("withdrawn", "why"),
    [
        ({"withdrawal_scopes": ["erasure_request"]}, "no_value:erasure_request"),
        ({"withdrawal_scopes": ["visits"], "data_retained": False}, "no_value:not_retained"),
    ],
)
def test_who_asked_for_erasure_is_in_the_flow_and_in_no_analysis(
    cast: Any, withdrawn: dict[str, Any], why: str
) -> None:
    stays, gone = (enrolled(a_case(cast), "2024-02-01") for _ in range(2))
    for case in (stays, gone):
        measured(case, cast.asha)
    an_event(gone, "withdrawal", cast.asha, "2025-03-01", **withdrawn)

    assert list(participants_frame(None)["participant"]) == [stays.code]
    assert list(matching.read(None, include_synthetic=False).cases["code"]) == [stays.code]
    plan = flow_plan()
    words = {one.entry: list(words_of(one, plan, dt.date(2026, 1, 1))) for one in persons([cast.mumbai.pk])}
    assert ("case.analysed", "here", "") in words[stays.screening.number]
    assert ("case.analysed", "lost", why) in words[gone.screening.number]


@pytest.mark.parametrize(
    ("scope", "kept"), [("treatment", 2), ("visits", 2), ("new_data", 1), ("sample_use", 1)]
)
def test_results_of_samples_after_the_withdrawal_are_not_used(cast: Any, scope: str, kept: int) -> None:
    case = enrolled(a_case(cast), "2024-02-01")
    measured(case, cast.asha)
    an_event(case, "withdrawal", cast.asha, "2024-06-01", withdrawal_scopes=[scope], data_retained=True)
    assert len(hba1c_values(None)) == kept
    assert len(matching.read(None, include_synthetic=False).hba1c) == kept


def measured(case: Any, by: Any) -> None:
    """HbA1c at the baseline and at the primary visit."""
    for key, day in (("BL", "2024-02-20"), ("S1", "2024-03-01"), ("M12", "2025-03-01")):
        visit = a_visit(case, key, day, by)
        if key != "S1":
            raw = {
                "analyte": "hba1c", "context": "follow_up", "collected_on": day, "fasting": "fasting", "reported": "7.4",
                "unit": "%", "unit_basis": "stated",
            }  # fmt: skip
            save(LAB_RESULT, raw=raw, by=by, parents={"visit": visit}, complete=False)
