"""To which group a participant belonged, and from when: entries are added, never changed."""

from __future__ import annotations

from typing import Any

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from apps.enrolment.models.participant import Group, Participant
from apps.enrolment.rules.groups import Entry
from studyportal.access.models import SiteScoped
from studyportal.crf.fields import PartialDateField


class GroupEventKind(models.TextChoices):
    ASSIGNED = "assigned", _("Assigned")
    CROSSED_OVER = "crossed_over", _("Treated later: censored as control, case from then")
    CORRECTED = "corrected", _("Corrected: entered in error")


class GroupEvent(SiteScoped):
    """One change of group. What the participant had as a control until then is kept with it."""

    append_only = True

    participant = models.ForeignKey(
        Participant, on_delete=models.PROTECT, related_name="group_events", verbose_name=_("participant")
    )
    kind = models.CharField(_("kind"), max_length=12, choices=GroupEventKind)
    group = models.CharField(_("group"), max_length=12, choices=Group)
    effective_on = PartialDateField(_("From"), required=False)
    previous_group = models.CharField(_("group before"), max_length=12, choices=Group)
    previous_index_date = models.DateField(_("index date before"), null=True, blank=True)
    previous_matched_case = models.ForeignKey(
        Participant,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("matched case before"),
    )
    reason = models.CharField(_("reason"), max_length=500, blank=True)
    recorded_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+", editable=False
    )
    recorded_at = models.DateTimeField(_("recorded at"), auto_now_add=True)

    class Meta:
        verbose_name = _("change of group")
        verbose_name_plural = _("changes of group")
        ordering = ["id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(kind__in=GroupEventKind.values),
                name="groupevent_known_kind",
                violation_error_message=_("Unknown kind of change."),
            ),
            models.CheckConstraint(
                condition=Q(group__in=Group.values) & Q(previous_group__in=Group.values),
                name="groupevent_known_group",
                violation_error_message=_("Unknown group."),
            ),
            models.CheckConstraint(
                condition=~Q(kind=GroupEventKind.CROSSED_OVER)
                | Q(group=Group.CASE, previous_group=Group.CONTROL, effective_on__isnull=False),
                name="groupevent_control_becomes_case",
                violation_error_message=_("Only a control is treated later, from a day that is known."),
            ),
        ]
        indexes = [models.Index(fields=["participant", "id"])]
        triggers = [pgtrigger.Protect(name="append_only", operation=pgtrigger.Update | pgtrigger.Delete)]

    def __str__(self) -> str:
        return f"{self.get_kind_display()}: {self.get_group_display()}"

    def as_entry(self) -> Entry:
        """The entry as the pure rules see it."""
        effective_on: Any = self.effective_on
        return Entry(
            self.kind, self.group, effective_on, self.previous_index_date, self.previous_matched_case_id
        )
