"""Who is settled to be the same person as another participant is in no analysis."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from apps.matching import frames as matching
from apps.outcomes.flow_frames import persons
from apps.outcomes.frames import participants_frame
from studyportal.identity.models import LeftOutOfAnalysis
from tests.apps.enrolment.factories import a_case, a_control, enrolled

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
