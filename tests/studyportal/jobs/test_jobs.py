"""Starting, running, cancelling and trying again, in this process."""

from __future__ import annotations

import time
import uuid
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, transaction
from django.utils import timezone

from studyportal.access.models import Membership, Site
from studyportal.access.permissions import Permission
from studyportal.jobs import actions, leases, registry, tasks
from studyportal.jobs.errors import Cancelled, InvalidParams, LeaseLost, NotPossible, UnknownKind
from studyportal.jobs.models import Job, JobState
from studyportal.jobs.progress import Progress, reporting
from studyportal.jobs.registry import Result
from tests.cast import Cast
from tests.studyportal.jobs import kinds

pytestmark = pytest.mark.django_db


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, int]]:
    """What was handed to the queue: (job, delay)."""
    handed: list[tuple[int, int]] = []
    monkeypatch.setattr(actions, "hand_over", lambda job_id, after=0: handed.append((job_id, after)))
    return handed


def running(job: Job) -> uuid.UUID:
    token = leases.claim(job.pk)
    assert token is not None
    return token


def age(job: Job, seconds: float, **more: Any) -> None:
    Job.objects.filter(pk=job.pk).update(heartbeat_at=timezone.now() - timedelta(seconds=seconds), **more)


# ------------------------------------------------------------------------------------------------- refusals


def test_unknown_kind_names_the_known_ones(cast: Cast) -> None:
    with pytest.raises(UnknownKind, match=r"test\.count"):
        actions.start("test.nothing", by=cast.sanjay)


@pytest.mark.parametrize(
    ("params", "field"), [({"steps": "many"}, "steps"), ({"stpes": 2}, "stpes"), ({"steps": None}, "steps")]
)
def test_wrong_params_name_the_field(cast: Cast, params: dict[str, Any], field: str) -> None:
    with pytest.raises(InvalidParams) as caught:
        actions.start("test.count", params=params, by=cast.sanjay)

    assert [error["field"] for error in caught.value.errors] == [field]
    assert not Job.objects.exists()


def test_without_the_permission_no_job_is_made(cast: Cast) -> None:
    with pytest.raises(PermissionDenied, match=r"outcomes\.run"):
        actions.start("test.count", by=cast.farah)
    assert not Job.objects.exists()


def test_permission_revoked_between_start_and_run(
    cast: Cast, eager_jobs: None, django_capture_on_commit_callbacks: Any
) -> None:
    with django_capture_on_commit_callbacks() as callbacks:
        job = actions.start("test.count", by=cast.sanjay)
    Membership.objects.filter(user=cast.sanjay).delete()

    for callback in callbacks:
        callback()

    job.refresh_from_db()
    assert job.state == JobState.FAILED
    assert job.error == "Sanjay no longer holds the permission “outcomes.run”; the job was not run."


def test_account_closed_between_start_and_run(cast: Cast, started: list[Any]) -> None:
    job = actions.start("test.count", by=cast.sanjay)
    type(cast.sanjay).objects.filter(pk=cast.sanjay.pk).update(is_active=False)

    tasks.run(job.pk)

    job.refresh_from_db()
    assert job.state == JobState.FAILED and "no longer active" in job.error


def test_a_kind_is_registered_once() -> None:
    with pytest.raises(ValueError, match="registered twice"):

        @registry.job("test.count", title="Other", permission=Permission.SIGNED_IN)
        def other(params: Any, progress: Any, by: Any) -> None: ...


@pytest.mark.parametrize(
    "values",
    [
        {"state": "sleeping"},
        {"state": "running"},
        {"state": "done"},
        {"state": "queued", "finished_at": timezone.now()},
    ],
)
def test_the_database_refuses_states_that_cannot_be(cast: Cast, values: dict[str, Any]) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        Job.objects.create(kind="test.count", requester=cast.sanjay, **values)


@pytest.mark.parametrize("state", [JobState.DONE, JobState.FAILED, JobState.CANCELLED])
def test_an_ended_job_cannot_be_cancelled(cast: Cast, state: JobState) -> None:
    job = Job.objects.create(
        kind="test.count", requester=cast.sanjay, state=state, finished_at=timezone.now()
    )

    with pytest.raises(NotPossible, match="ended already"):
        actions.cancel(job, by=cast.sanjay)


def test_only_failed_and_cancelled_jobs_are_tried_again(cast: Cast, started: list[Any]) -> None:
    job = actions.start("test.count", by=cast.sanjay)
    with pytest.raises(NotPossible, match="Only a failed or cancelled job"):
        actions.retry(job, by=cast.sanjay)
    actions.cancel(job, by=cast.sanjay)
    Membership.objects.filter(user=cast.sanjay).delete()
    cast.sanjay.forget_grants()
    with pytest.raises(PermissionDenied):
        actions.retry(job, by=cast.sanjay)


# ------------------------------------------------------------------------------------------------- one worker


def test_of_two_workers_one_gets_the_job(cast: Cast, started: list[Any]) -> None:
    job = actions.start("test.count", by=cast.sanjay)

    assert leases.claim(job.pk) is not None
    assert leases.claim(job.pk) is None


