"""Everyone screened, also those who never became participants, with as little of them as the purpose needs."""

from __future__ import annotations

from django.conf import settings
from django.core.validators import MaxValueValidator
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from apps.enrolment.models.demographics import Sex
from apps.enrolment.models.participant import Group, Participant
from studyportal.access.models import SiteScoped
from studyportal.audit import tracked
from studyportal.crf.fields import PartialDateField

OLDEST = 110


class Referral(models.TextChoices):
    CLINIC = "clinic", _("Seen in the clinic")
    REFERRED = "referred", _("Referred by a physician")
    REGISTER = "register", _("Found in the hospital's records")
    CAMP = "camp", _("Camp or outreach")
    SELF = "self", _("Came by himself or herself")
    OTHER = "other", _("Other")


class ScreeningOutcome(models.TextChoices):
    OPEN = "open", _("Being screened")
    ENROLLED = "enrolled", _("Enrolled")
    NOT_ELIGIBLE = "not_eligible", _("Not eligible")
    DECLINED = "declined", _("Declined")
    NOT_REACHED = "not_reached", _("Not reached")
    DUPLICATE = "duplicate", _("Already screened")
    OTHER = "other", _("Other")


class ScreeningReason(models.TextChoices):
    """Why somebody did not go on; what of the criteria was not met stands with the criteria."""

    CRITERIA = "criteria", _("Does not meet the criteria")
    PROCEDURE = "procedure", _("Does not want the procedure")
    TRAVEL = "travel", _("Too far to travel")
    TIME = "time", _("Takes too much time")
    FAMILY = "family", _("Family is against it")
    OTHER_TREATMENT = "other_treatment", _("Prefers another treatment or study")
    COST = "cost", _("Cost")
    MOVED = "moved", _("Moved away")
    NO_CONTACT = "no_contact", _("Could not be contacted again")
    NO_REASON = "no_reason", _("No reason given")
    OTHER = "other", _("Other")


@tracked
class ScreeningEntry(SiteScoped):
    """One person screened at a site: a number, age and sex, and what came of it. Never who it is."""

    number = models.CharField(_("screening number"), max_length=16, unique=True, editable=False)
    source_key = models.CharField(
        _("number in the site's list"),
        max_length=40,
        blank=True,
        help_text=_("The number in the site's own screening list; never a hospital number."),
    )
    screened_on = PartialDateField(_("Screened on"), required=False)
    age = models.PositiveSmallIntegerField(
        _("age in years"), null=True, blank=True, validators=[MaxValueValidator(OLDEST)]
    )
    sex = models.CharField(_("sex"), max_length=10, choices=Sex, blank=True)
    referral = models.CharField(_("how the person came"), max_length=12, choices=Referral, blank=True)
    considered_for = models.CharField(
        _("considered for"),
        max_length=12,
        choices=[c for c in Group.choices if c[0] != "unassigned"],
        blank=True,
    )
    participant = models.OneToOneField(
        Participant,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="screening",
        verbose_name=_("participant"),
    )
    outcome = models.CharField(
        _("outcome"), max_length=12, choices=ScreeningOutcome, default=ScreeningOutcome.OPEN
    )
    outcome_on = PartialDateField(_("Outcome on"), required=False)
    reason_code = models.CharField(_("reason"), max_length=16, choices=ScreeningReason, blank=True)
    reason_text = models.CharField(_("reason in words"), max_length=200, blank=True)
    note = models.CharField(
        _("note"), max_length=400, blank=True, help_text=_("Never a name, number or address of the person.")
    )
    synthetic = models.BooleanField(_("synthetic"), default=False)
    retrospective = models.BooleanField(_("retrospective"), default=False)
    version = models.PositiveIntegerField(default=1, editable=False)
    entered_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+", editable=False
    )
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        verbose_name = _("screening entry")
        verbose_name_plural = _("screening log")
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(
                fields=["site", "source_key"],
                condition=~Q(source_key=""),
                name="screening_source_key_once_per_site",
                violation_error_message=_("This number of the site's list is in the screening log already."),
            ),
            models.CheckConstraint(
                condition=Q(outcome__in=ScreeningOutcome.values),
                name="screening_known_outcome",
                violation_error_message=_("Unknown outcome."),
            ),
            models.CheckConstraint(
                condition=Q(outcome=ScreeningOutcome.OPEN, outcome_on__isnull=True)
                | ~Q(outcome=ScreeningOutcome.OPEN),
                name="screening_open_has_no_outcome_day",
                violation_error_message=_("Whoever is being screened has no outcome yet."),
            ),
            models.CheckConstraint(
                condition=~Q(outcome=ScreeningOutcome.ENROLLED) | Q(participant__isnull=False),
                name="screening_enrolled_is_participant",
                violation_error_message=_("Only a participant is enrolled."),
            ),
            models.CheckConstraint(
                condition=Q(screened_on__isnull=False) | Q(retrospective=True),
                name="screening_dated",
                violation_error_message=_("Say when the person was screened."),
            ),
            models.CheckConstraint(
                condition=Q(age__isnull=True) | Q(age__lte=OLDEST),
                name="screening_possible_age",
                violation_error_message=_("The age must lie between 0 and 110 years."),
            ),
        ]
        indexes = [models.Index(fields=["site", "outcome"])]

    def __str__(self) -> str:
        return self.number

    @property
    def is_open(self) -> bool:
        return self.outcome == ScreeningOutcome.OPEN
