"""Saving a form by API and by page: what is refused, what is kept, what history says."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from apps.enrolment import actions as enrolment
from apps.enrolment.models import Demographics, Hospitalisation
from studyportal.audit.selectors import history_of
from tests.counting import questions

pytestmark = pytest.mark.django_db

URL = "/api/v1/forms/demographics/"
ABSENT = {"age_basis": "unknown", "country": "unknown", "education": "unknown", "language": "unknown"}


@pytest.fixture
def participant(cast: Any) -> Any:
    return enrolment.register(site=cast.mumbai, by=cast.asha)


@pytest.fixture
def payload(participant: Any) -> dict[str, Any]:
    return {"participant": participant.code, "sex": "female", "age_at_enrolment": 17, "absent": dict(ABSENT)}


@pytest.fixture
def record(cast: Any, api: Any, payload: dict[str, Any]) -> Demographics:
    answer = api(cast.asha).post(URL, payload)
    assert answer.status_code == 201, answer.json()
    return Demographics.objects.get(pk=answer.json()["id"])


def codes(answer: Any) -> set[tuple[str, str]]:
    return {(error["field"], error["code"]) for error in answer.json()["errors"]}


# --- Refusals --------------------------------------------------------------------------------------------


def test_stranger_is_asked_to_sign_in(api: Any, payload: dict[str, Any]) -> None:
    answer = api(None).post(URL, payload)
    assert answer.status_code == 401
    assert answer["Content-Type"] == "application/problem+json"
    assert answer["WWW-Authenticate"]


@pytest.mark.parametrize("who", ["sanjay", "farah", "admin", "norole"])
def test_roles_without_entry_are_refused(cast: Any, api: Any, payload: dict[str, Any], who: str) -> None:
    assert api(getattr(cast, who)).post(URL, payload).status_code == 403
    assert not Demographics.objects.exists()


def test_another_sites_participant_is_as_one_that_does_not_exist(
    cast: Any, api: Any, payload: dict[str, Any]
) -> None:
    foreign = api(cast.vikram).post(URL, payload)
    missing = api(cast.vikram).post(URL, payload | {"participant": "MUM-9999-Z"})
    assert foreign.status_code == missing.status_code == 400
    assert foreign.json() == missing.json()
    assert codes(foreign) == {("participant", "not_found")}


def test_another_sites_record_is_not_found(cast: Any, api: Any, page: Any, record: Demographics) -> None:
    for url in (f"{URL}{record.pk}/", f"{URL}{record.pk}/history/"):
        assert api(cast.vikram).get(url).status_code == 404
    assert (
        api(cast.vikram).patch(f"{URL}{record.pk}/", {"sex": "male"}, headers={"If-Match": '"1"'}).status_code
        == 404
    )
    assert page(cast.vikram).get(record.get_absolute_url()).status_code == 404
    assert page(cast.vikram).post(record.get_absolute_url(), {"sex": "male"}).status_code == 404


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"weight": 3}, ("weight", "unknown_field")),
        ({"site": "PUN"}, ("site", "read_only")),
        ({"status": "complete"}, ("status", "read_only")),
        ({"version": 7}, ("version", "read_only")),
        ({"sex": "f"}, ("sex", "unknown_code")),
        ({"sex": None}, ("sex", "required")),
        ({"sex": {"$ne": 1}}, ("sex", "type")),
        ({"age_at_enrolment": "seventeen"}, ("age_at_enrolment", "invalid_number")),
        ({"age_at_enrolment": 900}, ("age_at_enrolment", "max_value")),
        ({"absent": {"sex": "because"}}, ("sex", "absent_reason")),
        ({"absent": ["sex"]}, ("absent", "type")),
        ({"absent": ABSENT | {"sex": "unknown"}}, ("sex", "value_and_absent")),
        ({"absent": ABSENT | {"nonsense": "unknown"}}, ("absent.nonsense", "unknown_field")),
        ({"complete": "yes"}, ("complete", "boolean")),
        ({"reason": 5}, ("reason", "type")),
        ({"participant": None}, ("participant", "required")),
        ({"participant": ["MUM"]}, ("participant", "type")),
        ({"participant": "a\x00b"}, ("participant", "type")),
        ({"language": "x\x00"}, ("language", "unknown_code")),
    ],
)
def test_bad_input_names_the_field(
    cast: Any, api: Any, payload: dict[str, Any], change: dict[str, Any], expected: tuple[str, str]
) -> None:
    if expected[0] == "language":
        payload["absent"].pop("language")
    answer = api(cast.asha).post(URL, payload | change)
    assert answer.status_code == 400, answer.json()
    assert expected in codes(answer)
    assert all(error["message"] for error in answer.json()["errors"])
    assert not Demographics.objects.exists()


def test_malformed_json(cast: Any, api: Any) -> None:
    answer = api(cast.asha).post(URL, b'{"sex": ', content_type="application/json")
    assert answer.status_code == 400
    assert answer.json()["code"] == "parse_error"
    assert api(cast.asha).post(URL, [1, 2]).json()["code"] == "malformed"
    assert api(cast.asha).post(URL, b"sex=f", content_type="text/plain").status_code == 415


def test_a_body_that_is_too_large(cast: Any, api: Any, payload: dict[str, Any], settings: Any) -> None:
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 1000
    answer = api(cast.asha).post(URL, payload | {"reason": "x" * 2000})
    assert answer.status_code == 413
    assert answer.json()["code"] == "too_large"


def test_only_one_demographics_form(
    cast: Any, api: Any, payload: dict[str, Any], record: Demographics
) -> None:
    answer = api(cast.asha).post(URL, payload)
    assert answer.status_code == 400
    assert {error["code"] for error in answer.json()["errors"]} == {"unique"}
    assert Demographics.objects.count() == 1


def test_an_update_names_the_version_that_it_saw(cast: Any, api: Any, record: Demographics) -> None:
    client = api(cast.asha)
    change = {"sex": "male", "reason": "Transcription error"}
    assert client.patch(f"{URL}{record.pk}/", change).status_code == 428
    assert client.patch(f"{URL}{record.pk}/", change, headers={"If-Match": "W/x"}).status_code == 400
    assert client.patch(f"{URL}{record.pk}/", change, headers={"If-Match": '"1"'}).status_code == 200
    stale = client.patch(f"{URL}{record.pk}/", change, headers={"If-Match": '"1"'})
    assert stale.status_code == 412
    assert stale.json()["current"]["sex"] == "male"
    assert stale["ETag"] == '"2"'


def test_a_complete_form_changes_only_with_a_reason(cast: Any, api: Any, record: Demographics) -> None:
    answer = api(cast.asha).patch(f"{URL}{record.pk}/", {"sex": "male"}, headers={"If-Match": '"1"'})
    assert answer.status_code == 400
    assert codes(answer) == {("reason", "reason_required")}
    record.refresh_from_db()
    assert record.sex == "female"


def test_a_saved_form_does_not_move_elsewhere(cast: Any, api: Any, record: Demographics) -> None:
    other = enrolment.register(site=cast.mumbai, by=cast.asha)
    answer = api(cast.asha).patch(
        f"{URL}{record.pk}/", {"participant": other.code, "reason": "x"}, headers={"If-Match": '"1"'}
    )
    assert answer.status_code == 400
    assert codes(answer) == {("participant", "fixed")}


# --- The way through -------------------------------------------------------------------------------------


def test_history_says_who_when_by_which_road_and_why(cast: Any, api: Any, record: Demographics) -> None:
    answer = api(cast.asha).patch(
        f"{URL}{record.pk}/", {"sex": "male", "reason": "Transcription error"}, headers={"If-Match": '"1"'}
    )
    assert answer.status_code == 200
    newest, first = history_of(record)
    assert (newest.label, newest.by, newest.source, newest.reason) == (
        "update",
        "asha",
        "api",
        "Transcription error",
    )
    assert [(f.name, f.before, f.after) for f in newest.fields] == [("sex", "female", "male")]
    assert (first.label, first.source) == ("insert", "api")
    read = api(cast.asha).get(f"{URL}{record.pk}/history/").json()
    assert read[0]["reason"] == "Transcription error"


def test_raw_writes_and_deletes_are_in_the_history(cast: Any, record: Demographics) -> None:
    Demographics.objects.filter(pk=record.pk).update(age_at_enrolment=18)
    with connection.cursor() as cursor:
        cursor.execute("UPDATE enrolment_demographics SET age_at_enrolment = 19 WHERE id = %s", [record.pk])
        cursor.execute("DELETE FROM enrolment_demographics WHERE id = %s", [record.pk])
    said = [(change.label, [(f.name, f.after) for f in change.fields]) for change in history_of(record)]
    assert said[0][0] == "delete"
    assert said[1] == ("update", [("age_at_enrolment", 19)])
    assert said[2] == ("update", [("age_at_enrolment", 18)])


def test_put_replaces_and_patch_keeps(cast: Any, api: Any, record: Demographics) -> None:
    client = api(cast.asha)
    answer = client.patch(
        f"{URL}{record.pk}/", {"language": "mr", "reason": "asked"}, headers={"If-Match": '"1"'}
    )
    assert answer.status_code == 200, answer.json()
    assert answer.json()["sex"] == "female"
    assert "language" not in answer.json()["absent"]
    answer = client.put(
        f"{URL}{record.pk}/",
        {"sex": "female", "absent": ABSENT | {"age_at_enrolment": "unknown"}, "reason": "age was a guess"},
        headers={"If-Match": '"2"'},
    )
    assert answer.status_code == 200, answer.json()
    assert answer.json()["age_at_enrolment"] is None
    assert answer.json()["language"] is None


def test_an_incomplete_form_waits_without_reasons(cast: Any, api: Any, participant: Any) -> None:
    client = api(cast.asha)
    answer = client.post(URL, {"participant": participant.code, "sex": "female", "complete": False})
    assert answer.status_code == 201
    assert answer.json()["status"] == "incomplete"
    changed = client.patch(
        f"{URL}{answer.json()['id']}/", {"sex": "male", "complete": False}, headers={"If-Match": '"1"'}
    )
    assert changed.status_code == 200
    finished = client.patch(f"{URL}{answer.json()['id']}/", {"sex": "male"}, headers={"If-Match": '"2"'})
    assert finished.status_code == 400
    assert ("age_at_enrolment", "required") in codes(finished)


def test_saving_what_stands_changes_nothing(cast: Any, api: Any, record: Demographics) -> None:
    answer = api(cast.asha).patch(f"{URL}{record.pk}/", {"sex": "female"}, headers={"If-Match": '"1"'})
    assert answer.status_code == 200
    assert answer.json()["version"] == 1
    assert len(history_of(record)) == 1


def test_queries_of_a_save_are_few_and_of_a_list_fixed(cast: Any, api: Any) -> None:
    people = [enrolment.register(site=cast.mumbai, by=cast.asha) for _ in range(8)]
    client = api(cast.asha)
    client.get("/api/v1/me/")  # the roles of the user are read once
    counts = []
    for person in people:
        body = {"participant": person.code, "complete": False}
        with questions() as asked:
            assert client.post("/api/v1/forms/hospitalisation/", body).status_code == 201
        counts.append(len(asked))
    assert max(counts[1:]) <= 9
    with CaptureQueriesContext(connection) as few:
        client.get("/api/v1/forms/hospitalisation/?limit=2")
    with CaptureQueriesContext(connection) as many:
        assert len(client.get("/api/v1/forms/hospitalisation/?limit=8").json()["results"]) == 8
    assert len(few) == len(many)
    assert Hospitalisation.objects.count() == 8


# --- Pages -----------------------------------------------------------------------------------------------


def test_a_refused_page_keeps_everything_typed(cast: Any, page: Any, participant: Any) -> None:
    client = page(cast.asha)
    url = f"/participants/{participant.code}/forms/demographics/new/"
    answer = client.post(url, {"sex": "female", "age_at_enrolment": "seventeen", "absent-country": "unknown"})
    assert answer.status_code == 400
    text = answer.content.decode()
    assert 'value="seventeen"' in text
    assert "seventeen” is no number" in text
    assert not Demographics.objects.exists()


def test_two_people_edit_at_once_and_see_both_values(cast: Any, page: Any, record: Demographics) -> None:
    url = record.get_absolute_url()
    asha, meera = page(cast.asha), page(cast.meera)
    typed = {"version": "1", "sex": "male", "age_at_enrolment": "17", "reason": "typing error"}
    typed |= {f"absent-{name}": reason for name, reason in ABSENT.items()}
    assert asha.post(url, typed).status_code == 302
    late = meera.post(url, typed | {"sex": "female", "age_at_enrolment": "18"})
    assert late.status_code == 412
    text = late.content.decode()
    assert "Somebody else saved this form while you were typing" in text
    assert 'name="version" value="2"' in text
    assert meera.post(url, typed | {"version": "2", "age_at_enrolment": "18"}).status_code == 302
    record.refresh_from_db()
    assert (record.sex, record.age_at_enrolment, record.version) == ("male", 18, 3)
    assert history_of(record)[0].by == "meera"


def test_a_reader_sees_but_cannot_change(
    cast: Any, page: Any, record: Demographics, participant: Any
) -> None:
    assert page(cast.sanjay).get(record.get_absolute_url()).status_code == 403
    assert page(cast.farah).get(record.get_absolute_url()).status_code == 403
    assert page(cast.asha).get(record.get_absolute_url()).status_code == 200
    assert page(cast.asha).get(f"{record.get_absolute_url()}history/").status_code == 200
    assert page(cast.asha).get("/forms/nonsense/1/").status_code == 404
