"""`/api/v1/deviations/`: who may not, what is refused and how, then the way from report to closing."""

from __future__ import annotations

from typing import Any

import pytest

from studyportal.deviations import actions
from studyportal.deviations.models import Deviation
from tests.cast import Cast
from tests.counting import questions

pytestmark = pytest.mark.django_db
URL = "/api/v1/deviations/"
STEPS = {
    "assess": {"root_cause": "No alarm is set."},
    "plan": {"corrective_action": "Examined again.", "preventive_action": "The alarm is set."},
    "committee": {"reported_on": "2026-11-05", "reference": "EC/2026/31"},
    "close": {"closing_note": "It rang on three mornings."},
    "reopen": {"reason": "It stood still again."},
    "withdraw": {"reason": "It was none."},
}


def report(participant: Any, **more: Any) -> dict[str, Any]:
    return {
        "participant": participant.code,
        "description": "The bag stood at the window.",
        "classification": "major",
        "kind": "product",
        "occurred_on": "2026-11-02",
    } | more


def codes(answer: Any) -> set[tuple[str, str]]:
    return {(error["field"], error["code"]) for error in answer.json()["errors"]}


def test_a_stranger_is_asked_who_it_is(reported: Any, api: Any) -> None:
    assert api(None).get(URL).status_code == 401
    assert api(None).post(URL, {}).status_code == 401
    assert api(None).post(f"{URL}{reported.pk}/close/", {}).status_code == 401


@pytest.mark.parametrize("who", ["sanjay", "devi", "admin", "norole"])
def test_who_holds_no_such_role_is_refused(who: str, reported: Any, cast: Cast, api: Any) -> None:
    scripts = api(getattr(cast, who))
    assert scripts.get(URL).status_code == 403
    assert scripts.get(f"{URL}{reported.pk}/").status_code == 403
    assert scripts.post(URL, report(reported.participant), format="json").status_code == 403


@pytest.mark.parametrize("who", ["farah"])
def test_an_auditor_reads_and_writes_nothing(who: str, reported: Any, cast: Cast, api: Any) -> None:
    scripts = api(getattr(cast, who))
    assert scripts.get(f"{URL}{reported.pk}/").status_code == 200
    assert scripts.post(URL, report(reported.participant), format="json").status_code == 403


@pytest.mark.parametrize("key", STEPS)
def test_a_step_of_another_site_or_of_a_reader_is_refused(
    key: str, reported: Any, cast: Cast, api: Any
) -> None:
    for who, status in (("iyer", 404), ("vikram", 403), ("asha", 403), ("nikhil", 403), ("farah", 403)):
        answer = api(getattr(cast, who)).post(
            f"{URL}{reported.pk}/{key}/", STEPS[key], format="json", headers={"If-Match": '"1"'}
        )
        assert answer.status_code == status, who
    assert Deviation.objects.get().version == 1


def test_another_sites_is_not_found_and_not_listed(
    reported: Any, elsewhere: Any, cast: Cast, api: Any
) -> None:
    assert api(cast.vikram).get(f"{URL}{reported.pk}/").status_code == 404
    assert api(cast.vikram).get(URL).json()["results"] == []
    assert api(cast.asha).post(URL, report(elsewhere), format="json").status_code == 404


@pytest.mark.parametrize(
    ("body", "field", "code"),
    [
        ({"description": ""}, "description", "blank"),
        ({"description": "ab"}, "description", "too_short"),
        ({"classification": "grave"}, "classification", "invalid_choice"),
        ({"kind": "weather"}, "kind", "invalid_choice"),
        ({"occurred_on": "2.11.2026"}, "occurred_on", "date"),
        ({"occurred_on": "2126-11-02"}, "occurred_on", "in_future"),
        ({"state": "closed"}, "state", "unknown_field"),
        ({"site": "PUN"}, "site", "unknown_field"),
        ({"form": "harvest", "record": 1}, "record", "does_not_exist"),
        ({"form": "nonsense", "record": 1}, "record", "does_not_exist"),
        ({"record": 1}, "record", "does_not_exist"),
        ({"form": "harvest"}, "record", "does_not_exist"),
        ({"record": -1}, "record", "min_value"),
    ],
)
def test_a_report_that_cannot_be(
    body: dict[str, Any], field: str, code: str, participant: Any, cast: Cast, api: Any
) -> None:
    answer = api(cast.asha).post(URL, report(participant, **body), format="json")
    assert answer.status_code == 400
    assert (field, code) in codes(answer)
    assert not Deviation.objects.exists()


