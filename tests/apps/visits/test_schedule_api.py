"""`/api/v1/schedule/`, and the states at `/api/v1/visits/`."""

from __future__ import annotations

import datetime as dt
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.utils import timezone

from tests.apps.enrolment.factories import a_case
from tests.apps.visits.factories import a_visit

pytestmark = pytest.mark.django_db
URL = "/api/v1/schedule/"


@pytest.mark.parametrize(
    ("who", "status"), [(None, 401), ("sanjay", 403), ("farah", 403), ("admin", 403), ("norole", 403)]
)
def test_refused(cast: Any, api: Any, who: str | None, status: int) -> None:
    code = a_case(cast).code
    client = api(getattr(cast, who) if who else None)
    assert client.get(URL, {"participant": code}).status_code == status
    assert client.get(URL, {"from": "2026-01-01", "to": "2026-01-31"}).status_code == status


def test_another_sites_participant_is_not_found(cast: Any, api: Any) -> None:
    case = a_case(cast)
    a_visit(case, "S1", "2026-01-01", cast.asha)
    client = api(cast.vikram)
    assert client.get(URL, {"participant": case.code}).status_code == 404
    assert client.get(URL, {"participant": "MUM-9999-Z"}).status_code == 404
    asked = {"from": "2026-01-01", "to": "2026-12-31"}
    assert client.get(URL, asked).json()["results"] == []
    foreign = client.get(URL, asked | {"site": "MUM"}).json()
    assert foreign["errors"][0]["code"] == "not_found"


@pytest.mark.parametrize(
    ("asked", "field", "code"),
    [
        ({}, "from", "required"),
        ({"from": "2026-01-01"}, "to", "required"),
        ({"from": "1 Jan", "to": "2026-01-01"}, "from", "invalid_date"),
        ({"from": "2026-02-30", "to": "2026-03-01"}, "from", "invalid_date"),
        ({"from": "0001-01-01", "to": "2026-01-01"}, "from", "invalid_date"),
        ({"from": "2026-02-01", "to": "2026-01-01"}, "to", "before_from"),
        ({"from": "2026-01-01", "to": "2027-01-03"}, "to", "too_many_days"),
    ],
)
def test_what_is_wrong_is_named(cast: Any, api: Any, asked: dict, field: str, code: str) -> None:
    answer = api(cast.asha).get(URL, asked)
    assert answer.status_code == 400
    assert (field, code) in {(one["field"], one["code"]) for one in answer.json()["errors"]}


def test_of_a_participant_and_between_days(cast: Any, api: Any) -> None:
    case = a_case(cast)
    today = timezone.localdate(timezone=ZoneInfo(cast.mumbai.timezone))
    day0 = today - dt.timedelta(days=30)
    a_visit(case, "S1", str(day0), cast.asha)
    missed = a_visit(case, "D1", None, cast.asha, status="missed", missed_code="travel")
    a_visit(case, "UNS", str(today), cast.asha)
    client = api(cast.asha)
    found = client.get(URL, {"participant": case.code}).json()
    rows = {row["key"]: row for row in found["results"]}
    states = {key: row["state"] for key, row in rows.items()}
    assert states | {"S1": "in_progress", "D1": "missed", "D7": "overdue", "M1": "due", "M3": "upcoming",
                     "UNS": "unscheduled"} == states  # fmt: skip
    assert rows["M1"]["target"] == str(today)
    assert rows["D1"]["visit"] == missed.pk
    assert rows["S1"]["forms_expected"] > rows["S1"]["forms_complete"] == 0
    asked = {"from": str(today), "to": str(today), "site": "MUM"}
    keys = [row["key"] for row in client.get(URL, asked).json()["results"]]
    assert keys == ["M1"]
    visit = client.get(f"/api/v1/visits/{missed.pk}/").json()
    assert (visit["state"], visit["missed_code"], visit["protocol_version"]) == ("missed", "travel", "")


def test_a_missed_visit_needs_a_reason_by_api(cast: Any, api: Any) -> None:
    code = a_case(cast).code
    client = api(cast.asha)
    for values, field in (
        ({}, "missed_code"),
        ({"missed_code": "other"}, "missed_reason"),
        ({"missed_code": "rain"}, "missed_code"),
        ({"missed_code": ["other"]}, "missed_code"),
    ):
        answer = client.post(
            "/api/v1/visits/", {"participant": code, "key": "M3", "status": "missed"} | values
        )
        assert (answer.status_code, answer.json()["errors"][0]["field"]) == (400, field)


def test_the_page_of_a_late_visit_leads_to_its_deviation(cast: Any, page: Any) -> None:
    case = a_case(cast)
    a_visit(case, "S1", "2026-01-01", cast.asha)
    late = a_visit(case, "M1", "2026-03-20", cast.asha)
    deviation = case.deviations.get(code="visit_late")
    path = f"/participants/{case.code}/visits/{late.pk}/"
    shown = page(cast.asha).get(path).content.decode()
    assert f'id="deviation-{deviation.pk}"' in shown
    assert "In progress" in shown
    assert deviation.get_absolute_url() in page(cast.rao).get(path).content.decode()
