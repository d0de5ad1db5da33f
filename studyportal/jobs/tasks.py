"""What the workers run."""

from __future__ import annotations

import json
import logging
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from celery import shared_task
from django.core.serializers.json import DjangoJSONEncoder
from django.db import InterfaceError, OperationalError, connection, transaction
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext as _

from studyportal.access import walls
from studyportal.access.models import User
from studyportal.access.narrowing import Narrowing
from studyportal.audit import acting

from . import leases, registry
from .actions import enqueue
from .errors import Cancelled, InvalidParams, JobError, LeaseLost, UnknownKind
from .models import Job, JobState
from .progress import reporting
from .registry import Kind, Result

logger = logging.getLogger(__name__)

BACK_OFF = (2, 10, 30)  # seconds before the next attempt after a fault of the database that may pass


@shared_task(name="jobs.run")
def run(job_id: int) -> None:
    """Run the job if it is to be had; a second delivery of the same message finds nothing to do."""
    token = leases.claim(job_id)
    if token is None:
        logger.info("Job %s is not waiting; nothing to do", job_id)
        return
    try:
        _attempt(job_id, token)
    except LeaseLost:
        logger.warning("Job %s was given to another worker; this one wrote nothing", job_id)
    except (OperationalError, InterfaceError) as error:
        _after_fault(job_id, token, error)


def _why(job: Job) -> dict[str, str]:
    said = {"reason": job.reason, "reason_code": job.reason_code}
    return {name: value for name, value in said.items() if value}


def _attempt(job_id: int, token: uuid.UUID) -> None:
    job = Job.objects.get(pk=job_id)
    requester = User.objects.get(pk=job.requester_id)  # as the person is now, not at the start
    if job.narrowing is not None:
        requester.narrow(Narrowing.from_json(job.narrowing))
    try:
        kind = _permitted(job, requester)
        with acting(user=requester, source="job", job=job.pk, **_why(job)):
            params = kind.validated(job.params)
            with reporting(job.pk, token) as progress, _one_moment(requester):
                result = _as_result(kind.run(params, progress, requester))
            with walls.opened(requester, writing=True):
                _permitted(job, requester)  # as it stands now, and stays until the end is written
                leases.finish(job.pk, token, result)
    except Cancelled:
        leases.end(job.pk, token, JobState.CANCELLED, message=_("Cancelled; nothing was written"))
    except (JobError, UnknownKind, InvalidParams) as error:
        leases.end(job.pk, token, JobState.FAILED, error=str(error))
    except (LeaseLost, OperationalError, InterfaceError):
        raise
    except Exception as error:
        logger.exception("Job %s (%s) failed", job.pk, job.kind)
        leases.end(
            job.pk,
            token,
            JobState.FAILED,
            error=_(
                "The portal met an unexpected error (%(error)s) and wrote nothing. It is logged as job %(number)s: try"
                " again, and tell the administrator if it happens again."
            )
            % {"error": type(error).__name__, "number": job.pk},
        )


@contextmanager
def _one_moment(requester: User) -> Iterator[None]:
    """The work reads behind the wall of who asked for it, and sees the data of one moment from end to end."""
    alone = not connection.in_atomic_block
    with transaction.atomic():
        if alone:
            with connection.cursor() as cursor:
                cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        with walls.opened(requester):
            yield


def _permitted(job: Job, requester: User) -> Kind:
    kind = registry.get(job.kind)
    if not requester.is_active:
        raise JobError(
            _("The account of %(person)s is no longer active; the job was not run.") % {"person": requester}
        )
    if not requester.may(kind.permission):
        raise JobError(
            _("%(person)s no longer holds the permission “%(permission)s”; the job was not run.")
            % {"person": requester, "permission": kind.permission.value}
        )
    return kind


def _as_result(returned: Any) -> Result:
    result = returned if isinstance(returned, Result) else Result(returned if returned is not None else {})
    if not isinstance(result.json, Mapping):
        raise TypeError(f"a job returns a Result, a mapping or None, not {type(returned).__name__}")
    json.dumps(
        dict(result.json), cls=DjangoJSONEncoder, allow_nan=False
    )  # fails here, before anything is written
    return result


def _after_fault(job_id: int, token: uuid.UUID, error: Exception) -> None:
    """A fault of the database that may pass: later again, as long as attempts are left.

    When the database is not to be reached at all this fails as well, and the rescue finds the job by its silence.
    """
    logger.warning("Job %s met a fault of the database: %s", job_id, error)
    if not connection.in_atomic_block:
        connection.close()
    try:
        with transaction.atomic():
            job = Job.objects.get(pk=job_id)
            if job.attempts < job.max_attempts:
                enqueue(
                    leases.give_back(job_id, token),
                    after_seconds=BACK_OFF[min(job.attempts, len(BACK_OFF)) - 1],
                )
            else:
                leases.end(
                    job_id,
                    token,
                    JobState.FAILED,
                    error=_(
                        "The database did not answer in %d attempts; nothing was written. Try again later."
                    )
                    % job.attempts,
                )
    except (LeaseLost, OperationalError, InterfaceError):
        logger.warning("Job %s is left to the rescue", job_id, exc_info=True)


@shared_task(name="jobs.rescue_stale")
def rescue_stale() -> int:
    """Queue again what a dead worker left and what the queue lost; fail what died too often. How many were touched."""
    rescued = 0
    with transaction.atomic():
        # A job whose row is locked is just writing its result: it is alive.
        for job in Job.objects.select_for_update(skip_locked=True).filter(leases.is_stale()).order_by("id"):
            rescued += 1
            job.lease_token = None
            if job.cancel_requested:
                job.state, job.finished_at = JobState.CANCELLED, Now()
                job.message = _("Cancelled; nothing was written")
            elif job.attempts >= job.max_attempts:
                job.state, job.finished_at = JobState.FAILED, Now()
                job.error = (
                    _(
                        "The worker stopped in the middle of this job %d times; nothing was written. Tell the administrator."
                    )
                    % job.attempts
                )
            else:
                job.state = JobState.QUEUED
                job.message = _("The worker stopped; the job begins again")
                enqueue(job)
            logger.warning("Job %s: its worker stopped, now %s", job.pk, job.state)
            job.save(update_fields=["lease_token", "state", "finished_at", "message", "error"])
        lost = Q(enqueued_at__isnull=True, created_at__lt=Now() - leases.stale_after()) | Q(
            enqueued_at__lt=Now() - leases.requeue_after()
        )
        for job in (
            Job.objects.select_for_update(skip_locked=True)
            .filter(lost, state=JobState.QUEUED)
            .order_by("id")[:1000]
        ):
            rescued += 1
            enqueue(job)
    return rescued