def test_a_step_names_the_version_that_was_read(reported: Any, cast: Cast, api: Any) -> None:
    scripts = api(cast.rao)
    url = f"{URL}{reported.pk}/assess/"
    assert scripts.post(url, STEPS["assess"], format="json").status_code == 428
    assert scripts.post(url, STEPS["assess"], format="json", headers={"If-Match": '"7"'}).status_code == 412
    assert scripts.post(url, {"cause": "x"}, format="json", headers={"If-Match": '"1"'}).status_code == 400
    assert Deviation.objects.get().version == 1


def test_what_is_lacking_is_named(reported: Any, cast: Cast, api: Any) -> None:
    scripts = api(cast.rao)
    lacking = ["root_cause", "corrective_action", "preventive_action", "reported_to_committee_on"]
    told = scripts.get(f"{URL}{reported.pk}/")
    assert told.json()["lacking"] == lacking
    answer = scripts.post(
        f"{URL}{reported.pk}/close/", STEPS["close"], format="json", headers={"If-Match": told["ETag"]}
    )
    assert answer.status_code == 409
    assert [error["field"] for error in answer.json()["errors"]] == lacking


def test_from_report_to_closing_and_back(participant: Any, cast: Cast, api: Any) -> None:
    made = api(cast.nikhil).post(URL, report(participant), format="json")
    assert made.status_code == 201, made.json()
    told = made.json()
    assert (told["raised_by"], told["state"], told["next_step"]) == ("nikhil", "open", "assess")
    scripts, etag = api(cast.rao), made["ETag"]
    nexts = {"assess": "plan", "plan": "report", "committee": "close", "close": "closed", "reopen": "close"}
    for key, next_step in nexts.items():
        answer = scripts.post(
            f"{URL}{told['id']}/{key}/", STEPS[key], format="json", headers={"If-Match": etag}
        )
        assert answer.status_code == 200, answer.json()
        assert answer.json()["next_step"] == next_step
        etag = answer["ETag"]
    answer = scripts.post(
        f"{URL}{told['id']}/withdraw/", STEPS["withdraw"], format="json", headers={"If-Match": etag}
    )
    assert answer.json()["state"] == "withdrawn"


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ("", 2),
        ("state=open", 2),
        ("state=closed", 0),
        ("classification=minor", 1),
        ("kind=procedure", 1),
        ("todo=unassessed", 1),
        ("todo=overdue", 0),
        ("site=PUN", 0),
        ("form=visit&record=7", 1),
        ("code=reported", 1),
        ("participant=MUM", 0),
        ("updated_since=2126-01-01T00:00Z", 0),
    ],
)
def test_the_list_is_narrowed(
    query: str, count: int, reported: Any, found: Any, cast: Cast, api: Any
) -> None:
    assert len(api(cast.meera).get(f"{URL}?{query}").json()["results"]) == count


@pytest.mark.parametrize("query", ["state=gone", "kind=x", "todo=x", "updated_since=x", "record=x"])
def test_a_filter_that_cannot_be_is_said(query: str, cast: Cast, api: Any) -> None:
    assert api(cast.meera).get(f"{URL}?{query}").status_code == 400


def test_the_list_asks_a_fixed_number_of_questions(participant: Any, cast: Cast, api: Any) -> None:
    def ask(n: int) -> int:
        for i in range(n):
            actions.raise_by_hand(
                participant=participant,
                description=f"Number {n} {i} went wrong.",
                classification="minor",
                by=cast.rao,
            )
        with questions() as asked:
            api(cast.rao).get(URL)
        return len(asked)

    assert ask(1) == ask(20)
