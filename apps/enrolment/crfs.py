"""The forms about the person, the time before the study, and the end of it."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from apps.enrolment import checks, gates, rules, selectors
from apps.enrolment.models import (
    AntibodyAtDiagnosis,
    Demographics,
    EndOfStudy,
    Hospitalisation,
    LostToFollowUp,
    MedicalHistory,
)
from studyportal.crf.registry import register
from studyportal.crf.spec import About, CrfSpec, Section, ShowIf
from studyportal.signatures.models import Meaning

DEMOGRAPHICS = register(
    CrfSpec(
        model=Demographics,
        key="demographics",
        title=_("Demographics"),
        sections=(
            Section(_("Person"), ("sex", "age_at_enrolment", "age_basis")),
            Section(
                _("Residence"),
                ("country", "country_other", "home_state", "setting"),
                help=_("The state and no more: a smaller place would point at the person."),
            ),
            Section(
                _("Reading and schooling"),
                ("education", "occupation", "language", "language_other", "can_read", "witness_needed"),
                help=_("They decide in which language, and with whose witness, consent is signed."),
            ),
        ),
        show_if={
            "country_other": ShowIf("country", ("other",)),
            "home_state": ShowIf("country", ("IN",)),
            "language_other": ShowIf("language", ("other",)),
        },
        checks=(
            checks.age_unusual,
            checks.age_below_diagnosis,
            checks.age_disagrees_with_birth,
            checks.language_of_consent,
            checks.reading_fits_education,
        ),
        derive=rules.derive_demographics,
        context=selectors.demographics_context,
    )
)

_KETOACIDOSIS = ShowIf("dka_history", ("true",))
_IN_FAMILY = ShowIf("family_history", ("true",))

MEDICAL_HISTORY = register(
    CrfSpec(
        model=MedicalHistory,
        key="medical-history",
        title=_("Medical history"),
        description=_("The time before the study: nothing here is a baseline or an event of the study."),
        sections=(
            Section(
                _("Diabetes"),
                (
                    "diagnosed_on",
                    "age_at_diagnosis",
                    "age_at_diagnosis_from",
                    "age_at_diagnosis_to",
                    "diabetes_type",
                    "autoimmune",
                    "diagnosis_basis",
                    "diagnosis_source",
                ),
            ),
            Section(_("Onset"), ("symptoms_at_onset", "symptoms_began_on", "symptom_weeks", "symptoms_note")),
            Section(
                _("Ketoacidosis"),
                ("dka_history", "dka_at_diagnosis", "dka_severity_at_diagnosis", "dka_episodes"),
            ),
            Section(
                _("C-peptide at diagnosis"),
                ("c_peptide_at_diagnosis", "c_peptide_unit", "c_peptide_state"),
                help=_("Antibodies at diagnosis have a form of their own, one for each."),
            ),
            Section(
                _("Treatment before the study"),
                (
                    "insulin_since",
                    "prior_treatments",
                    "prior_treatments_other",
                    "prior_cell_therapy",
                    "prior_immunotherapy",
                    "severe_hypoglycaemia",
                    "severe_hypoglycaemia_last_year",
                ),
            ),
            Section(
                _("Other conditions and way of life"),
                ("comorbidities", "comorbidities_other", "pregnancies", "diet_exercise", "severity"),
            ),
            Section(_("Family"), ("family_history", "family_type_1", "family_type_2", "family_autoimmune")),
        ),
        show_if={
            "dka_at_diagnosis": _KETOACIDOSIS,
            "dka_severity_at_diagnosis": ShowIf("dka_at_diagnosis", ("true",)),
            "dka_episodes": _KETOACIDOSIS,
            "prior_treatments_other": ShowIf("prior_treatments", ("other",)),
            "prior_cell_therapy": ShowIf("prior_treatments", ("cell_therapy",)),
            "prior_immunotherapy": ShowIf("prior_treatments", ("immunotherapy",)),
            "severe_hypoglycaemia_last_year": ShowIf("severe_hypoglycaemia", ("true",)),
            "comorbidities_other": ShowIf("comorbidities", ("other",)),
            "family_type_1": _IN_FAMILY,
            "family_type_2": _IN_FAMILY,
        },
        rules=(
            rules.comorbidity_none_stands_alone,
            rules.symptoms_none_stands_alone,
            rules.treatment_none_stands_alone,
            rules.nobody_stands_alone,
            rules.ketoacidosis_count_agrees,
        ),
        checks=(
            checks.diagnosis_after_enrolment,
            checks.diagnosis_before_birth,
            checks.insulin_before_diagnosis,
            checks.not_type_one,
            checks.autoimmunity_denied,
            checks.antibodies_fit_type,
            checks.symptoms_after_diagnosis,
            checks.symptom_duration_agrees,
            checks.ketoacidosis_agrees_with_symptoms,
            checks.c_peptide_has_unit,
            checks.treatment_fits_insulin,
            checks.family_says_who,
            checks.pregnancy_fits_sex,
        ),
        derive=rules.derive_history,
        gates=(gates.not_before_birth,),
        context=selectors.history_context,
    )
)

_TESTED = ShowIf("result", ("positive", "negative", "indeterminate"))

ANTIBODY_AT_DIAGNOSIS = register(
    CrfSpec(
        model=AntibodyAtDiagnosis,
        key="antibody-at-diagnosis",
        dated_by=("collected_on",),
        title=_("Antibody at diagnosis"),
        description=_(
            "One form for each antibody. What the study measures is a laboratory result of a visit."
        ),
        sections=(
            Section(_("Result"), ("antibody", "result", "reported", "unit", "cut_off")),
            Section(_("Sample"), ("collected_on", "assay", "laboratory", "note")),
        ),
        show_if=dict.fromkeys(
            ("reported", "unit", "cut_off", "collected_on", "assay", "laboratory"), _TESTED
        ),
        checks=(
            checks.insulin_antibody_interpretable,
            checks.antibody_taken_at_diagnosis,
            checks.antibody_number_has_unit,
        ),
        gates=(gates.not_before_birth,),
        context=selectors.antibody_context,
        repeats=True,
    )
)

HOSPITALISATION = register(
    CrfSpec(
        model=Hospitalisation,
        key="hospitalisation",
        dated_by=("admitted_on",),
        title=_("Hospitalisation before the study"),
        sections=(
            Section(
                _("Stay"), ("reason", "reason_other", "admitted_on", "duration_days", "duration_as_written")
            ),
            Section(
                _("Hospital and source"),
                ("hospital_kind", "intensive_care", "intensive_care_days", "document_seen", "note"),
            ),
        ),
        show_if={
            "reason_other": ShowIf("reason", ("other",)),
            "intensive_care_days": ShowIf("intensive_care", ("true",)),
        },
        rules=(rules.intensive_care_within_stay,),
        checks=(checks.stay_long, checks.ketoacidosis_not_in_history, checks.stay_after_enrolment),
        gates=(gates.not_before_birth,),
        context=selectors.hospitalisation_context,
        repeats=True,
    )
)

_FOUND = ShowIf("found_again", ("true",))

LOST_TO_FOLLOW_UP = register(
    CrfSpec(
        model=LostToFollowUp,
        key="lost-to-follow-up",
        about=About.CONTACT,
        dated_by=("last_contact_on",),
        title=_("Lost to follow-up"),
        description=_(
            "One form for each time. When the participant is found again, say so in the same form."
        ),
        sections=(
            Section(
                _("Loss"),
                (
                    "last_contact_on",
                    "declared_on",
                    "attempts",
                    "attempt_methods",
                    "reason",
                    "reason_other",
                    "vital_status",
                ),
            ),
            Section(_("Found again"), ("found_again", "found_on", "found_how", "note")),
        ),
        show_if={
            "reason_other": ShowIf("reason", ("other",)),
            "found_on": _FOUND,
            "found_how": _FOUND,
        },
        rules=(
            rules.last_contact_before_declared,
            rules.found_after_declared,
            rules.methods_fit_attempts,
        ),
        checks=(
            checks.attempts_as_in_protocol,
            checks.ways_as_in_protocol,
            checks.declared_after_waiting,
            checks.dead_is_not_lost,
            checks.lost_after_end,
        ),
        context=selectors.loss_context,
        gates=(gates.not_before_birth, gates.found_before_lost_again),
        repeats=True,
    )
)

_DIED = ShowIf("reason", ("died",))

END_OF_STUDY = register(
    CrfSpec(
        model=EndOfStudy,
        key="end-of-study",
        about=About.ALWAYS,
        title=_("End of study"),
        description=_("Once, when the participant's time in the study is over. The investigator signs it."),
        sections=(
            Section(
                _("End"), ("ended_on", "reason", "reason_note", "treated_where", "last_visit_on", "note")
            ),
            Section(
                _("If the participant died"),
                ("died_on", "cause_verbatim", "cause_group", "related_to_product", "autopsy"),
                help=_(
                    "Asked when the reason is “Died”. A death in the study is a serious adverse event, too: record it there."
                ),
            ),
        ),
        show_if={
            "reason_note": ShowIf("reason", ("investigator", "not_eligible", "sponsor", "other")),
            "treated_where": ShowIf("reason", ("treated_elsewhere",)),
            **dict.fromkeys(
                ("died_on", "cause_verbatim", "cause_group", "related_to_product", "autopsy"), _DIED
            ),
        },
        rules=(rules.end_in_order,),
        checks=(
            checks.lost_has_form,
            checks.end_after_enrolment,
            checks.ended_long_after_last_visit,
            checks.asked_above,
        ),
        gates=(gates.not_before_birth,),
        context=selectors.end_context,
        meanings=(Meaning.APPROVED, Meaning.REVIEWED),
    )
)
