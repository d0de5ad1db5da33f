"""The forms about the person and the time before the study."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from studyportal.audit import tracked
from studyportal.crf.fields import (
    CodedField,
    CountField,
    MultiCodedField,
    NoteField,
    PartialDateField,
    TextField,
    YesNoField,
)
from studyportal.crf.models import CrfRecord


class Sex(models.TextChoices):
    FEMALE = "female", _("Female")
    MALE = "male", _("Male")
    INTERSEX = "intersex", _("Intersex")


class AgeBasis(models.TextChoices):
    BIRTH_DATE = "birth_date", _("From the birth date")
    STATED = "stated", _("As stated by the source, birth date not seen")
    ESTIMATED = "estimated", _("Estimated")


class Country(models.TextChoices):
    INDIA = "IN", _("India")
    BANGLADESH = "BD", _("Bangladesh")
    BHUTAN = "BT", _("Bhutan")
    NEPAL = "NP", _("Nepal")
    SRI_LANKA = "LK", _("Sri Lanka")
    OTHER = "other", _("Other")


class Education(models.TextChoices):
    NONE = "none", _("No schooling")
    PRIMARY = "primary", _("Primary school")
    SECONDARY = "secondary", _("Secondary school")
    HIGHER_SECONDARY = "higher_secondary", _("Higher secondary school")
    GRADUATE = "graduate", _("Graduate or above")


class Language(models.TextChoices):
    ENGLISH = "en", _("English")
    HINDI = "hi", _("Hindi")
    MARATHI = "mr", _("Marathi")
    GUJARATI = "gu", _("Gujarati")
    TAMIL = "ta", _("Tamil")
    TELUGU = "te", _("Telugu")
    KANNADA = "kn", _("Kannada")
    BENGALI = "bn", _("Bengali")
    OTHER = "other", _("Other")


@tracked
class Demographics(CrfRecord):
    """Who the participant is, as far as a coded record may say it."""

    sex = CodedField(_("Sex"), codes=Sex, loinc="46098-0")
    age_at_enrolment = CountField(_("Age at enrolment"), unit="a", minimum=0, maximum=110, loinc="30525-0")
    age_basis = CodedField(_("How the age is known"), codes=AgeBasis)
    country = CodedField(_("Country of residence"), codes=Country)
    country_other = TextField(_("Which country"), max_length=60)
    education = CodedField(_("Education"), codes=Education, required=False, loinc="82589-3")
    language = CodedField(_("Language read best"), codes=Language, required=False)

    class Meta(CrfRecord.Meta):
        verbose_name = _("demographics")
        verbose_name_plural = _("demographics")
        constraints = [
            *CrfRecord.Meta.constraints,
            models.UniqueConstraint(
                fields=["participant"],
                name="demographics_once",
                violation_error_message=_("This participant already has demographics; change those."),
            ),
        ]


class DiabetesType(models.TextChoices):
    TYPE_1 = "type_1", _("Type 1")
    TYPE_2 = "type_2", _("Type 2")
    LADA = "lada", _("Latent autoimmune diabetes of adults")
    MONOGENIC = "monogenic", _("Monogenic")
    OTHER = "other", _("Other")


class OnsetSymptom(models.TextChoices):
    POLYURIA = "polyuria", _("Increased micturition")
    POLYDIPSIA = "polydipsia", _("Increased thirst")
    WEIGHT_LOSS = "weight_loss", _("Loss of weight")
    ABDOMINAL_PAIN = "abdominal_pain", _("Abdominal pain")
    FAINTING = "fainting", _("Fainting spells")
    FATIGUE = "fatigue", _("Fatigue or weakness")
    KETOACIDOSIS = "ketoacidosis", _("Ketoacidosis")
    OTHER = "other", _("Other")
    NONE = "none", _("None")


class Comorbidity(models.TextChoices):
    NONE = "none", _("None")
    THYROID = "thyroid", _("Autoimmune thyroid disease")
    COELIAC = "coeliac", _("Coeliac disease")
    HYPERTENSION = "hypertension", _("Hypertension")
    RETINOPATHY = "retinopathy", _("Retinopathy")
    NEPHROPATHY = "nephropathy", _("Nephropathy")
    NEUROPATHY = "neuropathy", _("Neuropathy")
    OTHER = "other", _("Other")


class Severity(models.TextChoices):
    MILD = "mild", _("Mild")
    MODERATE = "moderate", _("Moderate")
    SEVERE = "severe", _("Severe")


@tracked
class MedicalHistory(CrfRecord):
    """The disease before the study. It is history: nothing here is an on-study event or a baseline."""

    diagnosed_on = PartialDateField(_("Diabetes diagnosed"))
    diabetes_type = CodedField(_("Type of diabetes"), codes=DiabetesType)
    autoimmune = YesNoField(_("Autoimmunity shown"))
    symptoms_at_onset = MultiCodedField(_("Symptoms at onset"), codes=OnsetSymptom)
    symptoms_note = NoteField(_("Symptoms in the words of the source"), required=False)
    insulin_since = PartialDateField(_("On insulin since"))
    dka_history = YesNoField(_("Ketoacidosis ever"))
    dka_episodes = CountField(_("Episodes of ketoacidosis"), minimum=0, maximum=100)
    comorbidities = MultiCodedField(_("Comorbidities"), codes=Comorbidity)
    comorbidities_other = TextField(_("Which other comorbidity"))
    family_history = YesNoField(_("Diabetes in the family"), required=False)
    diet_exercise = NoteField(_("Diet and exercise before the study"), required=False)
    severity = CodedField(
        _("Severity of the condition"),
        codes=Severity,
        help_text=_("As the investigator judges it; the dose may be varied by it."),
    )

    class Meta(CrfRecord.Meta):
        verbose_name = _("medical history")
        verbose_name_plural = _("medical histories")
        constraints = [
            *CrfRecord.Meta.constraints,
            models.UniqueConstraint(
                fields=["participant"],
                name="medical_history_once",
                violation_error_message=_("This participant already has a medical history; change that."),
            ),
        ]


class AdmissionReason(models.TextChoices):
    DKA = "dka", _("Diabetic ketoacidosis")
    SEVERE_HYPOGLYCAEMIA = "severe_hypoglycaemia", _("Severe hypoglycaemia")
    HYPERGLYCAEMIA = "hyperglycaemia", _("Hyperglycaemia without ketoacidosis")
    INFECTION = "infection", _("Infection")
    SURGERY = "surgery", _("Surgery or injury")
    OTHER = "other", _("Other")


@tracked
class Hospitalisation(CrfRecord):
    """One stay in hospital before the study. A stay during the study is an adverse event."""

    reason = CodedField(_("Reason"), codes=AdmissionReason)
    reason_other = TextField(_("Which other reason"))
    admitted_on = PartialDateField(_("When"))
    duration_days = CountField(_("Duration"), unit="d", minimum=0, maximum=3650)
    duration_as_written = TextField(_("Duration as the source writes it"), max_length=60, required=False)
    note = NoteField(_("Note"), required=False)

    class Meta(CrfRecord.Meta):
        verbose_name = _("hospitalisation before the study")
        verbose_name_plural = _("hospitalisations before the study")