def test_a_worker_that_lost_the_lease_writes_nothing(cast: Cast, started: list[Any]) -> None:
    job = actions.start("test.count", by=cast.sanjay)
    old = running(job)
    age(job, 3600)
    new = running(job)

    with pytest.raises(LeaseLost):
        leases.finish(job.pk, old, Result({}, write=lambda: pytest.fail("written without the lease")))
    with pytest.raises(LeaseLost):
        leases.end(job.pk, old, JobState.FAILED)
    assert leases.beat(job.pk, old, 1, 2, "") is None
    progress = Progress(job.pk, old)
    progress.write()
    with pytest.raises(LeaseLost):
        progress(1, 2)
    leases.finish(job.pk, new, Result({"n": 1}))
    job.refresh_from_db()
    assert (job.state, job.result, job.attempts) == (JobState.DONE, {"n": 1}, 2)


def test_a_second_delivery_does_nothing(cast: Cast, started: list[Any]) -> None:
    job = actions.start("test.count", by=cast.sanjay)

    tasks.run(job.pk)
    tasks.run(job.pk)
    tasks.run(987654)

    job.refresh_from_db()
    assert (job.state, job.attempts) == (JobState.DONE, 1)


# ------------------------------------------------------------------------------------------------- failures


def test_what_a_job_says_reaches_the_requester(cast: Cast, started: list[Any]) -> None:
    job = actions.start("test.refuses", by=cast.asha)
    tasks.run(job.pk)

    job.refresh_from_db()
    assert (job.state, job.error) == (JobState.FAILED, "There is no snapshot; make one first.")


@pytest.mark.parametrize("kind", ["test.breaks", "test.no_json"])
def test_an_unexpected_error_writes_nothing_and_shows_no_detail(
    cast: Cast, started: list[Any], kind: str
) -> None:
    job = actions.start(kind, by=cast.asha)
    tasks.run(job.pk)

    job.refresh_from_db()
    assert job.state == JobState.FAILED and "unexpected error" in job.error and str(job.pk) in job.error
    assert "secret" not in job.error
    assert not Site.objects.filter(code="ZZZ").exists()


def test_a_fault_of_the_database_is_tried_again_later_and_not_for_ever(
    cast: Cast, started: list[Any], django_capture_on_commit_callbacks: Any
) -> None:
    job = Job.objects.create(kind="test.database", requester=cast.asha, max_attempts=2)
    with django_capture_on_commit_callbacks(execute=True):
        tasks.run(job.pk)
    job.refresh_from_db()
    assert job.state == JobState.QUEUED
    assert started == [(job.pk, 2)]

    tasks.run(job.pk)

    job.refresh_from_db()
    assert job.state == JobState.FAILED and "did not answer in 2 attempts" in job.error


# ------------------------------------------------------------------------------------------------- rescue


def test_rescue_leaves_living_jobs_alone(cast: Cast, started: list[Any]) -> None:
    job = actions.start("test.count", by=cast.sanjay)
    running(job)

    assert tasks.rescue_stale() == 0


def test_rescue_queues_what_a_dead_worker_left(
    cast: Cast, started: list[Any], django_capture_on_commit_callbacks: Any
) -> None:
    job = actions.start("test.count", by=cast.sanjay)
    running(job)
    age(job, 31)

    with django_capture_on_commit_callbacks(execute=True):
        assert tasks.rescue_stale() == 1

    job.refresh_from_db()
    assert (job.state, job.lease_token) == (JobState.QUEUED, None)
    assert started == [(job.pk, 0)]


def test_rescue_gives_up_after_the_last_attempt(cast: Cast, started: list[Any]) -> None:
    job = actions.start("test.count", by=cast.sanjay)
    running(job)
    age(job, 31, attempts=3)

    tasks.rescue_stale()

    job.refresh_from_db()
    assert job.state == JobState.FAILED and "3 times" in job.error and job.finished_at is not None


def test_rescue_cancels_what_was_to_be_cancelled(cast: Cast, started: list[Any]) -> None:
    job = actions.start("test.count", by=cast.sanjay)
    running(job)
    actions.cancel(job, by=cast.sanjay)
    age(job, 31)

    tasks.rescue_stale()

    job.refresh_from_db()
    assert job.state == JobState.CANCELLED


@pytest.mark.parametrize(
    ("enqueued", "created", "again"), [(None, 5, 0), (None, 60, 1), (60, 60, 0), (400, 400, 1)]
)
def test_rescue_hands_over_again_what_the_queue_lost(
    cast: Cast,
    started: list[Any],
    django_capture_on_commit_callbacks: Any,
    enqueued: int | None,
    created: int,
    again: int,
) -> None:
    job = Job.objects.create(kind="test.count", requester=cast.sanjay)
    now = timezone.now()
    Job.objects.filter(pk=job.pk).update(
        enqueued_at=None if enqueued is None else now - timedelta(seconds=enqueued),
        created_at=now - timedelta(seconds=created),
    )

    with django_capture_on_commit_callbacks(execute=True):
        assert tasks.rescue_stale() == again
    assert len(started) == again


