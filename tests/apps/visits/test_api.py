"""`/api/v1/visits/`."""

from __future__ import annotations

from typing import Any

import pytest

from apps.visits.models import Visit
from tests.apps.enrolment.factories import a_case
from tests.apps.visits.factories import a_visit
from tests.counting import questions

pytestmark = pytest.mark.django_db
URL = "/api/v1/visits/"


@pytest.mark.parametrize(
    ("who", "status"), [(None, 401), ("sanjay", 403), ("farah", 403), ("admin", 403), ("norole", 403)]
)
def test_refused(cast: Any, api: Any, who: str | None, status: int) -> None:
    visit = a_visit(a_case(cast), "M3", "2024-05-01", cast.asha)
    client = api(getattr(cast, who) if who else None)
    assert client.get(URL).status_code == status
    assert client.get(f"{URL}{visit.pk}/").status_code == status
    assert client.post(URL, {}).status_code == status


def test_another_sites_visit_is_not_found(cast: Any, api: Any) -> None:
    case = a_case(cast)
    visit = a_visit(case, "M3", "2024-05-01", cast.asha)
    client = api(cast.vikram)
    assert client.get(f"{URL}{visit.pk}/").status_code == 404
    assert client.patch(f"{URL}{visit.pk}/", {}, headers={"If-Match": '"1"'}).status_code == 404
    answer = client.post(URL, {"participant": case.code, "key": "M6"})
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (400, "not_found")
    assert client.get(URL).json()["results"] == []


@pytest.mark.parametrize(
    ("body", "field", "code"),
    [
        ({"key": "M99"}, "key", "choice"),
        ({"key": ["M3"]}, "key", "choice"),
        ({"key": "M3", "mood": 1}, "mood", "unknown_field"),
        ({"key": "M3", "day_number": 3}, "day_number", "read_only"),
        ({"key": "M3", "happened_on": 20240501}, "happened_on", "type"),
        ({"key": "M3", "happened_on": "2024-02-30"}, "happened_on", "impossible_date"),
        ({"key": "M3", "absent": "x"}, "absent", "type"),
        ({"key": "M3", "missed_reason": None}, "missed_reason", "type"),
        ({"key": "M3", "status": ["done"]}, "status", "choice"),
        ({"key": "M3", "anchor": {}}, "anchor", "choice"),
        ({"key": "M3", "participant": 3}, "participant", "not_found"),
    ],
)
def test_what_is_wrong_is_named(cast: Any, api: Any, body: dict, field: str, code: str) -> None:
    answer = api(cast.asha).post(URL, {"participant": a_case(cast).code} | body)
    assert answer.status_code == 400, answer.json()
    assert (field, code) in {(e["field"], e["code"]) for e in answer.json()["errors"]}
    assert not Visit.objects.exists()


def test_record_read_change_filter(cast: Any, api: Any) -> None:
    case = a_case(cast)
    client = api(cast.asha)
    made = client.post(URL, {"participant": case.code, "key": "S1", "happened_on": "2024-02-01"})
    assert made.status_code == 201, made.json()
    assert (made.json()["day_number"], made.json()["label"]) == (0, "Session 1 (controls, index date)")
    late = client.post(URL, {"participant": case.code, "key": "M1", "happened_on": "2024-03-20"}).json()
    assert late["window_state"] == "late"
    url = f"{URL}{late['id']}/"
    assert client.get(url).headers["ETag"] == '"1"'
    assert client.patch(url, {"happened_on": "2024-03-02"}).status_code == 428
    stale = client.patch(url, {"happened_on": "2024-03-02"}, headers={"If-Match": '"4"'})
    assert stale.status_code == 412
    silent = client.patch(url, {"happened_on": "2024-03-02"}, headers={"If-Match": '"1"'})
    assert silent.json()["errors"][0]["code"] == "reason_required"
    body = {"happened_on": "2024-03-02", "reason": "Misread"}
    done = client.patch(url, body, headers={"If-Match": '"1"'})
    assert (done.status_code, done.json()["window_state"], done.headers["ETag"]) == (200, "in_window", '"2"')
    keys = [
        row["key"]
        for row in client.get(f"{URL}?participant={case.code}&window_state=in_window").json()["results"]
    ]
    assert keys == ["S1", "M1"]


def test_the_list_costs_the_same_for_any_number(cast: Any, api: Any) -> None:
    case = a_case(cast)
    for key in ("SCR", "BL", "S1", "M1", "M3"):
        a_visit(case, key, None, cast.asha, status="planned")
    client = api(cast.meera)
    client.get(URL)
    with questions() as asked:
        assert len(client.get(URL).json()["results"]) == 5
    assert len(asked) == 5, "the page, and the schedule of its participants"
