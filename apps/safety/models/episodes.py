"""Diabetic emergencies with the criteria by which they were judged."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from apps.safety.models.events import AdverseEvent
from studyportal.audit import tracked
from studyportal.crf.fields import (
    CodedField,
    LaboratoryValueField,
    MomentField,
    MultiCodedField,
    NoteField,
    PartialDateField,
    QuantityField,
    TextField,
    YesNoField,
)
from studyportal.crf.models import CrfRecord


class DkaCriteria(models.TextChoices):
    """Which published definition the episode is judged by."""

    ISPAD_2022 = "ispad_2022", _("ISPAD 2022")
    ADA_2009 = "ada_2009", _("ADA 2009")
    ADA_2024 = "ada_2024", _("ADA/EASD 2024")


class DkaSeverity(models.TextChoices):
    MILD = "mild", _("Mild")
    MODERATE = "moderate", _("Moderate")
    SEVERE = "severe", _("Severe")


class Ketonuria(models.TextChoices):
    NEGATIVE = "negative", _("Negative")
    TRACE = "trace", _("Trace")
    SMALL = "small", _("Small (+)")
    MODERATE = "moderate", _("Moderate (++)")
    LARGE = "large", _("Large (+++)")


class MentalStatus(models.TextChoices):
    ALERT = "alert", _("Alert")
    DROWSY = "drowsy", _("Drowsy")
    STUPOR = "stupor", _("Stupor or coma")


class Precipitant(models.TextChoices):
    INSULIN_OMITTED = "insulin_omitted", _("Insulin omitted or reduced")
    INFECTION = "infection", _("Infection")
    NEW_ONSET = "new_onset", _("New onset")
    OTHER = "other", _("Other")
    NONE_FOUND = "none_found", _("None found")


@tracked
class DkaEpisode(CrfRecord):
    """One diabetic ketoacidosis: what was measured, and whether and by which criteria it is one."""

    event = models.ForeignKey(AdverseEvent, on_delete=models.PROTECT, related_name="dka_episodes")
    began_on = PartialDateField(_("Began"))
    sampled_at = MomentField(_("Sample taken at"))
    glucose = QuantityField(
        _("Plasma glucose"), unit="mg/dL", decimals=1, minimum=0, maximum=3000, loinc="2345-7"
    )
    glucose_mmol = QuantityField(
        _("Plasma glucose, when measured in mmol/L"),
        unit="mmol/L",
        decimals=1,
        minimum=0,
        maximum=167,
        required=False,
        help_text=_(
            "Instead of mg/dL, never beside it: the criteria are judged in the unit that was measured."
        ),
    )
    known_diabetes = YesNoField(_("Diabetes was known before"))
    ph = QuantityField(_("Blood pH"), unit="1", decimals=2, minimum=6, maximum=8)
    ph_venous = YesNoField(_("Venous sample"))
    bicarbonate = QuantityField(
        _("Bicarbonate"), unit="mmol/L", decimals=1, minimum=0, maximum=60, loinc="1963-8"
    )
    ketones_blood = LaboratoryValueField(_("Blood β-hydroxybutyrate"), unit="mmol/L")
    ketonuria = CodedField(_("Urine ketones"), codes=Ketonuria)
    mental_status = CodedField(_("Mental status"), codes=MentalStatus)
    precipitant = CodedField(_("Precipitated by"), codes=Precipitant)
    treated_in = TextField(
        _("Treated in"), max_length=80, required=False, help_text=_("Ward or unit, never a name.")
    )
    criteria = CodedField(_("Criteria used"), codes=DkaCriteria)
    meets_criteria = YesNoField(_("Meets the criteria"), derived=True)
    criteria_basis = NoteField(_("By what"), derived=True)
    severity = CodedField(_("Severity by the criteria"), codes=DkaSeverity, derived=True)
    remarks = NoteField(_("Remarks"), required=False)

    class Meta(CrfRecord.Meta):
        verbose_name = _("ketoacidosis")
        verbose_name_plural = _("ketoacidoses")
        constraints = [
            *CrfRecord.Meta.constraints,
            models.UniqueConstraint(
                fields=["event"],
                name="dka_once_per_event",
                violation_error_message=_("This event already has its ketoacidosis form; change that one."),
            ),
        ]

    @property
    def home_url(self) -> str:
        return self.event.page_url

    def __str__(self) -> str:
        return str(_("Ketoacidosis"))


class HypoCriteria(models.TextChoices):
    ADA_ISPAD = "ada_ispad", _("ADA and ISPAD 2022: level 1 below 70 mg/dL")
    IHSG_2017 = "ihsg_2017", _("IHSG 2017: level 1 at most 70 mg/dL")


class HypoLevel(models.TextChoices):
    LEVEL_1 = "1", _("Level 1: low, and at least 54 mg/dL (3.0 mmol/L)")
    LEVEL_2 = "2", _("Level 2: below 54 mg/dL (3.0 mmol/L)")
    LEVEL_3 = "3", _("Level 3: needs help, whatever the glucose")


class HypoSymptom(models.TextChoices):
    NONE = "none", _("None")
    AUTONOMIC = "autonomic", _("Sweating, trembling, hunger")
    NEUROGLYCOPENIC = "neuroglycopenic", _("Confusion, drowsiness, odd behaviour")
    SEIZURE = "seizure", _("Seizure")
    UNCONSCIOUS = "unconscious", _("Loss of consciousness")


class HypoTreatment(models.TextChoices):
    NONE = "none", _("None")
    ORAL = "oral", _("Carbohydrate by mouth")
    GLUCAGON = "glucagon", _("Glucagon")
    GLUCOSE_IV = "glucose_iv", _("Glucose intravenously")


@tracked
class HypoglycaemiaEpisode(CrfRecord):
    """One hypoglycaemia: the glucose, the help that was needed, and the level that follows."""

    event = models.ForeignKey(AdverseEvent, on_delete=models.PROTECT, related_name="hypoglycaemias")
    happened_at = MomentField(_("Happened at"))
    glucose = LaboratoryValueField(
        _("Glucose"),
        unit="mg/dL",
        help_text=_("As the meter shows it; for “LO” write “<” and the meter's limit, such as <20."),
    )
    glucose_mmol = LaboratoryValueField(
        _("Glucose, when measured in mmol/L"),
        unit="mmol/L",
        required=False,
        help_text=_("Instead of mg/dL, never beside it: the level is judged in the unit that was measured."),
    )
    symptoms = MultiCodedField(_("Symptoms"), codes=HypoSymptom)
    needed_help = YesNoField(_("Needed the help of somebody else"))
    nocturnal = YesNoField(_("During sleep"))
    treatment = MultiCodedField(_("Treatment"), codes=HypoTreatment)
    cause = TextField(_("Cause, as stated"), required=False)
    criteria = CodedField(_("Criteria used"), codes=HypoCriteria)
    level = CodedField(_("Level by the criteria"), codes=HypoLevel, derived=True)
    level_basis = NoteField(_("By what"), derived=True)
    remarks = NoteField(_("Remarks"), required=False)

    class Meta(CrfRecord.Meta):
        verbose_name = _("hypoglycaemia")
        verbose_name_plural = _("hypoglycaemias")
        constraints = [
            *CrfRecord.Meta.constraints,
            models.UniqueConstraint(
                fields=["event"],
                name="hypoglycaemia_once_per_event",
                violation_error_message=_("This event already has its hypoglycaemia form; change that one."),
            ),
        ]

    @property
    def home_url(self) -> str:
        return self.event.page_url

    def __str__(self) -> str:
        return str(_("Hypoglycaemia"))
