"""Visits, and the forms that are filled at a visit."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from studyportal.access.models import SiteScoped
from studyportal.audit import tracked
from studyportal.crf.fields import (
    CodedField,
    CountField,
    MultiCodedField,
    NoteField,
    PartialDateField,
    QuantityField,
    TextField,
    YesNoField,
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
    missed_reason = models.CharField(_("why missed"), max_length=200, blank=True)
    anchor = models.CharField(_("counted from"), max_length=12, choices=Anchor, blank=True)
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
                condition=~Q(status=VisitStatus.MISSED) | ~Q(missed_reason=""),
                name="visit_missed_has_reason",
                violation_error_message=_("Say why the visit was missed."),
            ),
        ]
        indexes = [models.Index(fields=["participant", "key"]), models.Index(fields=["site", "status", "id"])]

    def __str__(self) -> str:
        return self.key if self.number == 1 else f"{self.key} {self.number}"

    @property
    def label(self) -> str:
        """The visit as the protocol calls it, with its number where there are several."""
        from studyportal import protocol

        visit = protocol.current().visits.get(self.key)
        name = self.key if visit is None else str(visit.label)
        return name if self.number == 1 else f"{name} {self.number}"

    def as_values(self) -> dict[str, Any]:
        """What the rules of a visit look at."""
        return {
            "status": self.status,
            "happened_on": self.happened_on,
            "missed_reason": self.missed_reason,
            "number": self.number,
        }


class VisitRecord(CrfRecord):
    """Abstract: a form that belongs to a visit."""

    visit = models.ForeignKey(Visit, on_delete=models.PROTECT, related_name="+", verbose_name=_("visit"))

    class Meta(CrfRecord.Meta):
        abstract = True


@tracked
class VitalSigns(VisitRecord):
    """Body size and circulation."""

    taken_on = PartialDateField(_("Taken on"), required=False, help_text=_("Empty: on the day of the visit."))
    weight = QuantityField(_("Weight"), unit="kg", decimals=1, minimum=1, maximum=300, loinc="29463-7")
    height = QuantityField(_("Height"), unit="cm", decimals=1, minimum=30, maximum=250, loinc="8302-2")
    bmi = QuantityField(_("Body mass index"), unit="kg/m2", decimals=1, loinc="39156-5", derived=True)
    systolic = CountField(_("Systolic pressure"), unit="mm[Hg]", minimum=40, maximum=300, loinc="8480-6")
    diastolic = CountField(_("Diastolic pressure"), unit="mm[Hg]", minimum=20, maximum=200, loinc="8462-4")
    pulse = CountField(_("Pulse"), unit="/min", minimum=20, maximum=250, loinc="8867-4")
    temperature = QuantityField(
        _("Temperature"), unit="Cel", decimals=1, minimum=30, maximum=43, loinc="8310-5", required=False
    )

    class Meta(VisitRecord.Meta):
        verbose_name = _("vital signs")
        verbose_name_plural = _("vital signs")
        constraints = [
            *CrfRecord.Meta.constraints,
            models.UniqueConstraint(
                fields=["visit"],
                name="vitalsigns_once_per_visit",
                violation_error_message=_("This visit already has vital signs; change those."),
            ),
        ]


class GeneralHealth(models.TextChoices):
    EXCELLENT = "excellent", _("Excellent")
    VERY_GOOD = "very_good", _("Very good")
    GOOD = "good", _("Good")
    FAIR = "fair", _("Fair")
    POOR = "poor", _("Poor")


class Compared(models.TextChoices):
    MUCH_BETTER = "much_better", _("Much better")
    BETTER = "better", _("Better")
    SAME = "same", _("About the same")
    WORSE = "worse", _("Worse")
    MUCH_WORSE = "much_worse", _("Much worse")


@tracked
class Symptoms(VisitRecord):
    """What the participant reports since the visit before."""

    polyuria = YesNoField(_("Increased micturition"))
    polydipsia = YesNoField(_("Increased thirst"))
    fainting = YesNoField(_("Fainting"))
    abdominal_pain = YesNoField(_("Abdominal pain"))
    general_health = CodedField(
        _("General health, as the participant rates it"), codes=GeneralHealth, required=False
    )
    general_health_compared = CodedField(_("General health against the visit before"), codes=Compared)
    note = NoteField(_("In the words of the source"), required=False)

    class Meta(VisitRecord.Meta):
        verbose_name = _("symptoms")
        verbose_name_plural = _("symptoms")
        constraints = [
            *CrfRecord.Meta.constraints,
            models.UniqueConstraint(
                fields=["visit"],
                name="symptoms_once_per_visit",
                violation_error_message=_("This visit already has symptoms; change those."),
            ),
        ]


class InsulinRole(models.TextChoices):
    BASAL = "basal", _("Basal")
    BOLUS = "bolus", _("Bolus")
    PREMIXED = "premixed", _("Premixed")


class InsulinProduct(models.TextChoices):
    GLARGINE = "glargine", _("Insulin glargine")
    DETEMIR = "detemir", _("Insulin detemir")
    DEGLUDEC = "degludec", _("Insulin degludec")
    NPH = "nph", _("NPH insulin")
    REGULAR = "regular", _("Regular human insulin")
    LISPRO = "lispro", _("Insulin lispro")
    ASPART = "aspart", _("Insulin aspart")
    GLULISINE = "glulisine", _("Insulin glulisine")
    ASPART_PREMIXED = "aspart_premixed", _("Insulin aspart, premixed")
    HUMAN_PREMIXED = "human_premixed", _("Human insulin, premixed")
    OTHER = "other", _("Other insulin")


@tracked
class InsulinUse(VisitRecord):
    """One insulin at one visit. Not taken is a documented 0, which is not the same as not recorded."""

    role = CodedField(_("Role"), codes=InsulinRole)
    product = CodedField(_("Insulin"), codes=InsulinProduct)
    product_other = TextField(_("Which other insulin"), max_length=80)
    brand_as_written = TextField(_("Brand as written in the source"), max_length=80, required=False)
    atc = TextField(_("ATC code"), max_length=10, derived=True)
    taken = YesNoField(
        _("Taken at this visit"), help_text=_("No: stopped or never begun; the dose is then 0.")
    )
    dose = QuantityField(_("Dose of one administration"), unit="[IU]", decimals=1, minimum=0, maximum=200)
    frequency_per_day = CountField(_("Administrations per day"), unit="/d", minimum=1, maximum=12)
    daily_dose = QuantityField(_("Daily dose"), unit="[IU]/d", decimals=1, derived=True)
    units_per_kg = QuantityField(_("Daily dose per kilogram"), unit="[IU]/kg/d", decimals=3, derived=True)
    started_on = PartialDateField(_("Started"), required=False)
    stopped_on = PartialDateField(_("Stopped"), required=False)
    note = NoteField(_("Note"), required=False)

    class Meta(VisitRecord.Meta):
        verbose_name = _("insulin")
        verbose_name_plural = _("insulin")


class Diet(models.TextChoices):
    UNRESTRICTED = "unrestricted", _("Unrestricted")
    CARBOHYDRATE_COUNTED = "carbohydrate_counted", _("Carbohydrates counted")
    LOW_FAT = "low_fat", _("Low in saturated fat")
    LOW_SUGAR = "low_sugar", _("Low in sugars")
    HIGH_FIBRE = "high_fibre", _("High in fibre")
    PROTEIN_PLANNED = "protein_planned", _("Planned protein")
    OTHER = "other", _("Other modification")


class ExerciseIntensity(models.TextChoices):
    NONE = "none", _("None")
    LIGHT = "light", _("Light")
    MODERATE = "moderate", _("Moderate")
    VIGOROUS = "vigorous", _("Vigorous")


class Adherence(models.TextChoices):
    FULL = "full", _("As advised")
    PARTLY = "partly", _("Partly")
    NOT = "not", _("Not")


@tracked
class Lifestyle(VisitRecord):
    """Diet and exercise, which act on the endpoints whatever the treatment."""

    diet = MultiCodedField(_("Diet"), codes=Diet)
    diet_note = NoteField(_("Diet in the words of the source"), required=False)
    exercise_intensity = CodedField(_("Exercise"), codes=ExerciseIntensity)
    exercise_minutes_per_week = CountField(_("Exercise per week"), unit="min/wk", minimum=0, maximum=5000)
    adherence = CodedField(_("Kept to diet and exercise"), codes=Adherence)

    class Meta(VisitRecord.Meta):
        verbose_name = _("diet and exercise")
        verbose_name_plural = _("diet and exercise")
        constraints = [
            *CrfRecord.Meta.constraints,
            models.UniqueConstraint(
                fields=["visit"],
                name="lifestyle_once_per_visit",
                violation_error_message=_("This visit already has diet and exercise; change those."),
            ),
        ]
