"""What was told about a serious event, to whom and when; which clocks it stopped; and who was reminded."""

from __future__ import annotations

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from apps.safety.models.events import AdverseEvent
from studyportal.access.models import SiteScoped


class ReportKind(models.TextChoices):
    INITIAL = "initial", _("Initial report")
    FOLLOW_UP = "follow_up", _("Follow-up report")
    ANALYSIS = "analysis", _("Analysis")
    FINAL = "final", _("Final report")
    # Comes from the recipient: the committee's opinion, the sponsor's analysis.
    OPINION = "opinion", _("Opinion received")


class SafetyReport(SiteScoped):
    """A report of a serious event as it was sent: a numbered version with its content. Append-only.

    clocks: the clocks of the protocol that it stops, each {key, label, start, allowed_hours, due_at, due_by,
    from_occurrence_hours, from_awareness_hours (each [at least, at most]), late}. A late report keeps its reason. content:
    everything that the PDF shows, so that it can be printed again unchanged. corrects: the version whose time, recipient,
    number or reason was recorded wrongly, and in whose place this one stands; taken_back: it was never sent.
    """

    append_only = True

    event = models.ForeignKey(AdverseEvent, on_delete=models.PROTECT, related_name="reports")
    participant = models.ForeignKey(settings.PARTICIPANT_MODEL, on_delete=models.PROTECT, related_name="+")
    number = models.PositiveSmallIntegerField(_("version"))
    kind = models.CharField(_("kind"), max_length=10, choices=ReportKind)
    recipient = models.CharField(_("to"), max_length=40, help_text=_("Key of the recipient in the protocol."))
    recipient_label = models.CharField(_("to, in words"), max_length=200)
    sent_at = models.DateTimeField(_("sent at"))
    reference = models.CharField(_("reference number"), max_length=80, blank=True)
    method = models.CharField(_("sent by"), max_length=80, blank=True)
    clocks = models.JSONField(_("clocks that it stops"), default=list)
    note = models.TextField(_("note"), blank=True)
    corrects = models.OneToOneField(
        "self",
        on_delete=models.PROTECT,
        null=True,
        related_name="corrected_by",
        verbose_name=_("corrects the version"),
    )
    correction_reason = models.TextField(_("why corrected"), blank=True)
    taken_back = models.BooleanField(_("was never sent"), default=False)
    late = models.BooleanField(_("late"))
    late_reason = models.TextField(_("why it is late"), blank=True)
    event_version = models.PositiveIntegerField(_("version of the event"))
    content = models.JSONField(_("content"))
    content_sha256 = models.CharField("SHA-256", max_length=64)
    protocol_version = models.CharField(_("protocol version"), max_length=40)
    reported_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    reporter_name = models.CharField(_("name of the reporter"), max_length=150)
    reporter_role = models.CharField(_("role of the reporter"), max_length=200)
    recorded_at = models.DateTimeField(_("recorded at"), auto_now_add=True)

    class Meta:
        verbose_name = _("safety report")
        verbose_name_plural = _("safety reports")
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(
                fields=["event", "number"],
                name="safetyreport_number_once",
                violation_error_message=_(
                    "Another report was recorded meanwhile; look at it and send again."
                ),
            ),
            models.CheckConstraint(
                condition=Q(late=False) | ~Q(late_reason=""),
                name="safetyreport_late_has_reason",
                violation_error_message=_("A late report gives its reason."),
            ),
            models.CheckConstraint(
                condition=Q(content_sha256__regex=r"^[0-9a-f]{64}$"),
                name="safetyreport_has_hash",
                violation_error_message=_("A report carries the SHA-256 of its content."),
            ),
            models.CheckConstraint(
                condition=Q(corrects__isnull=True, correction_reason="", taken_back=False)
                | Q(corrects__isnull=False) & ~Q(correction_reason=""),
                name="safetyreport_correction_has_reason",
                violation_error_message=_("A correction names the report that it corrects, and says why."),
            ),
            models.CheckConstraint(
                condition=Q(kind__in=ReportKind.values),
                name="safetyreport_known_kind",
                violation_error_message=_("Unknown kind of report."),
            ),
        ]
        triggers = [pgtrigger.Protect(name="append_only", operation=pgtrigger.Update | pgtrigger.Delete)]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.number}"


class Reminder(SiteScoped):
    """A person was reminded of a clock: so that nobody is told twice and it can be shown who was. Append-only."""

    append_only = True

    event = models.ForeignKey(AdverseEvent, on_delete=models.PROTECT, related_name="reminders")
    participant = models.ForeignKey(settings.PARTICIPANT_MODEL, on_delete=models.PROTECT, related_name="+")
    clock = models.CharField(_("clock"), max_length=40)
    level = models.CharField(_("level"), max_length=40)
    recipients = models.JSONField(_("who was told"), default=list, help_text=_("User names."))
    unreached = models.JSONField(
        _("who has no address for mail"), default=list, help_text=_("User names; nobody at all: a role.")
    )
    sent_at = models.DateTimeField(_("sent at"), auto_now_add=True)

    class Meta:
        verbose_name = _("reminder")
        verbose_name_plural = _("reminders")
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(
                fields=["event", "clock", "level"],
                name="reminder_once_per_level",
                violation_error_message=_("This reminder was sent already."),
            )
        ]
        triggers = [pgtrigger.Protect(name="append_only", operation=pgtrigger.Update | pgtrigger.Delete)]

    def __str__(self) -> str:
        return f"{self.clock}: {self.level}"
