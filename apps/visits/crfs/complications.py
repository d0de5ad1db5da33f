"""The screen for complications."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from apps.visits import checks
from apps.visits.crfs.gates import visit_took_place
from apps.visits.models import Complications
from studyportal.crf.registry import register
from studyportal.crf.spec import CrfSpec, Section, ShowIf

COMPLICATIONS = register(
    CrfSpec(
        model=Complications,
        key="complications",
        title=_("Complications"),
        description=_("What was looked for, how, and what was found. Numbers of the laboratory stay there."),
        parents=("visit",),
        dated_by=("screened_on", "visit.happened_on"),
        sections=(
            Section(_("Screen"), ("screened_on", "screens")),
            Section(_("More"), ("monofilament_points", "lipohypertrophy", "lipohypertrophy_where", "note")),
        ),
        show_if={"lipohypertrophy_where": ShowIf("lipohypertrophy", ("true",))},
        checks=(
            checks.new_finding_is_an_event,
            checks.method_finds_domain,
            checks.skin_against_injection_sites,
        ),
        gates=(visit_took_place,),
    )
)
