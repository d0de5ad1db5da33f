"""Laboratory results as they were reported, and the participant's own glucose readings."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from apps.visits.models import Visit
from studyportal.access.models import SiteScoped
from studyportal.audit import tracked
from studyportal.crf.fields import (
    CodedField,
    LaboratoryValueField,
    MultiCodedField,
    NoteField,
    PartialDateField,
    QuantityField,
    TextField,
    YesNoField,
)
from studyportal.crf.models import CrfRecord


class Analyte(models.TextChoices):
    """The analytes of the protocol; a test holds the two lists together."""

    HBA1C = "hba1c", _("HbA1c")
    GLUCOSE_FASTING = "glucose_fasting", _("Fasting glucose (plasma)")
    GLUCOSE_FASTING_CAPILLARY = "glucose_fasting_capillary", _("Fasting glucose (capillary)")
    GLUCOSE_PP = "glucose_pp", _("Post-prandial glucose")
    GLUCOSE_PP_2H = "glucose_pp_2h", _("Post-prandial glucose, 2 hours")
    GLUCOSE_RANDOM = "glucose_random", _("Random glucose")
    GLUCOSE_METER = "glucose_meter", _("Glucose, meter reading")
    C_PEPTIDE = "c_peptide", _("C-peptide")
    ICA = "ica", _("Islet cell antibody (ICA)")
    GAD65 = "gad65", _("GAD65 antibody")
    IAA = "iaa", _("Insulin antibody (IAA)")
    IA2 = "ia2", _("IA-2 antibody")
    ZNT8 = "znt8", _("ZnT8 antibody")
    CREATININE = "creatinine", _("Creatinine")
    ALT = "alt", _("ALT")
    AST = "ast", _("AST")
    BILIRUBIN_TOTAL = "bilirubin_total", _("Bilirubin, total")
    HAEMOGLOBIN = "haemoglobin", _("Haemoglobin")
    WBC = "wbc", _("White blood cells")
    PLATELETS = "platelets", _("Platelets")
    INR = "inr", _("INR")
    APTT = "aptt", _("aPTT")
    HIV = "hiv", _("HIV 1 and 2")
    HBSAG = "hbsag", _("Hepatitis B surface antigen")
    HCV_AB = "hcv_ab", _("Hepatitis C antibody")
    SYPHILIS_AB = "syphilis_ab", _("Treponema pallidum antibody")


class UnitBasis(models.TextChoices):
    STATED = "stated", _("Stated by the source")
    PRESUMED = "presumed", _("Presumed: the source gives none")


class Qualitative(models.TextChoices):
    POSITIVE = "positive", _("Positive")
    NEGATIVE = "negative", _("Negative")
    INDETERMINATE = "indeterminate", _("Indeterminate")
    IRREGULAR = "irregular", _("Irregular, no number given")
    NOT_REPORTED = "not_reported", _("Ordered, result not reported")


class Fasting(models.TextChoices):
    FASTING = "fasting", _("Fasting")
    RANDOM = "random", _("Random")
    POST_PRANDIAL = "post_prandial", _("After a meal")
    STIMULATED = "stimulated", _("Stimulated")


class ResultContext(models.TextChoices):
    AT_DIAGNOSIS = "at_diagnosis", _("At diagnosis: history")
    BEFORE_STUDY = "before_study", _("Before the study")
    BASELINE = "baseline", _("Baseline")
    FOLLOW_UP = "follow_up", _("Follow-up")
    SAFETY = "safety", _("Safety")


@tracked
class LabResult(CrfRecord):
    """One result of one analyte, as reported: comparator, number and unit are kept, conversions are derived.

    A result of the time before the study belongs to no visit.
    """

    visit = models.ForeignKey(
        Visit, on_delete=models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("visit")
    )
    analyte = CodedField(_("Analyte"), codes=Analyte)
    context = CodedField(_("When in the course"), codes=ResultContext)
    collected_on = PartialDateField(_("Sample taken"))
    fasting = CodedField(_("State of the participant"), codes=Fasting)
    reported = LaboratoryValueField(_("Number as reported"))
    unit = TextField(_("Unit as reported (UCUM)"), max_length=30)
    unit_basis = CodedField(_("How the unit is known"), codes=UnitBasis, required=False)
    qualitative = CodedField(_("Result in words"), codes=Qualitative, required=False)
    lloq = QuantityField(
        _("Limit of quantitation, in the reported unit"),
        decimals=4,
        minimum=0,
        maximum=1000000,
        required=False,
    )
    normal_low = QuantityField(
        _("Lower limit of normal, in the reported unit"),
        decimals=4,
        minimum=0,
        maximum=1000000,
        required=False,
        help_text=_("Of this laboratory, as the report states it."),
    )
    normal_high = QuantityField(
        _("Upper limit of normal, in the reported unit"),
        decimals=4,
        minimum=0,
        maximum=1000000,
        required=False,
        help_text=_("Of this laboratory, as the report states it."),
    )
    number_canonical = QuantityField(_("Number in the unit of the protocol"), decimals=4, derived=True)
    unit_canonical = TextField(_("Unit of the protocol"), max_length=30, derived=True)
    eag = QuantityField(_("Estimated average glucose"), unit="mg/dL", decimals=0, derived=True)
    idaa1c = QuantityField(_("Insulin-dose-adjusted HbA1c"), unit="%", decimals=2, derived=True)
    assay = TextField(_("Assay"), max_length=120, required=False)
    laboratory = TextField(_("Laboratory"), max_length=120, required=False)
    source_conflict = NoteField(
        _("Another part of the source says otherwise"),
        required=False,
        help_text=_("Quote it; a query stays open until it is settled."),
    )
    note = NoteField(_("Note"), required=False)

    class Meta(CrfRecord.Meta):
        verbose_name = _("laboratory result")
        verbose_name_plural = _("laboratory results")
        indexes = [
            models.Index(fields=["participant", "analyte"]),
            models.Index(fields=["visit", "analyte"]),
            # The worklist looks for the few that are unfinished in the largest table of the study.
            models.Index(fields=["site"], name="labresult_unfinished", condition=Q(status="incomplete")),
        ]


class GlucoseSlot(models.TextChoices):
    """The slots of the protocol; a test holds the two lists together."""

    FASTING = "fasting", _("Fasting")
    POST_BREAKFAST = "post_breakfast", _("After breakfast")
    PRE_LUNCH = "pre_lunch", _("Before lunch")
    POST_LUNCH = "post_lunch", _("After lunch")
    PRE_DINNER = "pre_dinner", _("Before dinner")
    POST_DINNER = "post_dinner", _("After dinner")
    BEDTIME = "bedtime", _("Bed-time")
    NIGHT = "night", _("At night")
    POST_MEAL = "post_meal", _("After a meal, not stated which")
    RANDOM = "random", _("Random")


class Trend(models.TextChoices):
    FALLING = "falling", _("Falling")
    STABLE = "stable", _("Stable")
    RISING = "rising", _("Rising")
    FLUCTUATING = "fluctuating", _("Fluctuating")


@tracked
class GlucoseChart(CrfRecord):
    """A chart of self-monitored glucose. Its numbers are readings of their own; a chart may be known without them."""

    visit = models.ForeignKey(
        Visit, on_delete=models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("visit")
    )
    period_start = PartialDateField(_("From"))
    period_end = PartialDateField(_("To"))
    slots = MultiCodedField(_("Slots recorded"), codes=GlucoseSlot)
    trend = CodedField(_("Course as the source states it"), codes=Trend, required=False)
    transcribed = YesNoField(
        _("Numbers transcribed"), help_text=_("No: the numbers are only in a figure or on paper.")
    )
    source_label = TextField(_("Where in the source"), max_length=120, required=False)
    note = NoteField(_("Note"), required=False)

    class Meta(CrfRecord.Meta):
        verbose_name = _("glucose chart")
        verbose_name_plural = _("glucose charts")


class GlucoseUnit(models.TextChoices):
    MG_DL = "mg/dL", "mg/dL"
    MMOL_L = "mmol/L", "mmol/L"


@tracked
class GlucoseReading(SiteScoped):
    """One reading of a glucose chart, in the unit that the meter showed."""

    participant = models.ForeignKey(
        settings.PARTICIPANT_MODEL, on_delete=models.PROTECT, related_name="+", editable=False
    )
    chart = models.ForeignKey(GlucoseChart, on_delete=models.PROTECT, related_name="readings")
    measured_on = models.DateField(_("day"))
    slot = models.CharField(_("slot"), max_length=20, choices=GlucoseSlot)
    value = models.DecimalField(_("value"), max_digits=6, decimal_places=2)
    unit = models.CharField(_("unit"), max_length=10, choices=GlucoseUnit, default=GlucoseUnit.MG_DL)
    version = models.PositiveIntegerField(default=1, editable=False)
    created_at = models.DateTimeField(auto_now_add=True, editable=False)
    updated_at = models.DateTimeField(auto_now=True, editable=False)

    class Meta:
        verbose_name = _("glucose reading")
        verbose_name_plural = _("glucose readings")
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(
                fields=["chart", "measured_on", "slot"],
                name="glucosereading_once",
                violation_error_message=_("The chart already has a reading for this day and slot."),
            ),
            models.CheckConstraint(
                condition=Q(slot__in=GlucoseSlot.values),
                name="glucosereading_known_slot",
                violation_error_message=_("Unknown slot."),
            ),
            models.CheckConstraint(
                condition=Q(unit=GlucoseUnit.MG_DL, value__gte=5, value__lte=1000)
                | Q(unit=GlucoseUnit.MMOL_L, value__gte="0.3", value__lte="55.5"),
                name="glucosereading_possible",
                violation_error_message=_(
                    "This is no glucose reading: 5 to 1000 mg/dL, or 0.3 to 55.5 mmol/L."
                ),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.measured_on} {self.slot}: {self.value} {self.unit}"
