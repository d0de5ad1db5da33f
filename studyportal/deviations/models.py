"""Departures from the protocol, raised by rules or by people."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from studyportal.access.models import SiteScoped
from studyportal.audit import tracked


class Classification(models.TextChoices):
    MINOR = "minor", _("Minor")
    MAJOR = "major", _("Major")
    CRITICAL = "critical", _("Critical")


class DeviationState(models.TextChoices):
    OPEN = "open", _("Open")
    CLOSED = "closed", _("Closed")
    WITHDRAWN = "withdrawn", _("No longer present")


@tracked
class Deviation(SiteScoped):
    """One departure from the protocol: what, how grave, what was done about it."""

    participant = models.ForeignKey(
        settings.PARTICIPANT_MODEL, on_delete=models.PROTECT, related_name="deviations"
    )
    code = models.CharField(_("code"), max_length=80)
    description = models.TextField(_("description"))
    classification = models.CharField(_("classification"), max_length=10, choices=Classification)
    form = models.CharField(_("form"), max_length=60, blank=True)
    object_id = models.BigIntegerField(_("record"), null=True, blank=True)
    raised_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        related_name="+",
        help_text=_("Empty: by a rule."),
    )
    raised_at = models.DateTimeField(_("raised at"), auto_now_add=True)
    corrective_action = models.TextField(_("corrective action"), blank=True)
    reported_to_committee_on = models.DateField(
        _("reported to the ethics committee on"), null=True, blank=True
    )
    state = models.CharField(_("state"), max_length=10, choices=DeviationState, default=DeviationState.OPEN)
    version = models.PositiveIntegerField(default=1)

    class Meta:
        verbose_name = _("protocol deviation")
        verbose_name_plural = _("protocol deviations")
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["form", "object_id", "code"],
                condition=Q(raised_by__isnull=True),
                name="deviation_once_per_rule",
                violation_error_message=_("This rule already raised its deviation."),
            ),
            models.CheckConstraint(
                condition=Q(classification__in=Classification.values),
                name="deviation_known_classification",
                violation_error_message=_("Unknown classification."),
            ),
        ]

    def __str__(self) -> str:
        return self.description
