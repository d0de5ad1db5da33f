"""Who may work for a job: claiming it, keeping it, giving it back, ending it. All by the database's own clock."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import connection, transaction
from django.db.models import F, Q
from django.db.models.functions import Coalesce, Now

from .errors import Cancelled, LeaseLost
from .models import Job, JobState
from .registry import Result

MESSAGE_LENGTH = 300


def stale_after() -> timedelta:
    """How long a running job may be without a sign of life (JOBS_STALE_AFTER, seconds)."""
    return timedelta(seconds=float(getattr(settings, "JOBS_STALE_AFTER", 30)))


def requeue_after() -> timedelta:
    """How long a queued job may wait before it is handed over again, in case the queue lost it."""
    return timedelta(seconds=float(getattr(settings, "JOBS_REQUEUE_AFTER", 300)))


def is_stale() -> Q:
    return Q(state=JobState.RUNNING, heartbeat_at__lt=Now() - stale_after())


def claim(job_id: int) -> uuid.UUID | None:
    """Take the job for this worker: the token of the lease, or None when it is not to be had.

    One statement, so that of two workers exactly one gets it.
    """
    token = uuid.uuid4()
    taken = (
        Job.objects.filter(pk=job_id, attempts__lt=F("max_attempts"), cancel_requested=False)
        .filter(Q(state=JobState.QUEUED) | is_stale())
        .update(
            state=JobState.RUNNING,
            lease_token=token,
            heartbeat_at=Now(),
            started_at=Coalesce(F("started_at"), Now()),
            attempts=F("attempts") + 1,
            done=0,
            total=0,
            message="",
        )
    )
    return token if taken else None


def beat(job_id: int, token: uuid.UUID, done: int, total: int, message: str) -> bool | None:
    """Say that the job is alive and how far it is. Whether cancellation is asked for; None: the lease is lost."""
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE jobs_job SET heartbeat_at = statement_timestamp(), done = %s, total = %s, message = %s"
            " WHERE id = %s AND lease_token = %s AND state = 'running' RETURNING cancel_requested",
            [max(done, 0), max(total, 0), message[:MESSAGE_LENGTH], job_id, token],
        )
        row = cursor.fetchone()
    return None if row is None else bool(row[0])


def _hold(job_id: int, token: uuid.UUID) -> Job:
    """The job's row, locked, if the lease is still ours. In a transaction."""
    held = (
        Job.objects.select_for_update(of=("self",))
        .filter(pk=job_id, lease_token=token, state=JobState.RUNNING)
        .first()
    )
    if held is None:
        raise LeaseLost
    return held


def finish(job_id: int, token: uuid.UUID, result: Result) -> None:
    """Write what the job has to write and mark it done: both or neither. Raises LeaseLost, Cancelled.

    The lock on the row keeps rescue and cancellation away while `write` runs, however long it takes.
    """
    with transaction.atomic():
        job = _hold(job_id, token)
        if job.cancel_requested:
            raise Cancelled
        found: dict[str, Any] = dict(result.json)
        if result.write is not None:
            more = result.write()
            if isinstance(more, Mapping):
                found |= more
        job.result = found
        job.state, job.finished_at, job.lease_token, job.error = JobState.DONE, Now(), None, ""
        fields = ["result", "state", "finished_at", "lease_token", "error"]
        if job.total:
            job.done = job.total
            fields.append("done")
        job.save(update_fields=fields)


def end(job_id: int, token: uuid.UUID, state: JobState, *, error: str = "", message: str = "") -> None:
    """Mark the job failed or cancelled, if the lease is still ours."""
    with transaction.atomic():
        job = _hold(job_id, token)
        job.state, job.finished_at, job.lease_token = state, Now(), None
        job.error = error
        job.message = message[:MESSAGE_LENGTH] or job.message
        job.save(update_fields=["state", "finished_at", "lease_token", "error", "message"])


def give_back(job_id: int, token: uuid.UUID) -> Job:
    """To be run again: queued, without a lease. Raises LeaseLost."""
    with transaction.atomic():
        job = _hold(job_id, token)
        job.state, job.lease_token = JobState.QUEUED, None
        job.save(update_fields=["state", "lease_token"])
        return job
