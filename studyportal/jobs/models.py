"""A job: long work asked for by a person, done by a worker."""

from __future__ import annotations

from django.conf import settings
from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _


class JobState(models.TextChoices):
    QUEUED = "queued", _("Queued")
    RUNNING = "running", _("Running")
    DONE = "done", _("Done")
    FAILED = "failed", _("Failed")
    CANCELLED = "cancelled", _("Cancelled")


ENDED = (JobState.DONE, JobState.FAILED, JobState.CANCELLED)


class Job(models.Model):
    """State, progress and result of one piece of work.

    A worker that runs it holds the lease: `lease_token` is its alone, and nothing is written for the job by anyone who
    holds another. A worker whose heartbeat stops loses the lease, and the job is run again from its beginning.
    """

    kind = models.CharField(_("kind"), max_length=80)
    requester = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        related_name="jobs",
        verbose_name=_("requested by"),
    )
    params = models.JSONField(_("parameters"), default=dict, encoder=DjangoJSONEncoder)
    reason = models.TextField(_("reason"), blank=True, default="")
    # What the token left that asked for it: the job has no more than its request had.
    narrowing = models.JSONField(null=True, editable=False)
    reason_code = models.CharField(_("code of the reason"), max_length=30, blank=True, default="")

    state = models.CharField(_("state"), max_length=10, choices=JobState, default=JobState.QUEUED)
    done = models.PositiveBigIntegerField(_("steps done"), default=0)
    total = models.PositiveBigIntegerField(_("steps in all"), default=0, help_text=_("0: not known"))
    message = models.CharField(_("what it is doing"), max_length=300, blank=True, default="")
    result = models.JSONField(_("result"), null=True, blank=True, encoder=DjangoJSONEncoder)
    error = models.TextField(_("why it failed"), blank=True, default="")

    attempts = models.PositiveSmallIntegerField(_("attempts"), default=0)
    max_attempts = models.PositiveSmallIntegerField(_("attempts allowed"), default=3)
    cancel_requested = models.BooleanField(_("cancellation asked for"), default=False)
    lease_token = models.UUIDField(null=True, editable=False)
    heartbeat_at = models.DateTimeField(null=True, editable=False)
    enqueued_at = models.DateTimeField(null=True, editable=False)

    created_at = models.DateTimeField(_("asked for at"), auto_now_add=True)
    started_at = models.DateTimeField(_("started at"), null=True)
    finished_at = models.DateTimeField(_("ended at"), null=True)

    class Meta:
        verbose_name = _("job")
        verbose_name_plural = _("jobs")
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(state__in=JobState.values),
                name="job_known_state",
                violation_error_message=_("Unknown state."),
            ),
            models.CheckConstraint(
                condition=~Q(state="running") | Q(lease_token__isnull=False, heartbeat_at__isnull=False),
                name="job_running_has_lease",
                violation_error_message=_("A running job has a worker that holds its lease."),
            ),
            models.CheckConstraint(
                condition=Q(state__in=["queued", "running"], finished_at__isnull=True)
                | Q(state__in=["done", "failed", "cancelled"], finished_at__isnull=False),
                name="job_ended_has_end",
                violation_error_message=_("A job has an end exactly when it ended."),
            ),
        ]
        indexes = [
            models.Index(fields=["requester", "-id"], name="job_of_requester"),
            models.Index(
                fields=["state", "heartbeat_at"],
                name="job_open",
                condition=Q(state__in=["queued", "running"]),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.title} ({self.pk})"

    def get_absolute_url(self) -> str:
        return reverse("job", args=[self.pk])

    @property
    def title(self) -> str:
        """What people call it; its key when the portal no longer knows the kind."""
        from . import registry

        found = registry.find(self.kind)
        return str(found.title) if found else self.kind

    @property
    def has_ended(self) -> bool:
        return self.state in ENDED

    @property
    def can_retry(self) -> bool:
        return self.state in (JobState.FAILED, JobState.CANCELLED)

    @property
    def result_url(self) -> str:
        """The page of the result, when the result names one of this portal."""
        url = self.result.get("url", "") if isinstance(self.result, dict) else ""
        return (
            url if isinstance(url, str) and url.startswith("/") and not url.startswith(("//", "/\\")) else ""
        )
