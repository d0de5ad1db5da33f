"""The receipt of every export: who took what, when, and the checksum of what left the portal."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from apps.exports.purposes import Purpose
from studyportal.access.profiles import CODED, PROFILES


class ExportReceipt(models.Model):
    """Written once, when the last byte has left or the client has gone. The application cannot change it."""

    append_only = True

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    requester = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", verbose_name=_("requested by")
    )
    source = models.CharField(_("road"), max_length=10)
    dataset = models.CharField(_("dataset"), max_length=60)
    filters = models.JSONField(_("filters"), default=dict)
    sites = models.JSONField(
        _("sites"),
        null=True,
        help_text=_("Codes of the sites that the requester could see; empty: all of them."),
    )
    profile = models.CharField(_("profile"), max_length=12, choices=PROFILES, default=CODED)
    token_name = models.CharField(
        _("token"), max_length=80, blank=True, default="", help_text=_("Empty: taken from a page.")
    )
    purpose = models.CharField(
        _("purpose"), max_length=10, choices=Purpose, default=Purpose.ANALYSIS, editable=False
    )
    left_out = models.JSONField(
        _("participants left out"),
        default=list,
        editable=False,
        help_text=_("Participant codes with why their data may not leave for this purpose."),
    )
    participants = models.JSONField(
        _("participants whose rows were shared"),
        null=True,
        editable=False,
        help_text=_("Of an export for sharing: who was in it."),
    )
    protocol_version = models.CharField(_("protocol version"), max_length=20, blank=True)
    started_at = models.DateTimeField(_("started"))
    ended_at = models.DateTimeField(_("ended"), auto_now_add=True)
    complete = models.BooleanField(_("complete"))
    rows = models.BigIntegerField(_("rows"), null=True)
    bytes = models.BigIntegerField(_("bytes"))
    sha256 = models.CharField(_("SHA-256"), max_length=64)

    class Meta:
        verbose_name = _("export receipt")
        verbose_name_plural = _("export receipts")
        ordering = ["-ended_at", "id"]
        indexes = [models.Index(fields=["requester", "-ended_at"], name="receipt_by_requester")]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(complete=False) | models.Q(rows__isnull=False),
                name="receipt_complete_has_rows",
                violation_error_message=_("A complete export has a number of rows."),
            ),
            models.CheckConstraint(
                condition=models.Q(purpose__in=Purpose.values),
                name="receipt_known_purpose",
                violation_error_message=_("Unknown purpose of an export."),
            ),
            models.CheckConstraint(
                condition=~models.Q(purpose=Purpose.SHARING) | models.Q(participants__isnull=False),
                name="receipt_of_sharing_names_participants",
                violation_error_message=_("The receipt of an export for sharing says whose rows were in it."),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.dataset} {self.started_at:%Y-%m-%d %H:%M}"
