"""`/api/v1/participants/`."""

from __future__ import annotations

from typing import Any

import pytest

from apps.enrolment.models import Participant
from tests.apps.enrolment.factories import a_case, a_control
from tests.counting import questions

pytestmark = pytest.mark.django_db
URL = "/api/v1/participants/"


def test_a_stranger_is_asked_to_sign_in(api: Any, db: None) -> None:
    assert api(None).get(URL).status_code == 401


@pytest.mark.parametrize("who", ["sanjay", "farah", "admin", "norole"])
def test_no_data_for_those_without_the_right(cast: Any, api: Any, who: str) -> None:
    participant = a_case(cast)
    client = api(getattr(cast, who))
    assert client.get(URL).status_code == 403
    assert client.get(f"{URL}{participant.code}/").status_code == 403
    assert client.post(URL, {"site": "MUM"}).status_code == 403


def test_another_sites_participant_is_not_found(cast: Any, api: Any) -> None:
    participant = a_case(cast)
    client = api(cast.vikram)
    assert client.get(f"{URL}{participant.code}/").status_code == 404
    assert (
        client.patch(f"{URL}{participant.code}/", {"label": "x"}, headers={"If-Match": '"2"'}).status_code
        == 404
    )
    assert client.get(URL).json()["results"] == []


def test_nobody_registers_at_another_site(cast: Any, api: Any) -> None:
    answer = api(cast.vikram).post(URL, {"site": "MUM"})
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["field"] == "site"
    assert not Participant.objects.exists()


def test_only_the_data_manager_registers_retrospectively(cast: Any, api: Any) -> None:
    body = {"site": "MUM", "group": "case", "retrospective": True, "enrolled_on": "2016"}
    assert api(cast.asha).post(URL, body).status_code == 403
    assert api(cast.meera).post(URL, body).status_code == 201


@pytest.mark.parametrize(
    ("body", "field", "code"),
    [
        ({"nickname": "x"}, "nickname", "unknown_field"),
        ({"code": "MUM-0001-K"}, "code", "read_only"),
        ({"group": "friend"}, "group", "choice"),
        ({"group": None}, "group", "required"),
        ({"group": 3}, "group", "type"),
        ({"synthetic": "yes"}, "synthetic", "boolean"),
        ({"enrolled_on": "03/04/2016"}, "enrolled_on", "ambiguous_date"),
        ({"enrolled_on": "2016-02-30"}, "enrolled_on", "impossible_date"),
        ({"index_date": "soon", "group": "control"}, "index_date", "invalid_date"),
        ({"index_date": "2024-01-01", "group": "case"}, "index_date", "controls_only"),
        ({"enrolled_on": "2024-02-03"}, "enrolled_on", "not_yet"),
        ({"status": "enrolled"}, "status", "read_only"),
        ({"screening": "MUM-S0009"}, "screening", "not_found"),
        ({"matched_case": "MUM-9999-X", "group": "control"}, "matched_case", "not_found"),
        ({"label": "a\x00b"}, "label", "type"),
    ],
)
def test_what_is_wrong_is_named(cast: Any, api: Any, body: dict, field: str, code: str) -> None:
    answer = api(cast.asha).post(URL, {"site": "MUM"} | body)
    assert answer.status_code == 400
    assert (field, code) in {(e["field"], e["code"]) for e in answer.json()["errors"]}
    assert not Participant.objects.exists()


def test_a_change_names_the_version(cast: Any, api: Any) -> None:
    url = f"{URL}{a_case(cast).code}/"
    client = api(cast.asha)
    assert client.patch(url, {"label": "x"}).status_code == 428
    assert client.patch(url, {"label": "x"}, headers={"If-Match": '"7"'}).status_code == 412
    assert (
        client.patch(url, {"site": "PUN"}, headers={"If-Match": '"2"'}).json()["errors"][0]["code"]
        == "read_only"
    )
    done = client.patch(url, {"label": "x"}, headers={"If-Match": '"2"'})
    assert (done.status_code, done.headers["ETag"], done.json()["label"]) == (200, '"3"', "x")
    again = client.patch(url, {"label": "y"}, headers={"If-Match": '"3"'})
    assert again.json()["errors"][0]["code"] == "reason_required"


def test_register_read_and_filter(cast: Any, api: Any) -> None:
    client = api(cast.asha)
    made = client.post(URL, {"site": "MUM", "group": "case", "screened_on": "2024-03-04", "synthetic": True})
    assert made.status_code == 201
    code = made.json()["code"]
    control = a_control(cast)
    read = client.get(f"{URL}{code}/")
    assert read.headers["ETag"] == '"2"'
    assert (read.json()["status"], read.json()["status_since"]) == ("screened", "2024-03-04")
    codes = lambda query: [row["code"] for row in client.get(URL + query).json()["results"]]  # noqa: E731
    assert codes("?group=case") == [code]
    assert codes("?synthetic=false") == [control.code]
    assert codes("?site=PUN") == []
    assert codes("?status=screened") == [code, control.code]
    assert client.get(f"{URL}?group=friend").status_code == 400


def test_the_list_costs_the_same_for_any_number(cast: Any, api: Any) -> None:
    case = a_case(cast)
    for _ in range(5):
        a_control(cast, matched_case=case)
    client = api(cast.meera)
    client.get(URL)
    with questions() as asked:
        assert len(client.get(URL).json()["results"]) == 6
    assert len(asked) == 1
