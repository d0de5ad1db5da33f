"""Concomitant medication."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from apps.visits import checks, rules
from apps.visits.models import ConcomitantMedication
from studyportal.crf.registry import register
from studyportal.crf.spec import CrfSpec, Section, ShowIf

CONCOMITANT_MEDICATION = register(
    CrfSpec(
        model=ConcomitantMedication,
        key="concomitant-medication",
        title=_("Concomitant medication"),
        description=_(
            "One form for each medicine, over the whole time in the study. Insulins stand elsewhere."
        ),
        dated_by=("started_on",),
        sections=(
            Section(_("Medicine"), ("medicine", "atc", "indication")),
            Section(_("Dose"), ("dose", "dose_unit", "frequency", "route")),
            Section(_("Course"), ("started_on", "ongoing", "stopped_on", "note")),
        ),
        show_if={"stopped_on": ShowIf("ongoing", ("false",))},
        rules=(rules.atc_has_its_shape, rules.dose_has_unit, rules.medicine_stopped_after_started),
        checks=(checks.insulin_has_its_form, checks.acts_on_endpoints),
        repeats=True,
    )
)
