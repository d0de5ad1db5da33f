"""Symptoms."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from apps.visits import checks
from apps.visits.crfs.gates import visit_took_place
from apps.visits.models import Symptoms
from studyportal.crf.registry import register
from studyportal.crf.spec import CrfSpec, Section

SYMPTOMS = register(
    CrfSpec(
        model=Symptoms,
        key="symptoms",
        title=_("Symptoms"),
        parents=("visit",),
        sections=(
            Section(_("Since the visit before"), ("polyuria", "polydipsia", "fainting", "abdominal_pain")),
            Section(_("General health"), ("general_health", "general_health_compared", "note")),
        ),
        checks=(checks.fainting_asks_for_event,),
        gates=(visit_took_place,),
    )
)
