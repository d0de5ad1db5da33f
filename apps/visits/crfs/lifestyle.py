"""Diet and exercise."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from apps.visits import rules
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
            Section(_("Exercise"), ("exercise_intensity", "exercise_minutes_per_week", "adherence")),
        ),
        rules=(rules.no_exercise_has_no_minutes,),
        gates=(visit_took_place,),
    )
)
