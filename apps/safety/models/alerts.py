"""What must not be overlooked: it stands on every page of the site until a person says what is done about it."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from apps.celldose.models import CellProduct
from apps.safety.models.events import AdverseEvent
from studyportal.access.models import SiteScoped
from studyportal.audit import tracked


class AlertKind(models.TextChoices):
    LATE_GROWTH = "late_growth", _("A culture grew after the product was released")
    OUT_OF_SPECIFICATION = "out_of_specification", _("A result is out of specification after the release")


@tracked
class SafetyAlert(SiteScoped):
    """An alert to the site. Raised by the portal, acknowledged by a person with what is done; never deleted."""

    kind = models.CharField(_("kind"), max_length=30, choices=AlertKind)
    participant = models.ForeignKey(settings.PARTICIPANT_MODEL, on_delete=models.PROTECT, related_name="+")
    product = models.ForeignKey(CellProduct, on_delete=models.PROTECT, related_name="+")
    event = models.ForeignKey(
        AdverseEvent,
        on_delete=models.PROTECT,
        null=True,
        related_name="alerts",
        verbose_name=_("adverse event"),
    )
    about = models.CharField(
        _("what grew"),
        max_length=200,
        blank=True,
        help_text=_("The cultures that it is about, in order: another culture is another alert."),
    )
    message = models.TextField(_("in words"))
    raised_at = models.DateTimeField(_("raised at"), auto_now_add=True)
    acknowledged_at = models.DateTimeField(_("acknowledged at"), null=True)
    acknowledged_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )
    what_is_done = models.TextField(_("what is done"), blank=True)
    version = models.PositiveIntegerField(default=1)

    class Meta:
        verbose_name = _("safety alert")
        verbose_name_plural = _("safety alerts")
        ordering = ["-id"]
        indexes = [
            models.Index(
                fields=["site", "id"], condition=Q(acknowledged_at__isnull=True), name="safety_alert_standing"
            )
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["product", "kind", "about"],
                condition=Q(acknowledged_at__isnull=True),
                name="safetyalert_once_per_finding",
                violation_error_message=_("This alert stands already."),
            ),
            models.CheckConstraint(
                condition=Q(acknowledged_at__isnull=True) | ~Q(what_is_done=""),
                name="safetyalert_acknowledged_says_what",
                violation_error_message=_("Say what is done about it."),
            ),
            models.CheckConstraint(
                condition=Q(acknowledged_at__isnull=True, acknowledged_by__isnull=True)
                | Q(acknowledged_at__isnull=False, acknowledged_by__isnull=False),
                name="safetyalert_acknowledged_by_somebody",
                violation_error_message=_("An acknowledgement has its person and its time."),
            ),
        ]

    def __str__(self) -> str:
        return self.message
