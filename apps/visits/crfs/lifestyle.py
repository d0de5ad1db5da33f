"""Diet and exercise."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from apps.visits import checks, rules
from apps.visits.crfs.gates import visit_took_place
from apps.visits.models import Lifestyle
from studyportal.crf.registry import register
from studyportal.crf.spec import CrfSpec, Section

LIFESTYLE = register(
    CrfSpec(
        model=Lifestyle,
        key="lifestyle",
        title=_("Diet and exercise"),
        parents=("visit",),
        sections=(
            Section(_("Diet"), ("diet", "diet_note")),
            Section(_("Exercise"), ("exercise_intensity", "exercise_minutes_per_week")),
            Section(
                _("How it was kept"),
                ("adherence", "diet_days", "exercise_days", "adherence_scale", "hindrances"),
            ),
        ),
        rules=(rules.no_exercise_has_no_minutes,),
        checks=(checks.adherence_fits_days,),
        gates=(visit_took_place,),
    )
)
