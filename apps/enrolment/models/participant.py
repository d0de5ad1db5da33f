"""The participant, by code only."""

from __future__ import annotations

from django.conf import settings
from django.core.validators import RegexValidator
from django.db import models
from django.db.models import F, Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from apps.enrolment.rules import CODE_PATTERN
from studyportal.access.models import Site, SiteScoped
from studyportal.audit import tracked
from studyportal.crf.fields import PartialDateField


class Group(models.TextChoices):
    CASE = "case", _("Case")
    CONTROL = "control", _("Control")
    UNASSIGNED = "unassigned", _("Not assigned")


class ParticipantStatus(models.TextChoices):
    """Derived from what happened (`rules.participation.fold`); nobody types it."""

    SCREENED = "screened", _("Screened")
    ELIGIBLE = "eligible", _("Eligible")
    CONSENTED = "consented", _("Consented")
    ENROLLED = "enrolled", _("Enrolled")
    ON_TREATMENT = "on_treatment", _("On treatment")
    IN_FOLLOW_UP = "in_follow_up", _("In follow-up")
    COMPLETED = "completed", _("Completed")
    WITHDRAWN = "withdrawn", _("Withdrawn")
    LOST = "lost", _("Lost to follow-up")
    DIED = "died", _("Died")
    NOT_ELIGIBLE = "not_eligible", _("Not eligible")
    DECLINED = "declined", _("Declined")


class CodeSequence(models.Model):
    """The last numbers given at a site. Its row is locked while the next one is given; numbers are never reused."""

    site = models.OneToOneField(Site, on_delete=models.PROTECT, related_name="+")
    last = models.PositiveIntegerField(default=0)
    last_screened = models.PositiveIntegerField(default=0)

    def __str__(self) -> str:
        return f"{self.site.code}: {self.last}"


@tracked
class Participant(SiteScoped):
    """A person in the study, by code only: name, birth date and contact are never kept here."""

    code = models.CharField(
        _("code"),
        max_length=16,
        unique=True,
        editable=False,
        validators=[RegexValidator(CODE_PATTERN, _("A participant code looks like MUM-0001-K."))],
    )
    group = models.CharField(_("group"), max_length=12, choices=Group, default=Group.UNASSIGNED)
    status = models.CharField(
        _("status"),
        max_length=12,
        choices=ParticipantStatus,
        default=ParticipantStatus.SCREENED,
        editable=False,
    )
    status_since = PartialDateField(_("In this status since"), required=False)
    synthetic = models.BooleanField(
        _("synthetic"), default=False, help_text=_("Made by a generator: no person stands behind it.")
    )
    retrospective = models.BooleanField(
        _("retrospective"),
        default=False,
        help_text=_("Transcribed from a published source; the events precede the study."),
    )
    label = models.CharField(
        _("label"), max_length=60, blank=True, help_text=_("A short free label; never a name or an initial.")
    )
    index_date = models.DateField(
        _("index date"), null=True, blank=True, help_text=_("Day 0 of a control: Day 0 of the matched case.")
    )
    matched_case = models.ForeignKey(
        "self",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="controls",
        verbose_name=_("matched case"),
    )
    enrolled_on = PartialDateField(_("Enrolled on"), required=False)
    enrolment_basis = models.JSONField(
        _("what the enrolment relied on"),
        default=dict,
        blank=True,
        editable=False,
        help_text=_("Protocol version, verdict of eligibility and approvals, as they stood."),
    )
    protocol_version = models.CharField(
        _("protocol version"),
        max_length=40,
        blank=True,
        db_default="",
        editable=False,
        help_text=_(
            "The last version of the protocol that the participant was assigned to; empty: none, the version in force counts."
        ),
    )
    version = models.PositiveIntegerField(default=1, editable=False)
    registered_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+", editable=False
    )
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        verbose_name = _("participant")
        verbose_name_plural = _("participants")
        ordering = ["id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(group__in=Group.values),
                name="participant_known_group",
                violation_error_message=_("Unknown group."),
            ),
            models.CheckConstraint(
                condition=Q(status__in=ParticipantStatus.values),
                name="participant_known_status",
                violation_error_message=_("Unknown status."),
            ),
            models.CheckConstraint(
                condition=Q(matched_case__isnull=True) | Q(group=Group.CONTROL),
                name="participant_only_controls_matched",
                violation_error_message=_("Only a control is matched to a case."),
            ),
            models.CheckConstraint(
                condition=Q(index_date__isnull=True) | Q(group=Group.CONTROL),
                name="participant_only_controls_index_date",
                violation_error_message=_("Only a control has an index date."),
            ),
            models.CheckConstraint(
                condition=Q(matched_case__isnull=True) | ~Q(matched_case=F("id")),
                name="participant_not_matched_to_self",
                violation_error_message=_("A participant cannot be matched to himself or herself."),
            ),
            models.CheckConstraint(
                condition=~Q(synthetic=True, retrospective=True),
                name="participant_synthetic_or_retrospective",
                violation_error_message=_(
                    "A synthetic participant is not transcribed from a published source."
                ),
            ),
        ]
        indexes = [models.Index(fields=["site", "group", "status"])]

    def __str__(self) -> str:
        return self.code

    def get_absolute_url(self) -> str:
        return reverse("casebook:participant", args=[self.code])
