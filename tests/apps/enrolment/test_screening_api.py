"""The screening log and eligibility by the API."""

from __future__ import annotations

from typing import Any

import pytest

from apps.enrolment import actions
from apps.enrolment.models import EligibilityAnswer, EligibilityOverride, Participant, ScreeningEntry
from studyportal.audit.models import Look
from studyportal.identity import actions as identity
from tests.apps.enrolment.criteria import PASSWORD, met, with_versions
from tests.apps.enrolment.test_screening_pages import screened
from tests.cast import Cast

pytestmark = pytest.mark.django_db

LOG = "/api/v1/screening/"


@pytest.fixture
def entry(cast: Cast) -> ScreeningEntry:
    return screened(cast)


def url_of(entry: ScreeningEntry, more: str = "") -> str:
    return f"{LOG}{entry.number}/{more}"


def errors(answer: Any) -> dict[str, str]:
    return {one["field"]: one["code"] for one in answer.json()["errors"]}


# --- who may --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["sanjay", "admin", "norole"])
def test_refused(cast: Cast, entry: ScreeningEntry, api: Any, name: str) -> None:
    client = api(getattr(cast, name))
    for url in (LOG, url_of(entry), url_of(entry, "eligibility/"), url_of(entry, "overrides/")):
        assert client.get(url).status_code == 403
        assert api(None).get(url).status_code == 401


WRITES = [
    ("post", ""), ("patch", "{}"), ("put", "{}eligibility/"), ("post", "{}conclude/"), ("post", "{}reopen/"),
    ("post", "{}register/"), ("post", "{}overrides/"),
]  # fmt: skip


@pytest.mark.parametrize(("method", "path"), WRITES)
def test_an_auditor_reads_only(cast: Cast, entry: ScreeningEntry, api: Any, method: str, path: str) -> None:
    url = LOG + path.format(f"{entry.number}/")
    assert getattr(api(cast.farah), method)(url, {}, format="json").status_code == 403
    assert api(cast.farah).get(LOG).status_code == 200
    assert Look.objects.get().what == "screening_log"


@pytest.mark.parametrize(("method", "path"), WRITES[1:])
def test_another_sites_entry_is_not_found(cast: Cast, api: Any, method: str, path: str) -> None:
    pune = screened(cast, cast.pune)
    answer = getattr(api(cast.rao), method)(LOG + path.format(f"{pune.number}/"), {}, format="json")
    assert answer.status_code == 404
    assert api(cast.asha).get(url_of(pune)).status_code == 404
    assert api(cast.asha).get(LOG).json()["results"] == []


# --- entries --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "field", "code"),
    [
        ({"site": "PUN"}, "site", "not_found"),
        ({"site": None}, "site", "not_found"),
        ({"screened_on": None}, "screened_on", "required"),
        ({"screened_on": 20261001}, "screened_on", "type"),
        ({"screened_on": "2090-01-01"}, "screened_on", "in_future"),
        ({"age": 200}, "age", "range"),
        ({"age": True}, "age", "range"),
        ({"sex": "x"}, "sex", "choice"),
        ({"note": "nul\x00"}, "note", "type"),
        ({"outcome": "enrolled"}, "outcome", "unknown_field"),
        ({"number": "MUM-S9999"}, "number", "unknown_field"),
        ({"synthetic": "yes"}, "synthetic", "boolean"),
    ],
)
def test_a_new_entry_refused(cast: Cast, api: Any, body: dict[str, Any], field: str, code: str) -> None:
    sent = {"site": "MUM", "screened_on": "2026-10-01"} | body
    answer = api(cast.asha).post(LOG, sent, format="json")
    assert answer.status_code == 400 and errors(answer)[field] == code
    assert not ScreeningEntry.objects.exists()


