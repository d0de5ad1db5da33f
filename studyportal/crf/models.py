"""The record that every case report form is."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from studyportal.access.models import SiteScoped


class RecordStatus(models.TextChoices):
    INCOMPLETE = "incomplete", _("Incomplete")
    COMPLETE = "complete", _("Complete")


class CrfRecord(SiteScoped):
    """Abstract: one filled form of one participant. Concrete forms add their fields and parents."""

    participant = models.ForeignKey(
        settings.PARTICIPANT_MODEL, on_delete=models.PROTECT, related_name="+", editable=False
    )
    status = models.CharField(
        _("status"), max_length=10, choices=RecordStatus, default=RecordStatus.INCOMPLETE
    )
    # Field name → why it has no value: a code of AbsentReason, or "not_derivable: what is missing".
    absent = models.JSONField(_("absent values"), default=dict, blank=True)
    version = models.PositiveIntegerField(default=1, editable=False)
    created_at = models.DateTimeField(auto_now_add=True, editable=False)
    updated_at = models.DateTimeField(auto_now=True, editable=False)

    class Meta:
        abstract = True
        ordering = ["id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(status__in=RecordStatus.values),
                name="%(app_label)s_%(class)s_known_status",
                violation_error_message=_("A form is incomplete or complete."),
            )
        ]

    def __str__(self) -> str:
        return f"{self._meta.verbose_name} {self.pk}"

    def absent_reason(self, field: str) -> str:
        """The stored reason, "" when there is a value or none was given."""
        return str(self.absent.get(field, ""))

    @property
    def is_complete(self) -> bool:
        return self.status == RecordStatus.COMPLETE

    def get_absolute_url(self) -> str:
        from django.urls import reverse

        from studyportal.crf.registry import spec_for

        return reverse("crf:edit", args=[spec_for(type(self)).key, self.pk])

    @property
    def home_url(self) -> str:
        """The page where this form belongs, to which a person returns after saving it."""
        return str(self.participant.get_absolute_url())

    @classmethod
    def crf_fields(cls) -> dict[str, Any]:
        """Field name → field, for every field of the form in the order of the model."""
        from studyportal.crf.fields import CrfField

        return {f.name: f for f in cls._meta.concrete_fields if isinstance(f, CrfField)}


class Draft(SiteScoped):
    """What a person typed into a form and has not saved: only that person's, until it is saved, discarded or old.

    One for each page of a form that was opened (`page`), so that two tabs do not write over each other. object_id:
    the record that is being changed, None for a new one; parents: what a new one belongs to, as `visit=12`.
    data: name of the control → what it posts, only for the fields of the form and the reason of a change.
    """

    wall = "own"
    not_a_record = "what was typed and is not saved; it is deleted when it is saved, and nobody else sees it"

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", editable=False
    )
    participant = models.ForeignKey(
        settings.PARTICIPANT_MODEL, on_delete=models.PROTECT, related_name="+", editable=False
    )
    form = models.CharField(_("form"), max_length=60)
    object_id = models.BigIntegerField(_("record"), null=True)
    parents = models.CharField(_("belongs to"), max_length=200, blank=True)
    page = models.CharField(_("opened page"), max_length=32)
    data = models.JSONField(_("typed"), default=dict)
    version_seen = models.PositiveIntegerField(_("version seen"), default=0)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        verbose_name = _("draft")
        verbose_name_plural = _("drafts")
        ordering = ["-updated_at", "-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["user", "form", "participant", "object_id", "parents", "page"],
                nulls_distinct=False,
                name="draft_once_per_page",
                violation_error_message=_("This page already has its draft."),
            )
        ]
        indexes = [models.Index(fields=["updated_at"])]

    def __str__(self) -> str:
        return f"{self._meta.verbose_name} {self.pk}"

    @property
    def is_copy(self) -> bool:
        """Whether it was copied from the record before, and not typed."""
        return "copied_from" in self.data


class Submission(models.Model):
    """A key under which a person sent something, and what it made: sent again, it makes nothing new (`submissions`).

    content_sha256: of what was sent; form: the key of a form, or the name of what is made; object_id: what was made.
    """

    wall = "own"
    not_a_record = (
        "the key of something that was sent; it is deleted after thirty days, and says nothing of anybody"
    )

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", editable=False
    )
    key = models.CharField(_("key"), max_length=200)
    content_sha256 = models.CharField(_("SHA-256 of the content"), max_length=64)
    form = models.CharField(_("form"), max_length=60)
    object_id = models.BigIntegerField(_("record"), null=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name = _("submission")
        verbose_name_plural = _("submissions")
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["user", "key"],
                name="submission_once_per_key",
                violation_error_message=_("This key was used before."),
            )
        ]
        indexes = [models.Index(fields=["created_at"])]

    def __str__(self) -> str:
        return f"{self._meta.verbose_name} {self.pk}"
