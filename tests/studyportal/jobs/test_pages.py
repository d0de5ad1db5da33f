"""Pages and API: one's own jobs and no other."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from studyportal.jobs import actions
from studyportal.jobs.models import Job, JobState
from tests.cast import Cast
from tests.studyportal.jobs import kinds  # noqa: F401  (registers them)

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def no_queue(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(actions, "hand_over", lambda *args: None)


@pytest.fixture
def job(cast: Cast) -> Job:
    return actions.start("test.count", params={"steps": 3}, by=cast.sanjay)


PAGES = [
    ("get", "/jobs/{}/"),
    ("get", "/jobs/{}/progress/"),
    ("post", "/jobs/{}/cancel/"),
    ("post", "/jobs/{}/retry/"),
]
ENDPOINTS = [
    ("get", "/api/v1/jobs/{}/"),
    ("post", "/api/v1/jobs/{}/cancel/"),
    ("post", "/api/v1/jobs/{}/retry/"),
]


@pytest.mark.parametrize(("method", "url"), [("get", "/jobs/"), *PAGES])
def test_a_stranger_is_asked_to_sign_in(page: Any, job: Job, method: str, url: str) -> None:
    answer = getattr(page(None), method)(url.format(job.pk))

    assert answer.status_code == 302 and answer["Location"].startswith("/sign-in/")


@pytest.mark.parametrize(("method", "url"), [("get", "/api/v1/jobs/"), *ENDPOINTS])
def test_a_stranger_has_no_api(api: Any, job: Job, method: str, url: str) -> None:
    assert getattr(api(None), method)(url.format(job.pk)).status_code == 401


@pytest.mark.parametrize(("method", "url"), [*PAGES, *ENDPOINTS])
@pytest.mark.parametrize("number", ["own", "987654321", "9" * 30])
def test_the_job_of_another_is_not_found(
    page: Any, api: Any, cast: Cast, job: Job, method: str, url: str, number: str
) -> None:
    client = (api if url.startswith("/api/") else page)(cast.meera)

    answer = getattr(client, method)(url.format(job.pk if number == "own" else number))

    assert answer.status_code == 404
    job.refresh_from_db()
    assert job.state == JobState.QUEUED


def test_lists_hold_own_jobs_only(page: Any, api: Any, cast: Cast, job: Job) -> None:
    assert [row["id"] for row in api(cast.sanjay).get("/api/v1/jobs/").json()["results"]] == [job.pk]
    assert api(cast.meera).get("/api/v1/jobs/").json()["results"] == []
    assert "No jobs yet" in page(cast.meera).get("/jobs/").content.decode()
    assert f"/jobs/{job.pk}/" in page(cast.sanjay).get("/jobs/").content.decode()


def test_the_list_needs_the_same_number_of_queries_for_many_jobs(page: Any, cast: Cast, job: Job) -> None:
    client = page(cast.sanjay)
    with CaptureQueriesContext(connection) as for_one:
        client.get("/jobs/")
    Job.objects.bulk_create([Job(kind="test.count", requester=cast.sanjay) for _ in range(60)])
    with CaptureQueriesContext(connection) as for_many:
        client.get("/jobs/")
    assert len(for_many) == len(for_one)


def test_the_fragment_polls_until_the_job_has_ended(page: Any, cast: Cast, job: Job) -> None:
    client = page(cast.sanjay)
    waiting = client.get(f"/jobs/{job.pk}/progress/").content.decode()
    assert 'hx-trigger="load delay:1s"' in waiting and "Cancel the job" in waiting

    Job.objects.filter(pk=job.pk).update(
        state="done", finished_at=timezone.now(), result={"url": "/outcomes/7/"}, done=3, total=3
    )
    ended = client.get(f"/jobs/{job.pk}/progress/").content.decode()
    assert "hx-trigger" not in ended and 'href="/outcomes/7/"' in ended and "Cancel the job" not in ended


def test_a_failed_job_says_why_and_can_be_tried_again(page: Any, cast: Cast, job: Job) -> None:
    Job.objects.filter(pk=job.pk).update(
        state="failed", finished_at=timezone.now(), error="No snapshot <yet>."
    )
    client = page(cast.sanjay)

    text = client.get(f"/jobs/{job.pk}/").content.decode()
    assert "No snapshot &lt;yet&gt;." in text and "Try again" in text

    answer = client.post(f"/jobs/{job.pk}/retry/")
    assert answer.status_code == 302
    job.refresh_from_db()
    assert job.state == JobState.QUEUED


def test_cancelling_on_the_page_and_by_api(page: Any, api: Any, cast: Cast, job: Job) -> None:
    assert page(cast.sanjay).post(f"/jobs/{job.pk}/cancel/").status_code == 302
    job.refresh_from_db()
    assert job.state == JobState.CANCELLED

    again = api(cast.sanjay).post(f"/api/v1/jobs/{job.pk}/cancel/")
    assert again.status_code == 409
    assert again["Content-Type"].startswith("application/problem+json")
    assert again.json()["code"] == "job_state"

    assert api(cast.sanjay).post(f"/api/v1/jobs/{job.pk}/retry/").json()["state"] == "queued"
    assert api(cast.sanjay).post(f"/api/v1/jobs/{job.pk}/cancel/").json()["state"] == "cancelled"


def test_a_get_changes_nothing(page: Any, cast: Cast, job: Job) -> None:
    assert page(cast.sanjay).get(f"/jobs/{job.pk}/cancel/").status_code == 405
