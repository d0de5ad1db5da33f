"""Pregnancy test."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from apps.visits import checks, selectors
from apps.visits.crfs.gates import visit_took_place
from apps.visits.models import PregnancyTest
from studyportal.crf.registry import register
from studyportal.crf.spec import CrfSpec, Section, ShowIf

PREGNANCY_TEST = register(
    CrfSpec(
        model=PregnancyTest,
        key="pregnancy-test",
        title=_("Pregnancy test"),
        description=_("Before each session, where one can be pregnant."),
        parents=("visit",),
        dated_by=("tested_on", "visit.happened_on"),
        sections=(
            Section(_("Need"), ("needed", "not_needed_because")),
            Section(_("Test"), ("tested_on", "specimen", "result", "note")),
        ),
        show_if={
            "not_needed_because": ShowIf("needed", ("false",)),
            **dict.fromkeys(("tested_on", "specimen", "result"), ShowIf("needed", ("true",))),
        },
        checks=(checks.pregnancy_found, checks.need_fits_sex),
        context=selectors.pregnancy_context,
        gates=(visit_took_place,),
        repeats=True,
    )
)
