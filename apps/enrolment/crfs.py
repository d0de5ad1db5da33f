"""The forms about the time before the study."""

from django.utils.translation import gettext_lazy as _

from apps.enrolment import checks, rules, selectors
from apps.enrolment.actions.gates import not_before_birth
from apps.enrolment.models import Demographics, Hospitalisation, MedicalHistory
from studyportal.crf.registry import register
from studyportal.crf.spec import CrfSpec, Section, ShowIf

DEMOGRAPHICS = register(
    CrfSpec(
        model=Demographics,
        key="demographics",
        title=_("Demographics"),
        sections=(
            Section(_("Person"), ("sex", "age_at_enrolment", "age_basis")),
            Section(_("Background"), ("country", "country_other", "education", "language")),
        ),
        show_if={"country_other": ShowIf("country", ("other",))},
        checks=(checks.age_unusual, checks.age_disagrees_with_birth),
        context=selectors.demographics_context,
    )
)

MEDICAL_HISTORY = register(
    CrfSpec(
        model=MedicalHistory,
        key="medical-history",
        title=_("Medical history"),
        sections=(
            Section(
                _("Diabetes"),
                (
                    "diagnosed_on",
                    "diabetes_type",
                    "autoimmune",
                    "symptoms_at_onset",
                    "symptoms_note",
                    "insulin_since",
                ),
            ),
            Section(_("Ketoacidosis"), ("dka_history", "dka_episodes")),
            Section(
                _("Other conditions and way of life"),
                ("comorbidities", "comorbidities_other", "family_history", "diet_exercise", "severity"),
            ),
        ),
        show_if={
            "dka_episodes": ShowIf("dka_history", ("true",)),
            "comorbidities_other": ShowIf("comorbidities", ("other",)),
        },
        rules=(
            rules.comorbidity_none_stands_alone,
            rules.symptoms_none_stands_alone,
            rules.ketoacidosis_count_agrees,
        ),
        checks=(checks.insulin_before_diagnosis, checks.not_type_one, checks.autoimmunity_denied),
        gates=(not_before_birth,),
    )
)

HOSPITALISATION = register(
    CrfSpec(
        model=Hospitalisation,
        key="hospitalisation",
        title=_("Hospitalisation before the study"),
        sections=(
            Section(
                _("Stay"),
                ("reason", "reason_other", "admitted_on", "duration_days", "duration_as_written", "note"),
            ),
        ),
        show_if={"reason_other": ShowIf("reason", ("other",))},
        checks=(checks.stay_long, checks.ketoacidosis_not_in_history),
        gates=(not_before_birth,),
        context=selectors.hospitalisation_context,
        repeats=True,
    )
)
