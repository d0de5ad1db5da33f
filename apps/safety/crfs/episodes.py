"""The forms of diabetic emergencies."""

from django.utils.translation import gettext_lazy as _

from apps.safety import checks, contexts, rules
from apps.safety.models import DkaEpisode, HypoglycaemiaEpisode
from studyportal.crf.registry import register
from studyportal.crf.spec import About, CrfSpec, Section

DKA_EPISODE = register(
    CrfSpec(
        model=DkaEpisode,
        key="dka-episode",
        title=_("Ketoacidosis"),
        description=_("What was measured at a diabetic ketoacidosis, and by which criteria it is one."),
        parents=("event",),
        about=About.ALWAYS,
        dated_by=("sampled_at", "began_on"),
        sections=(
            Section(_("When"), ("began_on", "sampled_at", "known_diabetes")),
            Section(
                _("Measured"),
                (
                    "glucose",
                    "glucose_mmol",
                    "ph",
                    "ph_venous",
                    "bicarbonate",
                    "ketones_blood",
                    "ketonuria",
                    "mental_status",
                ),
            ),
            Section(_("Course"), ("precipitant", "treated_in", "remarks")),
            Section(_("Judged"), ("criteria", "meets_criteria", "criteria_basis", "severity")),
        ),
        rules=(rules.one_glucose, rules.possible_glucose, rules.sample_after_onset),
        checks=(
            checks.is_of_its_event,
            checks.sample_suits_criteria,
            checks.gases_agree,
            checks.state_suits_severity,
            checks.criteria_not_met,
        ),
        derive=rules.derive_dka,
        context=contexts.episode,
    )
)

HYPOGLYCAEMIA_EPISODE = register(
    CrfSpec(
        model=HypoglycaemiaEpisode,
        key="hypoglycaemia-episode",
        title=_("Hypoglycaemia"),
        description=_("The glucose, the help that was needed, and the level that follows."),
        parents=("event",),
        about=About.ALWAYS,
        dated_by=("happened_at",),
        sections=(
            Section(
                _("What happened"),
                ("happened_at", "glucose", "glucose_mmol", "symptoms", "needed_help", "nocturnal"),
            ),
            Section(_("Treatment and cause"), ("treatment", "cause", "remarks")),
            Section(_("Judged"), ("criteria", "level", "level_basis")),
        ),
        rules=(rules.one_glucose, rules.possible_glucose),
        checks=(checks.hypoglycaemia_is_of_its_event, checks.help_suits_state, checks.happened_at_onset),
        derive=rules.derive_hypoglycaemia,
        context=contexts.episode,
    )
)
