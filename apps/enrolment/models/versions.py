"""Under which version of the protocol a participant takes part, and from when: entries are added, never changed."""

from __future__ import annotations

import pgtrigger
from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from apps.enrolment.models.participant import Participant
from studyportal.access.models import SiteScoped


class ProtocolAssignment(SiteScoped):
    """One assignment: at enrolment, or later by who moved the participant to an amended protocol and why."""

    append_only = True

    participant = models.ForeignKey(
        Participant,
        on_delete=models.PROTECT,
        related_name="protocol_assignments",
        verbose_name=_("participant"),
    )
    protocol_version = models.CharField(_("protocol version"), max_length=40)
    from_on = models.DateField(_("from"), help_text=_("Visits from this day on are made under this version."))
    reason = models.CharField(_("reason"), max_length=500, blank=True)
    recorded_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+", editable=False
    )
    recorded_at = models.DateTimeField(_("recorded at"), auto_now_add=True)

    class Meta:
        verbose_name = _("assignment to a protocol version")
        verbose_name_plural = _("assignments to protocol versions")
        ordering = ["id"]
        constraints = [
            models.CheckConstraint(
                condition=~models.Q(protocol_version=""),
                name="protocolassignment_names_version",
                violation_error_message=_("Say which version of the protocol."),
            ),
        ]
        indexes = [models.Index(fields=["participant", "id"])]
        triggers = [pgtrigger.Protect(name="append_only", operation=pgtrigger.Update | pgtrigger.Delete)]

    def __str__(self) -> str:
        return f"{self.protocol_version}, {self.from_on}"
