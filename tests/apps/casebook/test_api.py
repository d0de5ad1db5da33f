"""`/api/v1/queries/`: refusals first, then reading and the three changes of state."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from studyportal.queries import actions as query_actions
from tests.apps.casebook.conftest import Cohort
from tests.cast import Cast

pytestmark = pytest.mark.django_db
URL = "/api/v1/queries/"


@pytest.fixture
def query(cast: Cast, cohort: Cohort) -> Any:
    return query_actions.raise_query(participant=cohort.case(), message="Which insulin?", by=cast.meera)


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


def test_list_is_narrowed(cast: Cast, cohort: Cohort, api: Any, query: Any) -> None:
    other = query_actions.raise_query(
        participant=cohort.case(site=cast.pune), message="Where?", by=cast.meera
    )
    client = api(cast.meera)

    def found(filters: str) -> set[int]:
        return {row["id"] for row in client.get(f"{URL}?{filters}").json()["results"]}

    assert found("") == {query.pk, other.pk}
    assert found("site=PUN") == {other.pk}
    assert found(f"participant={query.participant.code}") == {query.pk}
    assert found("state=closed") == set()
    assert client.get(f"{URL}?state=nonsense").status_code == 400


def test_the_list_asks_as_often_for_many(cast: Cast, cohort: Cohort, api: Any) -> None:
    participant = cohort.case()

    def queries(count: int) -> int:
        for _number in range(count):
            one = query_actions.raise_query(participant=participant, message="Why?", by=cast.meera)
            query_actions.answer(query=one, text="Because.", value="", by=cast.asha)
        client = api(cast.asha)
        with CaptureQueriesContext(connection) as captured:
            client.get(URL)
        return len(captured)

    assert queries(2) == queries(15)
