"""Body size and circulation."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from apps.visits import checks, rules, selectors
from apps.visits.crfs.gates import visit_took_place
from apps.visits.models import VitalSigns
from studyportal.crf.registry import register
from studyportal.crf.spec import CrfSpec, Section

VITAL_SIGNS = register(
    CrfSpec(
        model=VitalSigns,
        key="vital-signs",
        title=_("Vital signs"),
        parents=("visit",),
        dated_by=("taken_on", "visit.happened_on"),
        sections=(
            Section(_("Body size"), ("taken_on", "weight", "height", "waist", "bmi")),
            Section(_("Circulation"), ("systolic", "diastolic", "position", "pulse")),
            Section(
                _("Breathing and temperature"),
                ("temperature", "respiration", "oxygen_saturation", "measured_by"),
            ),
        ),
        rules=(rules.diastolic_below_systolic,),
        checks=(
            checks.weight_absent,
            checks.weight_jump,
            checks.bmi_unusual,
            checks.circulation_unusual,
            checks.fever,
            checks.waist_unusual,
        ),
        derive=rules.derive_vital_signs,
        context=selectors.vital_signs_context,
        gates=(visit_took_place,),
    )
)
