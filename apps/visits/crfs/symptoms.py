"""Symptoms."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from apps.visits import checks
from apps.visits.crfs.gates import visit_took_place
from apps.visits.models import Symptoms
from studyportal.crf.registry import register
from studyportal.crf.spec import CrfSpec, Section, ShowIf

SYMPTOMS = register(
    CrfSpec(
        model=Symptoms,
        key="symptoms",
        title=_("Symptoms"),
        parents=("visit",),
        sections=(
            Section(
                _("Since the visit before"),
                (
                    "polyuria",
                    "polyuria_severity",
                    "nocturia_per_night",
                    "polydipsia",
                    "polydipsia_severity",
                    "fainting",
                    "fainting_episodes",
                    "abdominal_pain",
                    "abdominal_pain_severity",
                    "abdominal_pain_days",
                ),
            ),
            Section(_("General health"), ("general_health", "general_health_compared", "note")),
        ),
        show_if={
            "polyuria_severity": ShowIf("polyuria", ("true",)),
            "polydipsia_severity": ShowIf("polydipsia", ("true",)),
            "fainting_episodes": ShowIf("fainting", ("true",)),
            "abdominal_pain_severity": ShowIf("abdominal_pain", ("true",)),
            "abdominal_pain_days": ShowIf("abdominal_pain", ("true",)),
        },
        checks=(
            checks.fainting_asks_for_event,
            checks.strong_pain_asks_for_ketones,
            checks.nocturia_goes_with_polyuria,
        ),
        gates=(visit_took_place,),
    )
)
