"""The page on the integrity of the log, and the same by API: for who reads the log, and for nobody else."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from apps.consent import chain_files
from apps.consent.actions import chain as actions
from apps.consent.models import Checkpoint, CheckpointKey, Verification
from studyportal.audit.models import Look
from studyportal.jobs.models import Job
from tests.apps.consent.tampering import Owner
from tests.cast import Cast
from tests.counting import questions

pytestmark = pytest.mark.django_db

PAGE = "/oversight/integrity/"
API = "/api/v1/consent-log"
FILES = (
    "integrity/",
    "verifications/",
    "checkpoints/",
    "public-key/",
    "public-key.pem",
    "verifier/",
    "export.jsonl",
)


@pytest.fixture
def log(records: Any, cast: Cast) -> list[Any]:
    participants = [records.participant(), records.participant(cast.pune)]
    return [records.consent(participant) for participant in participants]


def text_of(answer: Any) -> str:
    body = b"".join(answer.streaming_content) if answer.streaming else answer.content
    return str(body.decode())


# --- Refusals --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("who", ["asha", "rao", "meera", "sanjay", "admin"])
def test_who_does_not_read_the_log_is_refused(
    cast: Cast, api: Any, page: Any, log: list[Any], who: str
) -> None:
    _verification, checkpoint = actions.verify_now()
    assert checkpoint is not None
    person = getattr(cast, who)
    for url in (PAGE, f"{PAGE}checkpoints/{checkpoint.pk}/"):
        assert page(person).get(url).status_code == 403, url
    assert page(person).post(f"{PAGE}verify/").status_code == 403
    for name in (*FILES, f"checkpoints/{checkpoint.pk}/"):
        assert api(person).get(f"{API}/{name}").status_code == 403, name
    assert api(person).post(f"{API}/verify/").status_code == 403
    assert not Job.objects.exists()


def test_strangers_are_sent_to_sign_in(api: Any, page: Any, db: None) -> None:
    assert page(None).get(PAGE).status_code == 302
    assert api(None).get(f"{API}/export.jsonl").status_code == 401


@pytest.mark.parametrize("number", ["0", "987654321", "99999999999999999999999"])
def test_a_checkpoint_that_is_not_there(cast: Cast, api: Any, page: Any, number: str) -> None:
    assert page(cast.farah).get(f"{PAGE}checkpoints/{number}/").status_code == 404
    assert api(cast.farah).get(f"{API}/checkpoints/{number}/").status_code == 404


def test_the_page_is_not_changed_by_looking(cast: Cast, page: Any, log: list[Any]) -> None:
    assert page(cast.farah).get(f"{PAGE}verify/").status_code == 405
    assert not Verification.objects.exists()


@pytest.mark.parametrize("number", ["x", "-1", "9999"])
def test_a_strange_page_number_shows_a_page(cast: Cast, page: Any, log: list[Any], number: str) -> None:
    assert page(cast.farah).get(f"{PAGE}?page={number}").status_code == 200


# --- The page --------------------------------------------------------------------------------------------


def test_a_log_that_was_never_verified(cast: Cast, page: Any, log: list[Any]) -> None:
    text = text_of(page(cast.farah).get(PAGE))
    assert "The log was not verified yet." in text
    assert "No checkpoint yet" in text
    assert "Verify now" in text


def test_an_intact_log_with_its_checkpoint(cast: Cast, page: Any, log: list[Any], records: Any) -> None:
    actions.verify_now()
    records.consent(log[0].participant, kind="copy_given")
    text = text_of(page(cast.farah).get(PAGE))
    assert "The consent log is intact: 2 entries" in text
    assert "1 entry was added since" in text
    assert log[-1].sha256[:16] in text
    assert f"{PAGE}checkpoints/" in text
    assert "by night" in text
    for name in ("export.jsonl", "verifier/", "public-key.pem", "public-key/"):
        assert f"{API}/{name}" in text
    look = Look.objects.get(what="consent_integrity")
    assert look.user == cast.farah
    assert log[0].participant.code not in text


def test_a_log_that_is_not_intact_says_what(cast: Cast, page: Any, log: list[Any], as_owner: Any) -> None:
    Owner(as_owner).edits(2)
    actions.verify_now()
    text = text_of(page(cast.farah).get(PAGE))
    assert "The consent log is not intact." in text
    assert "The content of entry 2 was changed" in text


def test_a_night_that_was_missed_is_said(cast: Cast, page: Any, log: list[Any]) -> None:
    actions.keep(report=actions.verify(), by=None, at=timezone.now() - timedelta(days=4))
    assert "The nightly verification did not run for" in text_of(page(cast.farah).get(PAGE))


def test_a_verification_that_could_not_sign_is_said(
    cast: Cast, page: Any, log: list[Any], settings: Any
) -> None:
    settings.CHECKPOINT_KEYS = ()
    actions.verify_now()
    assert "signed no checkpoint" in text_of(page(cast.farah).get(PAGE))


def test_the_button_verifies(
    cast: Cast, page: Any, log: list[Any], eager_jobs: None, django_capture_on_commit_callbacks: Any
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        answer = page(cast.farah).post(f"{PAGE}verify/")
    assert (answer.status_code, answer["Location"]) == (302, PAGE)
    assert Verification.objects.get().by == cast.farah
    assert Checkpoint.objects.get().taken_by == cast.farah


def test_a_running_verification_shows_its_progress(cast: Cast, page: Any, log: list[Any]) -> None:
    page(cast.farah).post(f"{PAGE}verify/")
    job = Job.objects.get()
    text = text_of(page(cast.farah).get(PAGE))
    assert f"/jobs/{job.pk}/progress/" in text
    assert "Verify now" not in text
    page(cast.farah).post(f"{PAGE}verify/")
    assert Job.objects.count() == 1, "what runs is not started twice"


def test_the_number_of_queries_does_not_grow(cast: Cast, page: Any, log: list[Any]) -> None:
    browser = page(cast.farah)
    actions.verify_now()
    with questions() as few:
        browser.get(PAGE)
    for _n in range(15):
        actions.verify_now()
    with questions() as many:
        browser.get(PAGE)
    assert len(many) == len(few)


def test_a_checkpoint_to_print(cast: Cast, page: Any, log: list[Any]) -> None:
    _verification, checkpoint = actions.verify_now()
    assert checkpoint is not None
    text = text_of(page(cast.farah).get(f"{PAGE}checkpoints/{checkpoint.pk}/"))
    assert "<svg" in text
    assert chain_files.checkpoint_line(checkpoint) in text
    assert checkpoint.signature in text


# --- The API ---------------------------------------------------------------------------------------------


def test_the_state(cast: Cast, api: Any, log: list[Any]) -> None:
    script = api(cast.farah)
    before = script.get(f"{API}/integrity/").json()
    assert (before["state"], before["count"], before["last"], before["checkpoint"]) == (
        "never",
        2,
        None,
        None,
    )
    actions.verify_now()
    after = script.get(f"{API}/integrity/").json()
    assert (after["state"], after["added_since"], after["head_sha256"]) == ("intact", 0, log[-1].sha256)
    assert after["last"]["intact"] is True
    assert after["checkpoint"]["head_sha256"] == log[-1].sha256


def test_verifying_is_a_job(
    cast: Cast, api: Any, log: list[Any], eager_jobs: None, django_capture_on_commit_callbacks: Any
) -> None:
    script = api(cast.farah)
    with django_capture_on_commit_callbacks(execute=True):
        answer = script.post(f"{API}/verify/")
    assert answer.status_code == 202
    job = script.get(answer.json()["url"]).json()
    assert (job["state"], job["result"]["intact"]) == ("done", True)
    (verification,) = script.get(f"{API}/verifications/").json()["results"]
    assert (verification["by"], verification["count"], verification["faults"]) == ("farah", 2, [])


def test_checkpoints_keys_and_verifier(cast: Cast, api: Any, log: list[Any]) -> None:
    _verification, checkpoint = actions.verify_now()
    assert checkpoint is not None
    script = api(cast.farah)
    (listed,) = script.get(f"{API}/checkpoints/").json()["results"]
    answer = script.get(f"{API}/checkpoints/{checkpoint.pk}/")
    document = json.loads(text_of(answer))
    assert "attachment" in answer["Content-Disposition"]
    assert listed == document | {"id": checkpoint.pk}
    key = CheckpointKey.objects.get()
    (told,) = script.get(f"{API}/public-key/").json()["keys"]
    assert (told["key_id"], told["public_key"]) == (key.key_id, document["public_key"])
    assert text_of(script.get(f"{API}/public-key.pem")).startswith("-----BEGIN PUBLIC KEY-----")
    assert text_of(script.get(f"{API}/verifier/")).startswith("#!/usr/bin/env python3")


@pytest.mark.parametrize("accept", ["application/json", "text/x-python", "application/x-pem-file", "*/*"])
def test_files_are_given_whatever_is_accepted(cast: Cast, api: Any, log: list[Any], accept: str) -> None:
    actions.verify_now()
    for name in ("verifier/", "public-key.pem", "export.jsonl"):
        answer = api(cast.farah).get(f"{API}/{name}", headers={"Accept": accept})
        text_of(answer)
        assert answer.status_code == 200, (name, accept)


def test_the_export_is_logged_and_whole(cast: Cast, api: Any, log: list[Any]) -> None:
    answer = api(cast.farah).get(f"{API}/export.jsonl")
    lines = [json.loads(line) for line in text_of(answer).splitlines()]
    assert lines[0]["count"] == 2
    assert [line["sequence"] for line in lines[1:]] == [1, 2]
    assert [line["content"]["participant"] for line in lines[1:]] == [one.participant.code for one in log]
    assert Look.objects.filter(what="consent_log_export", user=cast.farah).count() == 1


def test_one_site_gets_links_of_the_other(cast: Cast, api: Any, log: list[Any]) -> None:
    membership = cast.farah.memberships.get()
    type(membership).objects.filter(pk=membership.pk).update(site=cast.pune)
    answer = api(type(cast.farah).objects.get(pk=cast.farah.pk)).get(f"{API}/export.jsonl")
    lines = [json.loads(line) for line in text_of(answer).splitlines()]
    assert ["content" in line for line in lines[1:]] == [False, True]
