"""`/api/v1/queries/`: refusals first, then reading, asking and each act."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from studyportal.queries import actions as query_actions
from tests.cast import Cast

pytestmark = pytest.mark.django_db
URL = "/api/v1/queries/"


def test_a_stranger_signs_in_first(api: Any, query: Any) -> None:
    for answer in (api(None).get(URL), api(None).post(f"{URL}{query.pk}/answer/", {})):
        assert answer.status_code == 401


@pytest.mark.parametrize("name", ["sanjay", "farah", "admin", "norole"])
def test_refused_to_those_who_see_no_records(cast: Cast, api: Any, query: Any, name: str) -> None:
    client = api(getattr(cast, name))
    assert client.get(URL).status_code == 403
    assert client.post(f"{URL}{query.pk}/answer/", {"text": "x"}).status_code == 403


@pytest.mark.parametrize("move", ["close", "reopen"])
def test_a_coordinator_does_not_settle(cast: Cast, api: Any, query: Any, move: str) -> None:
    assert api(cast.asha).post(f"{URL}{query.pk}/{move}/", {"text": "x"}).status_code == 403


def test_another_sites_query_is_not_found(cast: Cast, api: Any, query: Any) -> None:
    assert api(cast.vikram).get(f"{URL}{query.pk}/").status_code == 404
    assert api(cast.vikram).post(f"{URL}{query.pk}/answer/", {"text": "x"}).status_code == 404
    assert api(cast.vikram).get(URL).json()["results"] == []
    assert api(cast.asha).get(f"{URL}99999999/").status_code == 404


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"text": 5, "txt": ""}, "unknown_field"),
        ({"text": "x" * 2001}, "max_length"),
        ({"text": ["a"]}, "invalid"),
    ],
)
def test_bad_bodies_are_named(cast: Cast, api: Any, query: Any, body: dict[str, Any], code: str) -> None:
    answer = api(cast.asha).post(f"{URL}{query.pk}/answer/", body)
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["code"] == code


def test_refused_in_the_wrong_state(cast: Cast, api: Any, query: Any) -> None:
    client = api(cast.meera)
    assert client.post(f"{URL}{query.pk}/reopen/", {"text": "x"}).status_code == 409
    assert client.post(f"{URL}{query.pk}/answer/", {"text": ""}).status_code == 409
    assert client.post(f"{URL}{query.pk}/close/", {}).status_code == 200
    assert client.post(f"{URL}{query.pk}/answer/", {"text": "late"}).status_code == 409


def test_answer_close_and_reopen(cast: Cast, api: Any, query: Any) -> None:
    answered = api(cast.asha).post(f"{URL}{query.pk}/answer/", {"text": "Glargine."})
    assert (answered.status_code, answered.json()["state"], answered["ETag"]) == (200, "answered", '"2"')
    assert api(cast.meera).post(f"{URL}{query.pk}/close/", {"text": "Thank you."}).json()["state"] == "closed"
    again = api(cast.meera).post(f"{URL}{query.pk}/reopen/", {"text": "Since when?"}).json()
    assert [(m["author"], m["text"], m["state"]) for m in again["messages"]] == [
        ("asha", "Glargine.", "answered"),
        ("meera", "Thank you.", "closed"),
        ("meera", "Since when?", "open"),
    ]


def test_list_is_narrowed(cast: Cast, elsewhere: Any, api: Any, query: Any) -> None:
    other = query_actions.raise_query(participant=elsewhere, message="Where?", by=cast.meera)
    query_actions.assign(query=query, role="site_coordinator", by=cast.meera)
    client = api(cast.meera)

    def found(filters: str) -> set[int]:
        return {row["id"] for row in client.get(f"{URL}?{filters}").json()["results"]}

    assert found("") == {query.pk, other.pk}
    assert found("site=PUN") == {other.pk}
    assert found(f"participant={query.participant.code}") == {query.pk}
    assert found("state=closed") == set()
    assert found("assigned_to=nobody") == {other.pk}
    assert found("assigned_to=me") == found("assigned_to=asha") == set()
    assert [row["id"] for row in api(cast.asha).get(f"{URL}?assigned_to=me").json()["results"]] == [query.pk]
    assert found("age=week") == {query.pk, other.pk} == found("origin=person")
    assert found("age=older") == found("origin=check") == set()
    for nonsense in ("state=nonsense", "age=ancient", "origin=nobody", "record=x"):
        assert client.get(f"{URL}?{nonsense}").status_code == 400


def test_the_list_asks_as_often_for_many(cast: Cast, participant: Any, api: Any) -> None:
    def queries(count: int) -> int:
        for number in range(count):
            one = query_actions.raise_query(participant=participant, message=f"Why {number}?", by=cast.meera)
            query_actions.answer(query=one, text="Because.", value="", by=cast.asha)
        client = api(cast.asha)
        with CaptureQueriesContext(connection) as captured:
            client.get(URL)
        return len(captured)

    assert queries(2) == queries(15)


# --- asking ----------------------------------------------------------------------------------------------


def test_who_may_ask(cast: Cast, api: Any, participant: Any) -> None:
    body = {"participant": participant.code, "message": "Which insulin?"}
    assert api(None).post(URL, body).status_code == 401
    for name in ("asha", "nikhil", "sanjay", "farah", "admin", "norole"):
        assert api(getattr(cast, name)).post(URL, body).status_code == 403
    foreign = api(cast.iyer).post(URL, body)
    absent = api(cast.iyer).post(URL, body | {"participant": "PUN-9999-X"})
    assert foreign.status_code == absent.status_code == 400
    assert foreign.json() == absent.json()
    asked = api(cast.rao).post(URL, body)
    assert (asked.status_code, asked["ETag"]) == (201, '"1"')
    assert asked.json()["raised_by"] == "rao"
    again = api(cast.rao).post(URL, body)
    assert again.json()["id"] == asked.json()["id"]


@pytest.mark.parametrize(
    ("more", "field"),
    [
        ({"message": " "}, "message"),
        ({"message": "x" * 2001}, "message"),
        ({"form": "nowhere", "record": 1}, "form"),
        ({"form": "vital-signs", "record": 987654321}, "record"),
        ({"form": "vital-signs", "record": "many"}, "record"),
        ({"assigned_to": "vikram"}, "assigned_to"),
        ({"assigned_to": "nobody-of-this-name"}, "assigned_to"),
        ({"assigned_to": "a\x00b"}, "assigned_to"),
        ({"assigned_role": "ethics_auditor"}, "assigned_role"),
        ({"priority": "high"}, "priority"),
    ],
)
def test_what_cannot_be_asked_is_named(
    cast: Cast, api: Any, participant: Any, more: dict[str, Any], field: str
) -> None:
    answer = api(cast.meera).post(URL, {"participant": participant.code, "message": "Why?"} | more)
    assert answer.status_code == 400
    assert [error["field"] for error in answer.json()["errors"]] == [field]


def test_asked_about_a_field_and_assigned(cast: Cast, api: Any, participant: Any, vitals: Any) -> None:
    record = vitals.type("36.8")
    asked = api(cast.rao).post(
        URL,
        {
            "participant": participant.code,
            "message": "In the armpit?",
            "form": "vital-signs",
            "record": record.pk,
            "field": "temperature",
            "assigned_to": "asha",
        },
    )
    assert asked.status_code == 201, asked.json()
    said = asked.json()
    assert (said["form"], said["record"], said["field"], said["assigned_to"], said["age_days"]) == (
        "vital-signs", record.pk, "temperature", "asha", 0,
    )  # fmt: skip
    answered = api(cast.asha).post(f"{URL}{said['id']}/answer/", {"text": "In the ear."}).json()
    assert answered["explained_value"] == "36.8"


# --- the other acts --------------------------------------------------------------------------------------


def test_if_match_is_honoured_when_it_is_sent(cast: Cast, api: Any, query: Any) -> None:
    client, url = api(cast.asha), f"{URL}{query.pk}/answer/"
    assert client.post(url, {"text": "Glargine."}, headers={"If-Match": '"1"'}).status_code == 200
    stale = client.post(url, {"text": "Lispro."}, headers={"If-Match": '"1"'})
    assert (stale.status_code, stale["ETag"], stale.json()["code"]) == (412, '"2"', "stale_version")
    assert client.post(url, {"text": "Lispro."}, headers={"If-Match": "x"}).status_code == 400
    assert client.post(url, {"text": "Lispro."}).status_code == 200


def test_assigned_and_taken_back(cast: Cast, api: Any, query: Any) -> None:
    url = f"{URL}{query.pk}/"
    assert api(cast.nikhil).post(f"{url}assign/", {"assigned_to": "asha"}).status_code == 403
    assert api(cast.vikram).post(f"{url}assign/", {"assigned_to": "vikram"}).status_code == 404
    assert api(cast.meera).post(f"{url}assign/", {"assigned_to": "vikram"}).status_code == 400
    assert (
        api(cast.meera)
        .post(f"{url}assign/", {"assigned_to": "asha", "assigned_role": "investigator"})
        .status_code
        == 400
    )
    assert api(cast.asha).post(f"{url}assign/", {"assigned_to": "rao"}).json()["assigned_to"] == "rao"
    assert api(cast.rao).post(f"{url}withdraw/", {"text": "No"}).status_code == 409
    taken = api(cast.meera).post(f"{url}withdraw/", {"text": "It is in the letter."}).json()
    assert (taken["state"], taken["closed_because"], taken["age_days"]) == ("closed", "withdrawn", None)
    assert taken["messages"][-1]["act"] == "withdrawn"
