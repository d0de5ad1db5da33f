"""The forms about the time before the study. All of it is history: no event of the study and no baseline."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from studyportal.audit import tracked
from studyportal.crf.fields import (
    CodedField,
    CountField,
    LaboratoryValueField,
    MultiCodedField,
    NoteField,
    PartialDateField,
    QuantityField,
    TextField,
    YesNoField,
)
from studyportal.crf.models import CrfRecord


class DiabetesType(models.TextChoices):
    TYPE_1 = "type_1", _("Type 1")
    TYPE_2 = "type_2", _("Type 2")
    LADA = "lada", _("Latent autoimmune diabetes of adults")
    MONOGENIC = "monogenic", _("Monogenic")
    OTHER = "other", _("Other")


class DiagnosisBasis(models.TextChoices):
    FASTING_GLUCOSE = "fasting_glucose", _("Fasting glucose")
    GLUCOSE_AFTER_MEAL = "glucose_after_meal", _("Glucose after a meal")
    RANDOM_GLUCOSE = "random_glucose", _("Random glucose")
    TOLERANCE_TEST = "tolerance_test", _("Oral glucose tolerance test")
    HBA1C = "hba1c", _("HbA1c")
    KETOACIDOSIS = "ketoacidosis", _("Ketoacidosis")
    ANTIBODIES = "antibodies", _("Antibodies")
    C_PEPTIDE = "c_peptide", _("C-peptide")
    OTHER = "other", _("Other")


class DiagnosisSource(models.TextChoices):
    """Where the diagnosis was read: what a monitor would ask to see."""

    HOSPITAL_RECORD = "hospital_record", _("Hospital record or discharge summary")
    DOCTORS_LETTER = "doctors_letter", _("Letter or prescription of a doctor")
    LABORATORY_REPORT = "laboratory_report", _("Laboratory report")
    PUBLICATION = "publication", _("Published report")
    TOLD = "told", _("Told by the participant or the family, no document seen")


class OnsetSymptom(models.TextChoices):
    POLYURIA = "polyuria", _("Increased micturition")
    POLYDIPSIA = "polydipsia", _("Increased thirst")
    POLYPHAGIA = "polyphagia", _("Increased hunger")
    WEIGHT_LOSS = "weight_loss", _("Loss of weight")
    ENURESIS = "enuresis", _("Bed-wetting anew")
    ABDOMINAL_PAIN = "abdominal_pain", _("Abdominal pain")
    VOMITING = "vomiting", _("Vomiting")
    FAINTING = "fainting", _("Fainting spells")
    FATIGUE = "fatigue", _("Fatigue or weakness")
    BLURRED_VISION = "blurred_vision", _("Blurred vision")
    INFECTIONS = "infections", _("Infections of skin or genitals")
    KETOACIDOSIS = "ketoacidosis", _("Ketoacidosis")
    OTHER = "other", _("Other")
    NONE = "none", _("None")


class KetoacidosisSeverity(models.TextChoices):
    """As the source states it: the limits of pH differ between adults and children, and between years."""

    MILD = "mild", _("Mild")
    MODERATE = "moderate", _("Moderate")
    SEVERE = "severe", _("Severe")


class CPeptideUnit(models.TextChoices):
    NG_ML = "ng/mL", "ng/mL"
    NMOL_L = "nmol/L", "nmol/L"
    PMOL_L = "pmol/L", "pmol/L"


class SampleState(models.TextChoices):
    FASTING = "fasting", _("Fasting")
    RANDOM = "random", _("Random")
    STIMULATED = "stimulated", _("Stimulated")


class Treatment(models.TextChoices):
    NONE = "none", _("None")
    BASAL_BOLUS = "basal_bolus", _("Basal-bolus insulin")
    PREMIXED = "premixed", _("Premixed insulin")
    PUMP = "pump", _("Insulin pump")
    INSULIN = "insulin", _("Insulin, regimen not stated")
    ORAL_AGENTS = "oral_agents", _("Oral agents")
    DIET_EXERCISE = "diet_exercise", _("Diet and exercise")
    TRADITIONAL = "traditional", _("Traditional medicine")
    CELL_THERAPY = "cell_therapy", _("Cell therapy before")
    IMMUNOTHERAPY = "immunotherapy", _("Immunotherapy")
    OTHER = "other", _("Other")


class Relation(models.TextChoices):
    NONE = "none", _("Nobody")
    MOTHER = "mother", _("Mother")
    FATHER = "father", _("Father")
    SIBLING = "sibling", _("Brother or sister")
    CHILD = "child", _("Child")
    SECOND_DEGREE = "second_degree", _("Grandparent, uncle, aunt, cousin")


class Comorbidity(models.TextChoices):
    NONE = "none", _("None")
    THYROID = "thyroid", _("Autoimmune thyroid disease")
    COELIAC = "coeliac", _("Coeliac disease")
    ADDISON = "addison", _("Addison's disease")
    VITILIGO = "vitiligo", _("Vitiligo")
    HYPERTENSION = "hypertension", _("Hypertension")
    DYSLIPIDAEMIA = "dyslipidaemia", _("Dyslipidaemia")
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
    # Completed years. A calendar date gives an age only within bounds: the birth date is sealed elsewhere.
    age_at_diagnosis = CountField(_("Age at diagnosis"), unit="a", derived=True)
    age_at_diagnosis_from = CountField(_("Age at diagnosis: at least"), unit="a", derived=True)
    age_at_diagnosis_to = CountField(_("Age at diagnosis: at most"), unit="a", derived=True)
    diabetes_type = CodedField(_("Type of diabetes"), codes=DiabetesType)
    autoimmune = YesNoField(_("Autoimmunity shown"))
    diagnosis_basis = MultiCodedField(_("Diagnosis rests on"), codes=DiagnosisBasis, required=False)
    diagnosis_source = CodedField(_("Where the diagnosis is recorded"), codes=DiagnosisSource, required=False)

    symptoms_at_onset = MultiCodedField(_("Symptoms at onset"), codes=OnsetSymptom)
    symptoms_began_on = PartialDateField(_("Symptoms began"), required=False)
    symptom_weeks = QuantityField(
        _("Symptoms before the diagnosis for"), unit="wk", decimals=1, minimum=0, maximum=1040, required=False
    )
    symptoms_note = NoteField(_("Symptoms in the words of the source"), required=False)

    dka_history = YesNoField(_("Ketoacidosis ever"))
    dka_at_diagnosis = YesNoField(_("Ketoacidosis at diagnosis"), required=False)
    dka_severity_at_diagnosis = CodedField(
        _("Severity of the ketoacidosis at diagnosis, as stated"), codes=KetoacidosisSeverity
    )
    dka_episodes = CountField(
        _("Episodes of ketoacidosis"),
        minimum=0,
        maximum=100,
        help_text=_("All of them, the one at diagnosis included."),
    )

    c_peptide_at_diagnosis = LaboratoryValueField(
        _("C-peptide at diagnosis, as reported"),
        required=False,
        help_text=_("History: the baseline of the study is measured at the baseline visit."),
    )
    c_peptide_unit = CodedField(_("Unit of the C-peptide"), codes=CPeptideUnit, required=False)
    c_peptide_state = CodedField(_("C-peptide taken"), codes=SampleState, required=False)

    insulin_since = PartialDateField(_("On insulin since"))
    prior_treatments = MultiCodedField(
        _("Treatments before the study"), codes=Treatment, required=False, help_text=_("All that apply.")
    )
    prior_treatments_other = TextField(_("Which other treatment"))
    prior_cell_therapy = TextField(_("Which cell therapy, where and when"))
    prior_immunotherapy = TextField(_("Which immunotherapy, and when"))
    diet_exercise = NoteField(_("Diet and exercise before the study"), required=False)
    severe_hypoglycaemia = YesNoField(
        _("Severe hypoglycaemia ever"),
        required=False,
        help_text=_("An altered state that needed the help of others, at any glucose."),
    )
    severe_hypoglycaemia_last_year = CountField(
        _("Severe hypoglycaemias in the year before the study"), minimum=0, maximum=400
    )

    comorbidities = MultiCodedField(_("Comorbidities"), codes=Comorbidity)
    comorbidities_other = TextField(_("Which other comorbidity"))
    severity = CodedField(
        _("Severity of the condition"),
        codes=Severity,
        help_text=_("As the investigator judges it; the dose may be varied by it."),
    )
    pregnancies = CountField(
        _("Pregnancies"),
        minimum=0,
        maximum=30,
        required=False,
        loinc="11996-6",
        help_text=_("Where it applies; all of them, however they ended."),
    )

    family_history = YesNoField(_("Diabetes in the family"), required=False)
    family_type_1 = MultiCodedField(_("Type 1 diabetes: who"), codes=Relation, required=False)
    family_type_2 = MultiCodedField(_("Type 2 diabetes: who"), codes=Relation, required=False)
    family_autoimmune = MultiCodedField(
        _("Another autoimmune disease in the family: who"), codes=Relation, required=False
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


class Antibody(models.TextChoices):
    """The islet autoantibodies, by the keys that the protocol gives them among its analytes."""

    ICA = "ica", _("Islet cell antibody (ICA)")
    GAD65 = "gad65", _("GAD65 antibody")
    IAA = "iaa", _("Insulin antibody (IAA)")
    IA2 = "ia2", _("IA-2 antibody")
    ZNT8 = "znt8", _("ZnT8 antibody")


class AntibodyResult(models.TextChoices):
    POSITIVE = "positive", _("Positive")
    NEGATIVE = "negative", _("Negative")
    INDETERMINATE = "indeterminate", _("Indeterminate")
    NOT_TESTED = "not_tested", _("Not tested")


@tracked
class AntibodyAtDiagnosis(CrfRecord):
    """One antibody as it was found at diagnosis: a row for each, so that a frame has it by name.

    What the study measures itself is a laboratory result of a visit.
    """

    antibody = CodedField(_("Antibody"), codes=Antibody)
    result = CodedField(_("Result"), codes=AntibodyResult)
    reported = LaboratoryValueField(_("Number as reported"), required=False)
    unit = TextField(_("Unit as reported (UCUM)"), max_length=30, required=False)
    cut_off = LaboratoryValueField(_("Positive from, as reported"), required=False)
    collected_on = PartialDateField(_("Sample taken"))
    assay = TextField(_("Assay"), max_length=120, required=False)
    laboratory = TextField(_("Laboratory"), max_length=120, required=False)
    note = NoteField(_("Note"), required=False)

    class Meta(CrfRecord.Meta):
        verbose_name = _("antibody at diagnosis")
        verbose_name_plural = _("antibodies at diagnosis")
        constraints = [
            *CrfRecord.Meta.constraints,
            models.UniqueConstraint(
                fields=["participant", "antibody"],
                name="antibody_at_diagnosis_once",
                violation_error_message=_(
                    "This antibody is already recorded for the time of diagnosis; change that."
                ),
            ),
        ]


class AdmissionReason(models.TextChoices):
    DKA = "dka", _("Diabetic ketoacidosis")
    SEVERE_HYPOGLYCAEMIA = "severe_hypoglycaemia", _("Severe hypoglycaemia")
    HYPERGLYCAEMIA = "hyperglycaemia", _("Hyperglycaemia without ketoacidosis")
    INFECTION = "infection", _("Infection")
    SURGERY = "surgery", _("Surgery or injury")
    OTHER = "other", _("Other")


class HospitalKind(models.TextChoices):
    OWN = "own", _("The site's own hospital")
    GOVERNMENT = "government", _("Government hospital or medical college")
    PRIVATE = "private", _("Private hospital")
    NURSING_HOME = "nursing_home", _("Nursing home or clinic")
    OTHER = "other", _("Other")


class DocumentSeen(models.TextChoices):
    DISCHARGE_SUMMARY = "discharge_summary", _("Discharge summary")
    OTHER = "other", _("Another document")
    NONE = "none", _("None: told by the participant or the family")
    PUBLICATION = "publication", _("Published report")


@tracked
class Hospitalisation(CrfRecord):
    """One stay in hospital before the study. A stay during the study is an adverse event."""

    reason = CodedField(_("Reason"), codes=AdmissionReason)
    reason_other = TextField(_("Which other reason"))
    admitted_on = PartialDateField(_("When"))
    duration_days = CountField(_("Duration"), unit="d", minimum=0, maximum=3650)
    duration_as_written = TextField(_("Duration as the source writes it"), max_length=60, required=False)
    hospital_kind = CodedField(_("Kind of hospital"), codes=HospitalKind, required=False)
    intensive_care = YesNoField(_("Intensive care"), required=False)
    intensive_care_days = CountField(_("Days in intensive care"), unit="d", minimum=0, maximum=3650)
    document_seen = CodedField(_("Document seen"), codes=DocumentSeen, required=False)
    note = NoteField(_("Note"), required=False)

    class Meta(CrfRecord.Meta):
        verbose_name = _("hospitalisation before the study")
        verbose_name_plural = _("hospitalisations before the study")