def test_from_a_new_entry_to_a_participant(cast: Cast, api: Any) -> None:
    client = api(cast.asha)
    made = client.post(LOG, {"site": "MUM", "screened_on": "2026-10", "age": 20}, format="json")
    assert made.status_code == 201 and made["ETag"] == '"1"'
    url = f"{LOG}{made.json()['number']}/"
    assert client.patch(url, {"age": 21, "reason": "Mistyped"}, format="json").status_code == 428
    stale = client.patch(url, {"age": 21, "reason": "Mistyped"}, format="json", HTTP_IF_MATCH='"7"')
    assert stale.status_code == 412
    bare = client.patch(url, {"age": 21}, format="json", HTTP_IF_MATCH='"1"')
    assert bare.status_code == 400 and errors(bare) == {"reason": "reason_required"}
    changed = client.patch(url, {"age": 21, "reason": "Mistyped"}, format="json", HTTP_IF_MATCH='"1"')
    assert changed.status_code == 200 and changed.json()["age"] == 21
    registered = client.post(url + "register/", {}, format="json")
    assert registered.status_code == 201 and registered.json()["code"] == Participant.objects.get().code
    assert client.post(url + "register/", {}, format="json").status_code == 409
    assert client.get(url).json()["participant"] == registered.json()["code"]


def test_concluding_and_reopening(cast: Cast, entry: ScreeningEntry, api: Any) -> None:
    client = api(cast.asha)
    sent = {"outcome": "declined", "on": "2026-10-02"}
    for wrong, field in (({}, "reason_code"), ({"outcome": "enrolled"}, "outcome"), ({"outcome": 3}, "outcome"),
                         ({"reason_code": "boredom"}, "reason_code"), ({"on": None}, "outcome_on")):  # fmt: skip
        answer = client.post(url_of(entry, "conclude/"), sent | wrong, format="json", HTTP_IF_MATCH='"1"')
        assert answer.status_code == 400 and field in errors(answer), wrong
    done = client.post(
        url_of(entry, "conclude/"), sent | {"reason_code": "travel"}, format="json", HTTP_IF_MATCH='"1"'
    )
    assert done.status_code == 200 and done.json()["outcome"] == "declined"
    bare = client.post(url_of(entry, "reopen/"), {}, format="json", HTTP_IF_MATCH='"2"')
    assert bare.status_code == 400
    again = client.post(url_of(entry, "reopen/"), {"reason": "Came back"}, format="json", HTTP_IF_MATCH='"2"')
    assert again.status_code == 200 and again.json()["outcome"] == "open"


def test_the_list_is_filtered(cast: Cast, api: Any) -> None:
    one, two = screened(cast, source_key="7"), screened(cast, screened_on="2026-09-12")
    client = api(cast.meera)

    def listed(**query: str) -> list[str]:
        return [row["number"] for row in client.get(LOG, query).json()["results"]]

    assert listed() == [one.number, two.number]
    assert listed(source_key="7") == [one.number]
    assert listed(month="2026-09") == [two.number]
    assert listed(site="PUN") == listed(outcome="declined") == []
    assert client.get(LOG, {"month": "September"}).status_code == 400
    assert client.get(LOG, {"outcome": "nonsense"}).status_code == 400
    page = client.get(LOG, {"limit": "1"}).json()
    assert len(page["results"]) == 1 and page["next"]


# --- eligibility ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "field", "code"),
    [
        ({}, "answers", "required"),
        ({"answers": {}}, "answers", "required"),
        ({"answers": ["t1dm"]}, "answers", "required"),
        ({"answers": {"horoscope": {"answer": "yes"}}}, "horoscope", "unknown_criterion"),
        ({"answers": {"t1dm": {"answer": "maybe"}}}, "t1dm", "choice"),
        ({"answers": {"t1dm": {"answer": ["yes"]}}}, "t1dm", "choice"),
        ({"answers": {"t1dm": {"answer": "yes", "evidence": "x" * 10_000}}}, "t1dm.evidence", "max_length"),
        ({"answers": {"t1dm": {"answer": "yes", "evidence": "\x00"}}}, "t1dm.evidence", "nul_character"),
        ({"answers": {"inr": {"answer": "yes"}}}, "inr", "unknown_criterion"),
        ({"answers": {"renal": {"answer": "no"}}}, "renal.evidence", "evidence_required"),
        ({"answers": {"t1dm": {"answer": "yes"}}, "mood": "good"}, "mood", "unknown_field"),
        ({"answers": {"t1dm": {"answer": "yes"}}, "reason": {"code": "x"}}, "reason", "reason_code"),
    ],
)
def test_answers_refused(
    cast: Cast, entry: ScreeningEntry, api: Any, body: dict[str, Any], field: str, code: str
) -> None:
    answer = api(cast.asha).put(url_of(entry, "eligibility/"), body, format="json")
    assert answer.status_code == 400 and errors(answer)[field] == code
    assert not EligibilityAnswer.objects.exists()


