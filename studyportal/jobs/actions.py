"""Asking for a job, cancelling it, trying it again."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models.functions import Now
from django.utils.translation import gettext as _
from kombu.exceptions import KombuError, OperationalError

from studyportal.access.models import User
from studyportal.access.narrowing import Narrowing
from studyportal.audit import reasons

from . import registry
from .errors import NotPossible
from .models import Job, JobState

logger = logging.getLogger(__name__)


def start(key: str, *, params: Mapping[str, Any] | None = None, by: User, reason: Any = None) -> Job:
    """Ask for a job; it is queued when the transaction commits.

    reason: as `audit.reasons.parse` takes it. Raises ReasonError, UnknownKind, InvalidParams, and PermissionDenied when `by` does not hold the kind's permission.
    """
    kind = registry.get(key)
    require(kind, by)
    why = reasons.parse(reason)
    job = Job.objects.create(
        kind=key,
        requester=by,
        params=kind.stored(params or {}),
        reason=str(why or ""),
        reason_code=why.code if why else "",
        narrowing=None if by.narrowing is None else by.narrowing.as_json(),
        max_attempts=kind.max_attempts,
    )
    enqueue(job)
    return job


def require(kind: registry.Kind, by: User) -> None:
    if not (by.is_active and by.may(kind.permission)):
        raise PermissionDenied(
            _("“%(job)s” needs the permission “%(permission)s”, which your roles do not include.")
            % {"job": kind.title, "permission": kind.permission.value}
        )


@transaction.atomic
def cancel(job: Job, *, by: User) -> Job:
    """A waiting job ends at once; a running one at its next step. Raises NotPossible when it has ended."""
    locked = _locked(job)
    if locked.has_ended:
        raise NotPossible(
            _("The job has ended already (%s); there is nothing to cancel.") % locked.get_state_display()
        )
    if locked.state == JobState.QUEUED:
        locked.state, locked.finished_at = JobState.CANCELLED, Now()
        locked.message = _("Cancelled before it began")
    locked.cancel_requested = True
    locked.save(update_fields=["state", "finished_at", "message", "cancel_requested"])
    locked.refresh_from_db()
    return locked


@transaction.atomic
def retry(job: Job, *, by: User) -> Job:
    """Run a failed or cancelled job again, from its beginning.

    Raises NotPossible in any other state, UnknownKind, PermissionDenied.
    """
    locked = _locked(job)
    if not locked.can_retry:
        raise NotPossible(
            _("Only a failed or cancelled job can be tried again; this one is: %s.")
            % locked.get_state_display()
        )
    require(registry.get(locked.kind), by)
    if by.narrowing is not None:
        # Tried again through a token, it has no more than that token either.
        before = None if locked.narrowing is None else Narrowing.from_json(locked.narrowing)
        locked.narrowing = (by.narrowing if before is None else before.within(by.narrowing)).as_json()
    locked.state = JobState.QUEUED
    locked.done = locked.total = locked.attempts = 0
    locked.message = locked.error = ""
    locked.result = locked.started_at = locked.finished_at = locked.lease_token = locked.enqueued_at = None
    locked.cancel_requested = False
    locked.save()
    enqueue(locked)
    return locked


def _locked(job: Job) -> Job:
    """The row as it is now. A job in its last moment, when its result is being written, is not waited for."""
    locked = Job.objects.select_for_update(skip_locked=True).filter(pk=job.pk).first()
    if locked is None:
        raise NotPossible(
            _("The job is just writing its result and can no longer be changed; look again in a moment.")
        )
    return locked


def enqueue(job: Job, *, after_seconds: int = 0) -> None:
    """Hand the job to the workers when the transaction commits.

    When the queue cannot be reached the job stays queued, and the regular rescue hands it over later.
    """
    transaction.on_commit(lambda: hand_over(job.pk, after_seconds))


def hand_over(job_id: int, after_seconds: int = 0) -> None:
    from .tasks import run

    # Marked first: with eager tasks the job has ended when apply_async returns.
    Job.objects.filter(pk=job_id).update(enqueued_at=Now())
    try:
        run.apply_async(args=[job_id], countdown=after_seconds or None)
    except (OperationalError, KombuError, OSError):
        logger.exception("Job %s could not be handed to the queue; it is tried again by the rescue", job_id)
        Job.objects.filter(pk=job_id, state=JobState.QUEUED).update(enqueued_at=None)
