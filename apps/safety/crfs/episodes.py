"""The forms of diabetic emergencies."""

from django.utils.translation import gettext_lazy as _

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
                ("glucose", "ph", "ph_venous", "bicarbonate", "ketones_blood", "ketonuria", "mental_status"),
            ),
            Section(_("Course"), ("precipitant", "treated_in", "remarks")),
            Section(_("Judged"), ("criteria", "meets_criteria", "criteria_basis", "severity")),
        ),
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
            Section(_("What happened"), ("happened_at", "glucose", "symptoms", "needed_help", "nocturnal")),
            Section(_("Treatment and cause"), ("treatment", "cause", "remarks")),
            Section(_("Judged"), ("criteria", "level", "level_basis")),
        ),
    )
)