def test_answers_and_their_verdict(cast: Cast, entry: ScreeningEntry, api: Any) -> None:
    client, url = api(cast.asha), url_of(entry, "eligibility/")
    before = client.get(url).json()
    assert before["verdict"]["state"] == "undetermined" and before["group"] == "case"
    assert {one["version"] for one in before["criteria"]} == {0}
    age = next(one for one in before["criteria"] if one["criterion"] == "age")
    assert age["known"] == {"text": "20 years", "source": "Screening log", "says": "yes"}
    assert client.put(url, {"answers": met()}, format="json").json()["verdict"]["state"] == "eligible"
    again = client.put(url, {"answers": met()}, format="json")
    assert again.status_code == 200, "the same again changes nothing"
    some = {"malignancy": {"answer": "yes", "version": 0}}
    stale = client.put(url, {"answers": some, "reason": "Older letter"}, format="json")
    assert stale.status_code == 412
    assert stale.json()["current"] == {"malignancy": {"answer": "no", "evidence": "", "version": 1}}
    some["malignancy"]["version"] = 1
    bare = client.put(url, {"answers": some}, format="json")
    assert bare.status_code == 400 and errors(bare) == {"reason": "reason_required"}
    changed = client.put(url, {"answers": some, "reason": "Older letter"}, format="json").json()
    assert changed["verdict"] == {
        "state": "not_eligible", "failing": ["malignancy"], "unknown": [], "overridden": []
    }  # fmt: skip


def test_an_override(cast: Cast, entry: ScreeningEntry, api: Any) -> None:
    participant = actions.register(site=cast.mumbai, by=cast.asha, screening=entry)
    entry.refresh_from_db()
    actions.eligibility.answer(entry=entry, by=cast.asha, answers=met(malignancy="yes"))
    identity.record(participant=participant, by=cast.asha, raw={"full_name": "Sunita Kulkarni"})
    url = url_of(entry, "overrides/")
    cast.rao.set_password(PASSWORD)
    cast.rao.save()
    sent = {"criterion": "malignancy", "reason": "Cured twelve years ago", "version": 1, "password": PASSWORD}
    assert api(cast.asha).post(url, sent, format="json").status_code == 403
    client = api(cast.rao)
    for wrong, status, code in (
        ({"password": "wrong"}, 403, "not_confirmed"),
        ({"version": 3}, 412, "stale_version"),
        ({"criterion": "consent"}, 409, "refused"),
        ({"criterion": "t1dm"}, 409, "refused"),
        ({"criterion": "horoscope"}, 400, "invalid"),
        ({"reason": "short"}, 400, "invalid"),
        ({"reason": "Kulkarni was cured long ago"}, 400, "invalid"),
        ({"reason": ""}, 400, "invalid"),
        ({"password": ""}, 400, "invalid"),
    ):
        answer = client.post(url, sent | wrong, format="json")
        assert (answer.status_code, answer.json()["code"]) == (status, code), (wrong, answer.json())
    assert not EligibilityOverride.objects.exists()
    made = client.post(url, sent, format="json")
    assert made.status_code == 201
    assert made.json()["stands"] and PASSWORD not in made.content.decode()
    sheet = client.get(url_of(entry, "eligibility/")).json()
    assert sheet["verdict"]["overridden"] == ["malignancy"] and sheet["verdict"]["state"] == "eligible"
    changes = with_versions(entry, {"malignancy": {"answer": "not_known"}})
    actions.eligibility.answer(entry=entry, by=cast.asha, answers=changes, reason="Letter lost")
    (shown,) = api(cast.farah).get(url).json()["results"]
    assert shown["stands"] is False and shown["signer"] == "rao"
