"""Visits: one visit of one participant, and what every form of a visit is."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from studyportal.access.models import SiteScoped
from studyportal.audit import tracked
from studyportal.crf.fields import (
    PartialDateField,
)
from studyportal.crf.models import CrfRecord


class VisitStatus(models.TextChoices):
    PLANNED = "planned", _("Planned")
    DONE = "done", _("Done")
    MISSED = "missed", _("Missed")


class WindowState(models.TextChoices):
    EARLY = "early", _("Early")
    IN_WINDOW = "in_window", _("In window")
    LATE = "late", _("Late")
    UNKNOWN = "unknown", _("Not known")


class Anchor(models.TextChoices):
    """The events that visits are counted from; the keys are those of the protocol."""

    SESSION_1 = "session_1", _("Infusion of session 1")
    SESSION_2 = "session_2", _("Infusion of session 2")
    INDEX = "index", _("Index date")
    ENROLMENT = "enrolment", _("Enrolment")
    PREVIOUS_VISIT = "previous_visit", _("The visit before")


class MissedReason(models.TextChoices):
    """Why a visit did not take place; `other` and what needs more is said in words beside it."""

    UNWELL = "unwell", _("Unwell, at home")
    HOSPITAL = "hospital", _("In hospital")
    TRAVEL = "travel", _("Travelling or too far")
    SCHOOL_OR_WORK = "school_or_work", _("School, exam or work")
    FAMILY = "family", _("Family or caring for somebody")
    DECLINED = "declined", _("Did not want to come")
    NOT_REACHED = "not_reached", _("Could not be reached")
    SITE_CLOSED = "site_closed", _("Site closed or staff absent")
    NOT_SCHEDULED = "not_scheduled", _("Not called in by the site")
    OTHER = "other", _("Another reason, in words")


@tracked
class Visit(SiteScoped):
    """One visit of one participant, with its place in the schedule of the protocol.

    day_number, day_from, day_to and window_state are derived and never typed; why a derived value is not
    there stands in `absent`, beside the reasons for what was not recorded.
    """

    participant = models.ForeignKey(
        settings.PARTICIPANT_MODEL, on_delete=models.PROTECT, related_name="visits"
    )
    key = models.CharField(_("visit"), max_length=20, help_text=_("Key of the visit in the protocol."))
    number = models.PositiveSmallIntegerField(
        _("number"), default=1, help_text=_("Counts unscheduled visits.")
    )
    happened_on = PartialDateField(_("Date of the visit"))
    status = models.CharField(_("state"), max_length=10, choices=VisitStatus, default=VisitStatus.PLANNED)
    missed_code = models.CharField(
        _("reason for missing it"), max_length=20, choices=MissedReason, blank=True, db_default=""
    )
    missed_reason = models.CharField(_("why missed"), max_length=200, blank=True)
    protocol_version = models.CharField(
        _("protocol version"),
        max_length=40,
        blank=True,
        db_default="",
        editable=False,
        help_text=_(
            "Under which version the visit was made; empty: planned, or from before versions were kept."
        ),
    )
    anchor = models.CharField(_("counted from"), max_length=20, choices=Anchor, blank=True)
    nominal_label = models.CharField(
        _("label in the source"),
        max_length=60,
        blank=True,
        help_text=_("As the source calls it: “six months”."),
    )
    day_number = models.IntegerField(_("day"), null=True, editable=False)
    day_from = models.IntegerField(_("earliest possible day"), null=True, editable=False)
    day_to = models.IntegerField(_("latest possible day"), null=True, editable=False)
    window_state = models.CharField(
        _("window"), max_length=10, choices=WindowState, default=WindowState.UNKNOWN, editable=False
    )
    absent = models.JSONField(_("absent values"), default=dict, blank=True)
    version = models.PositiveIntegerField(default=1, editable=False)
    created_at = models.DateTimeField(auto_now_add=True, editable=False)
    updated_at = models.DateTimeField(auto_now=True, editable=False)

    class Meta:
        verbose_name = _("visit")
        verbose_name_plural = _("visits")
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(
                fields=["participant", "key", "number"],
                name="visit_once",
                violation_error_message=_("This participant already has this visit; change that one."),
            ),
            models.CheckConstraint(
                condition=Q(status__in=VisitStatus.values),
                name="visit_known_status",
                violation_error_message=_("A visit is planned, done or missed."),
            ),
            models.CheckConstraint(
                condition=Q(window_state__in=WindowState.values),
                name="visit_known_window_state",
                violation_error_message=_("Unknown state of the window."),
            ),
            models.CheckConstraint(
                condition=Q(status=VisitStatus.DONE) | Q(happened_on__isnull=True),
                name="visit_date_only_when_done",
                violation_error_message=_("Only a visit that is done has a date."),
            ),
            models.CheckConstraint(
                condition=~Q(status=VisitStatus.MISSED) | ~Q(missed_reason="") | ~Q(missed_code=""),
                name="visit_missed_has_reason",
                violation_error_message=_("Say why the visit was missed."),
            ),
            models.CheckConstraint(
                condition=Q(missed_code__in=["", *MissedReason.values]),
                name="visit_known_missed_code",
                violation_error_message=_("Unknown reason for missing a visit."),
            ),
        ]
        indexes = [models.Index(fields=["participant", "key"]), models.Index(fields=["site", "status", "id"])]

    def __str__(self) -> str:
        return self.key if self.number == 1 else f"{self.key} {self.number}"

    @property
    def label(self) -> str:
        """The visit as the protocol calls it, with its number where there are several."""
        from studyportal import protocol

        visit = protocol.visit_of(self.key, self.protocol_version)
        name = self.key if visit is None else str(visit.label)
        return name if self.number == 1 else f"{name} {self.number}"

    def as_values(self) -> dict[str, Any]:
        """What the rules of a visit look at."""
        return {
            "status": self.status,
            "happened_on": self.happened_on,
            "missed_code": self.missed_code,
            "missed_reason": self.missed_reason,
            "number": self.number,
        }


class VisitRecord(CrfRecord):
    """Abstract: a form that belongs to a visit."""

    visit = models.ForeignKey(Visit, on_delete=models.PROTECT, related_name="+", verbose_name=_("visit"))

    class Meta(CrfRecord.Meta):
        abstract = True
