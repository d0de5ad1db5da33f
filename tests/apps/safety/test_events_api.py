"""`/api/v1/adverse-events/`: refusals, the first notice, the file of an event, its links, and the suggested grade."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from apps.celldose.models import CellSession
from apps.safety.models import AdverseEvent
from studyportal.audit.models import Look
from tests.apps.enrolment.factories import a_case
from tests.apps.safety.events import a_dka, a_follow_up, a_result, an_event, an_open_event

pytestmark = pytest.mark.django_db
URL = "/api/v1/adverse-events/"
NOTICE: dict[str, Any] = {
    "verbatim": "Found unconscious",
    "onset_on": "2024-03-02",
    "aware_at": "2024-03-03T10:00:00+05:30",
    "serious": True,
    "serious_criteria": ["important_medical_event"],
}


def test_who_may(cast: Any, api: Any) -> None:
    event = an_event(cast.asha, a_case(cast))
    one = f"{URL}{event.pk}/"
    raw = NOTICE | {"participant": event.participant.code}
    # who → list, one, notice, link
    table = {
        "asha": (200, 200, 201, 400),
        "rao": (200, 200, 201, 400),
        "meera": (200, 200, 201, 400),
        "nikhil": (200, 200, 403, 403),
        "farah": (200, 200, 403, 403),
        "vikram": (200, 404, 400, 404),
        "sanjay": (403, 403, 403, 403),
        "devi": (403, 403, 403, 403),
        "admin": (403, 403, 403, 403),
        "norole": (403, 403, 403, 403),
    }
    for who, expected in table.items():
        client = api(getattr(cast, who))
        found = (
            client.get(URL).status_code,
            client.get(one).status_code,
            client.post(URL, raw, format="json").status_code,
            client.post(
                f"{one}link/", {}, format="json", headers={"If-Match": f'"{event.version}"'}
            ).status_code,
        )
        event.refresh_from_db()
        assert found == expected, who
    assert api(None).get(URL).status_code == 401
    assert api(cast.asha).get(f"{URL}987654321/").status_code == 404


def test_the_look_of_the_auditor_is_logged(cast: Any, api: Any) -> None:
    event = an_event(cast.asha, a_case(cast))
    api(cast.farah).get(URL, {"serious": "false"})
    api(cast.farah).get(f"{URL}{event.pk}/")
    api(cast.asha).get(f"{URL}{event.pk}/")
    assert set(Look.objects.values_list("what", "user__username")) == {
        ("adverse_events", "farah"),
        ("adverse_event", "farah"),
    }


@pytest.mark.parametrize(
    ("change", "field", "code"),
    [
        ({"participant": None}, "participant", "required"),
        ({"verbatim": None}, "verbatim", "required"),
        ({"aware_at": None}, "aware_at", "required"),
        ({"serious": None}, "serious", "required"),
        ({"onset_on": "02/03/2024"}, "onset_on", "ambiguous_date"),
        ({"serious_criteria": None}, "serious_criteria", "required"),
        ({"grade": "2"}, "grade", "unknown_field"),
        ({"nonsense": 1}, "nonsense", "unknown_field"),
        ({"session": 987654}, "session", "not_found"),
        ({"term": "sadness"}, "term", None),
        ({"aware_at": "2024-03-01T10:00:00Z"}, "aware_at", "before_onset"),
    ],
)
def test_a_notice_that_cannot_be(
    cast: Any, api: Any, change: dict[str, Any], field: str, code: str | None
) -> None:
    raw = NOTICE | {"participant": a_case(cast).code} | change
    answer = api(cast.asha).post(URL, raw, format="json")
    assert answer.status_code == 400
    errors = {(one["field"], one["code"]) for one in answer.json()["errors"]}
    assert (field, code) in errors if code else field in {name for name, _ in errors}
    assert not AdverseEvent.objects.exists()


def test_a_notice_and_its_file(cast: Any, api: Any) -> None:
    case = a_case(cast)
    session = CellSession.objects.create(site=cast.mumbai, participant=case, number=2)
    raw = NOTICE | {
        "participant": case.code,
        "session": session.pk,
        "term": "hypoglycaemia_level_3",
        "serious": True,
    }
    made = api(cast.asha).post(URL, raw, format="json")
    assert made.status_code == 201, made.json()
    body = made.json()
    assert body["status"] == "incomplete" and body["session_number"] == 2
    assert body["aware_at"] == "2024-03-03T04:30:00Z"
    assert body["is_open"] is True and body["special_interest"] is True
    assert (body["follow_ups"], body["ketoacidosis"], body["reports"]) == ([], None, [])
    assert made["ETag"] == f'"{body["version"]}"'


def test_not_known_has_its_reason(cast: Any, api: Any) -> None:
    raw = NOTICE | {"participant": a_case(cast).code, "aware_at": None, "absent": {"aware_at": "unknown"}}
    made = api(cast.asha).post(URL, raw, format="json")
    assert made.status_code == 201 and made.json()["absent"]["aware_at"] == "unknown"


def test_the_file_holds_everything(cast: Any, api: Any) -> None:
    event = an_open_event(
        cast.asha,
        a_case(cast),
        term="dka",
        serious=True,
        serious_criteria=["hospitalisation"],
        related_to_product="possible",
        expectedness="unexpected",
    )
    a_dka(cast.asha, event)
    a_follow_up(cast.asha, event, serious=True, serious_criteria=["hospitalisation"])
    body = api(cast.rao).get(f"{URL}{event.pk}/").json()
    assert body["suspected"] is True and body["suspected_unexpected_serious"] is True
    assert [one["number"] for one in body["follow_ups"]] == [1]
    assert body["ketoacidosis"]["severity"] == "moderate"


def test_filters(cast: Any, api: Any) -> None:
    case = a_case(cast)
    session = CellSession.objects.create(site=cast.mumbai, participant=case, number=1)
    ended = an_event(cast.asha, case, parents={"session": session})
    going_on = an_open_event(cast.asha, case, serious=True, serious_criteria=["hospitalisation"], grade="3")
    client = api(cast.asha)

    def found(**query: Any) -> list[int]:
        return [one["id"] for one in client.get(URL, query).json()["results"]]

    assert found() == [ended.pk, going_on.pk]
    assert found(open="true") == [going_on.pk]
    assert found(open="false") == [ended.pk]
    assert found(serious="true") == [going_on.pk]
    assert found(term="fever") == [going_on.pk]
    assert found(grade_from="2") == [going_on.pk]
    assert found(session=session.pk) == [ended.pk]
    assert found(special_interest="true") == [ended.pk, going_on.pk]
    assert found(participant=case.code, site="MUM") == [ended.pk, going_on.pk]
    assert found(site="PUN") == []
    assert client.get(URL, {"term": "sadness"}).status_code == 400


def test_the_list_asks_as_many_queries_for_eight_as_for_two(cast: Any, api: Any) -> None:
    case = a_case(cast)
    client = api(cast.asha)

    def asked(number: int) -> int:
        while AdverseEvent.objects.count() < number:
            a_follow_up(cast.asha, an_open_event(cast.asha, case, verbatim="Another"))
        with CaptureQueriesContext(connection) as queries:
            assert len(client.get(URL).json()["results"]) == number
        return len(queries)

    asked(1)  # what is read once per process is read
    assert asked(2) == asked(8)


def test_links(cast: Any, api: Any) -> None:
    case = a_case(cast)
    session = CellSession.objects.create(site=cast.mumbai, participant=case, number=1)
    foreign = CellSession.objects.create(site=cast.mumbai, participant=a_case(cast), number=1)
    event = an_event(cast.asha, case)
    client = api(cast.asha)
    url = f"{URL}{event.pk}/link/"
    seen = {"If-Match": f'"{event.version}"'}
    raw = {"session": session.pk, "product": None, "reason": "Seen in the ward notes"}
    assert client.post(url, raw, format="json").status_code == 428
    assert client.post(url, raw, format="json", headers={"If-Match": '"99"'}).status_code == 412
    for change, code in (
        ({"reason": None}, "reason_required"),
        ({"session": foreign.pk}, "other_participant"),
        ({"session": 987654}, "not_found"),
        ({"session": True}, "not_found"),
        ({"visit": 1}, "unknown_field"),
    ):
        refused = client.post(url, raw | change, format="json", headers=seen)
        assert refused.status_code == 400 and refused.json()["errors"][0]["code"] == code
    done = client.post(url, raw, format="json", headers=seen)
    assert done.status_code == 200 and done.json()["session"] == session.pk
    assert done.json()["version"] == event.version + 1


def test_the_suggested_grade(cast: Any, api: Any) -> None:
    case = a_case(cast)
    url = f"/api/v1/participants/{case.code}/grade-suggestion/"
    query = {"term": "anaemia", "onset_on": "2024-03-02"}
    client = api(cast.asha)
    assert api(cast.farah).get(url, query).status_code == 403
    assert api(cast.vikram).get(url, query).status_code == 404
    for change in ({"term": "sadness"}, {"term": ""}, {"onset_on": "soon"}, {"dictionary": "ctcae_3"}):
        assert client.get(url, query | change).status_code == 400, change
    assert client.get(url, query).json()["grade"] is None
    a_result(cast.asha, case, "haemoglobin", "7.9", "g/dL")
    answer = client.get(url, query).json()
    assert answer["grade"] == 3 and answer["dictionary"] == "ctcae_5" and "7.9 g/dL" in answer["basis"]
    assert client.get(url, query | {"dictionary": "ctcae_6"}).json()["grade"] is None
