"""Departures from the protocol, raised by rules or by people."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from studyportal.access.models import SiteScoped
from studyportal.audit import tracked
from studyportal.deviations import rules
from studyportal.words import again, translated


class Classification(models.TextChoices):
    MINOR = "minor", _("Minor")
    MAJOR = "major", _("Major")
    CRITICAL = "critical", _("Critical")


class Kind(models.TextChoices):
    """What was departed from."""

    VISIT = "visit", _("Visit or its window")
    CONSENT = "consent", _("Consent")
    ELIGIBILITY = "eligibility", _("Eligibility")
    DOSE = "dose", _("Dose or session interval")
    PRODUCT = "product", _("Product, release or expiry")
    IDENTITY = "identity", _("Identity")
    SAFETY = "safety", _("Safety reporting")
    PROCEDURE = "procedure", _("Procedure or sample")
    OTHER = "other", _("Other")


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
    # How the sentence was made (`studyportal.words`); empty: typed by a person, or from before.
    template = models.TextField(editable=False, blank=True)
    params = models.JSONField(editable=False, default=dict, blank=True)
    classification = models.CharField(_("classification"), max_length=10, choices=Classification)
    # What the rule said last; a person may have classed it otherwise. When the rule says something else, it counts.
    found_classification = models.CharField(
        _("classification by the rule"), max_length=10, choices=Classification, blank=True
    )
    kind = models.CharField(_("kind"), max_length=20, choices=Kind, default=Kind.OTHER)
    occurred_on = models.DateField(_("happened on"), null=True, blank=True)
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
    root_cause = models.TextField(_("root cause"), blank=True)
    corrective_action = models.TextField(_("corrective action"), blank=True)
    preventive_action = models.TextField(_("preventive action"), blank=True)
    action_due_on = models.DateField(_("action due on"), null=True, blank=True)
    responsible = models.CharField(_("who sees to it"), max_length=80, blank=True)
    reported_to_committee_on = models.DateField(
        _("reported to the ethics committee on"), null=True, blank=True
    )
    committee_reference = models.CharField(_("reference of the committee"), max_length=80, blank=True)
    not_reported_because = models.TextField(_("why it is not reported"), blank=True)
    closing_note = models.TextField(_("how it was settled"), blank=True)
    closed_at = models.DateTimeField(_("closed at"), null=True, blank=True)
    closed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )
    updated_at = models.DateTimeField(_("last changed"), auto_now=True)
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
            models.CheckConstraint(
                condition=Q(kind__in=Kind.values),
                name="deviation_known_kind",
                violation_error_message=_("Unknown kind of deviation."),
            ),
            models.CheckConstraint(
                condition=Q(state__in=DeviationState.values),
                name="deviation_known_state",
                violation_error_message=_("Unknown state."),
            ),
            models.CheckConstraint(
                condition=Q(closed_at__isnull=True) | Q(state="closed"),
                name="deviation_closed_when_closed",
                violation_error_message=_("Only a closed deviation has a time of closing."),
            ),
            # Rows that were closed before there was a time of closing stand as they are.
            models.CheckConstraint(
                condition=~Q(state="closed")
                | Q(closed_at__isnull=True)
                | Q(classification="minor")
                | (
                    ~Q(root_cause="")
                    & ~Q(corrective_action="")
                    & ~Q(preventive_action="")
                    & (Q(reported_to_committee_on__isnull=False) | ~Q(not_reported_because=""))
                ),
                name="deviation_closed_is_settled",
                violation_error_message=_(
                    "A major or critical deviation is closed with its root cause, both actions, and the day on which"
                    " the committee was told or why it was not."
                ),
            ),
        ]
        indexes = [
            models.Index(fields=["participant", "state"], name="deviation_by_participant"),
            models.Index(fields=["site", "state", "-id"], name="deviation_by_site"),
            models.Index(fields=["form", "object_id"], name="deviation_by_record"),
        ]

    def __str__(self) -> str:
        return self.description

    @property
    def words(self) -> str:
        """The description in the language of who reads it; as it was typed, when a person wrote it."""
        return translated(again(self.description, self.template, self.params))

    def get_absolute_url(self) -> str:
        return reverse("deviations:deviation", args=[self.pk])

    @property
    def facts(self) -> rules.Facts:
        """What the rules of states read."""
        return rules.Facts(
            state=self.state,
            classification=self.classification,
            root_cause=self.root_cause,
            corrective_action=self.corrective_action,
            preventive_action=self.preventive_action,
            action_due_on=self.action_due_on,
            reported_on=self.reported_to_committee_on,
            not_reported_because=self.not_reported_because,
            closing_note=self.closing_note,
        )

    @property
    def by_hand(self) -> bool:
        return self.raised_by_id is not None
