"""Quality of life."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from apps.visits import checks, rules
from apps.visits.crfs.gates import visit_took_place
from apps.visits.models import QualityOfLife
from studyportal.crf.registry import register
from studyportal.crf.spec import CrfSpec, Section

QUALITY_OF_LIFE = register(
    CrfSpec(
        model=QualityOfLife,
        key="quality-of-life",
        title=_("Quality of life"),
        description=_("Questions of this study, no licensed instrument. They ask about the last two weeks."),
        parents=("visit",),
        sections=(
            Section(_("Health today"), ("answered_by", "overall")),
            Section(
                _("Troubled in the last two weeks by"),
                ("tired", "sleep", "mood", "diabetes_worry", "daily_life", "trouble_score", "note"),
            ),
        ),
        checks=(checks.scale_against_score,),
        derive=rules.derive_quality,
        gates=(visit_took_place,),
    )
)
