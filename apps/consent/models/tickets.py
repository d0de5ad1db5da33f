"""Tickets of what was sent to the log: a page or a script that sends the same twice adds one entry."""

from __future__ import annotations

import pgtrigger
from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from apps.consent.models.events import ConsentEvent
from studyportal.access.models import SiteScoped


class EntryTicket(SiteScoped):
    """Which entry came of a ticket. It stands beside the log and not in it: the chain tells what happened, not how often
    a connection broke."""

    append_only = True

    event = models.OneToOneField(ConsentEvent, on_delete=models.PROTECT, related_name="+")
    sent_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", verbose_name=_("sent by")
    )
    ticket_sha256 = models.CharField(max_length=64)
    # Of what was sent with it: the same ticket with something else is refused.
    sent_sha256 = models.CharField(max_length=64)

    class Meta:
        verbose_name = _("ticket of an entry")
        verbose_name_plural = _("tickets of entries")
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(
                fields=["sent_by", "ticket_sha256"],
                name="entryticket_once",
                violation_error_message=_("This page was sent already."),
            ),
        ]
        triggers = [pgtrigger.Protect(name="append_only", operation=pgtrigger.Update | pgtrigger.Delete)]

    def __str__(self) -> str:
        return f"ticket of entry {self.event_id}"