def test_a_queue_that_cannot_be_reached_loses_no_job(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    from kombu.exceptions import OperationalError

    def down(*args: Any, **kwargs: Any) -> None:
        raise OperationalError("no broker")

    monkeypatch.setattr(tasks.run, "apply_async", down)
    job = Job.objects.create(kind="test.count", requester=cast.sanjay)

    actions.hand_over(job.pk)

    job.refresh_from_db()
    assert (job.state, job.enqueued_at) == (JobState.QUEUED, None)


# ------------------------------------------------------------------------------------------------- happy path


def test_a_job_runs_as_its_requester_and_keeps_its_result(
    cast: Cast, eager_jobs: None, django_capture_on_commit_callbacks: Any
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        job = actions.start("test.count", params={"steps": 4}, by=cast.sanjay, reason="interim analysis")
        assert job.state == JobState.QUEUED

    job.refresh_from_db()
    assert (job.state, job.done, job.total, job.message) == (JobState.DONE, 4, 4, "step 3")
    assert job.result["steps"] == 4 and job.result["by"] == "sanjay"
    said = job.result["context"]
    assert (said["user"], said["source"], said["reason"]) == (cast.sanjay.pk, "job", "interim analysis")
    assert job.result_url == "/outcomes/"
    assert job.started_at and job.finished_at and job.lease_token is None


def test_a_waiting_job_is_cancelled_at_once_and_can_be_tried_again(cast: Cast, started: list[Any]) -> None:
    job = actions.start("test.count", by=cast.sanjay)

    cancelled = actions.cancel(job, by=cast.sanjay)
    assert cancelled.state == JobState.CANCELLED and cancelled.finished_at is not None
    tasks.run(job.pk)
    job.refresh_from_db()
    assert job.state == JobState.CANCELLED and job.attempts == 0

    actions.retry(job, by=cast.sanjay)
    tasks.run(job.pk)
    job.refresh_from_db()
    assert job.state == JobState.DONE


def test_a_running_job_is_cancelled_at_its_next_step_and_writes_nothing(
    cast: Cast, started: list[Any]
) -> None:
    job = actions.start("test.count", by=cast.sanjay)
    token = running(job)

    assert actions.cancel(job, by=cast.sanjay).state == JobState.RUNNING
    progress = Progress(job.pk, token)
    progress.write()
    with pytest.raises(Cancelled):
        progress(1, 3)
    with pytest.raises(Cancelled):
        leases.finish(job.pk, token, Result({}, write=lambda: pytest.fail("written after cancellation")))


@pytest.mark.parametrize("url", ["https://evil.example/", "//evil.example", "/\\evil.example", 7, None])
def test_a_result_leads_only_to_this_portal(url: Any) -> None:
    assert Job(result={"url": url}).result_url == ""


@pytest.mark.django_db(transaction=True)
def test_progress_is_written_at_most_four_times_a_second(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(actions, "hand_over", lambda *args: None)
    job = actions.start("test.count", by=cast.sanjay)
    token = running(job)
    written: list[int] = []
    plain = leases.beat

    def counted(*args: Any) -> bool | None:
        written.append(args[2])
        return plain(*args)

    monkeypatch.setattr(leases, "beat", counted)
    begun = time.monotonic()
    with reporting(job.pk, token) as progress:
        for step in range(1000):
            progress(step, 1000, "counting")
            time.sleep(0.001)
    seconds = time.monotonic() - begun

    assert 2 <= len(written) <= seconds * 4 + 2
    job.refresh_from_db()
    assert (job.done, job.total, job.message) == (999, 1000, "counting")


@pytest.mark.django_db(transaction=True)
def test_a_connection_cut_in_the_middle_is_tried_again(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    handed: list[Any] = []
    monkeypatch.setattr(actions, "hand_over", lambda *args: handed.append(args))
    job = actions.start("test.cut_off", by=cast.sanjay)

    tasks.run(job.pk)
    job.refresh_from_db()
    assert (job.state, handed) == (JobState.QUEUED, [(job.pk, 0), (job.pk, 2)])

    tasks.run(job.pk)
    job.refresh_from_db()
    assert (job.state, job.result) == (JobState.DONE, {"attempt": 2})


@pytest.mark.django_db(transaction=True)
def test_a_job_that_is_writing_its_result_is_neither_rescued_nor_cancelled(
    cast: Cast, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    import threading

    from django.db import connection

    monkeypatch.setattr(actions, "hand_over", lambda *args: None)
    job = actions.start("test.marked", params={"marks": str(tmp_path), "where": "write"}, by=cast.asha)

    def work() -> None:
        try:
            tasks.run(job.pk)
        finally:
            connection.close()

    worker = threading.Thread(target=work)
    worker.start()
    try:
        kinds.wait_for(tmp_path / "written")
        monkeypatch.setattr(leases, "stale_after", lambda: timedelta(seconds=0))
        assert tasks.rescue_stale() == 0
        with pytest.raises(NotPossible, match="just writing its result"):
            actions.cancel(job, by=cast.asha)
    finally:
        (tmp_path / "go").write_text("")
        worker.join()
    job.refresh_from_db()
    assert job.state == JobState.DONE
