"""The receipt of every export: who took what, when, and the checksum of what left the portal; and whose data were shared."""

from __future__ import annotations

import uuid

import pgtrigger
from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from apps.exports.purposes import Purpose
from studyportal.access.models import SiteScoped
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
        ]

    def __str__(self) -> str:
        return f"{self.dataset} {self.started_at:%Y-%m-%d %H:%M}"

    @property
    def participants(self) -> list[str] | None:
        """The codes of those whose rows were in an export for sharing; None for any other. Prefetch `shared`."""
        if self.purpose != Purpose.SHARING:
            return None
        return sorted(one.participant.code for one in self.shared.all())


class SharedParticipant(SiteScoped):
    """Whose rows were in an export for sharing. Written before its first byte left, so that one that broke off counts."""

    append_only = True
    wall = "log"  # added to by whoever downloads, who changes no row of a participant

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", verbose_name=_("shared by")
    )
    participant = models.ForeignKey(
        settings.PARTICIPANT_MODEL, on_delete=models.PROTECT, related_name="+", verbose_name=_("participant")
    )
    # The receipt is written when the file has ended, in whatever way.
    receipt = models.ForeignKey(
        ExportReceipt,
        on_delete=models.PROTECT,
        db_constraint=False,
        related_name="shared",
        verbose_name=_("receipt"),
    )
    dataset = models.CharField(_("dataset"), max_length=60)
    shared_at = models.DateTimeField(_("shared at"))

    class Meta:
        verbose_name = _("participant whose data were shared")
        verbose_name_plural = _("participants whose data were shared")
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(
                fields=["receipt", "participant"],
                name="shared_once_per_receipt",
                violation_error_message=_("The receipt names this participant already."),
            ),
        ]
        indexes = [models.Index(fields=["participant", "id"])]
        triggers = [pgtrigger.Protect(name="append_only", operation=pgtrigger.Update | pgtrigger.Delete)]

    def __str__(self) -> str:
        return f"{self.dataset} {self.shared_at:%Y-%m-%d}"
