"""Insulins."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from apps.visits import checks, rules, selectors
from apps.visits.crfs.gates import visit_took_place
from apps.visits.models import CHANGED, InsulinUse
from studyportal.crf.registry import register
from studyportal.crf.spec import CrfSpec, Section, ShowIf

INSULIN = register(
    CrfSpec(
        model=InsulinUse,
        key="insulin",
        title=_("Insulin"),
        description=_("One form for each insulin."),
        parents=("visit",),
        sections=(
            Section(_("Insulin"), ("role", "product", "product_other", "brand_as_written", "atc")),
            Section(_("Dose"), ("taken", "dose", "frequency_per_day", "daily_dose", "units_per_kg")),
            Section(
                _("Course"),
                (
                    "change",
                    "change_reason",
                    "change_note",
                    "dose_since",
                    "started_on",
                    "stopped_on",
                    "note",
                ),
            ),
        ),
        show_if={
            "product_other": ShowIf("product", ("other",)),
            "frequency_per_day": ShowIf("taken", ("true",)),
            "change_reason": ShowIf("change", tuple(change.value for change in CHANGED)),
            "change_note": ShowIf("change", tuple(change.value for change in CHANGED)),
        },
        rules=(
            rules.not_taken_has_no_dose,
            rules.taken_has_dose_above_zero,
            rules.stopped_after_started,
            rules.dose_since_within_course,
            rules.change_agrees_with_taken,
        ),
        checks=(
            checks.frequency_absent,
            checks.dose_absent,
            checks.brand_is_of_product,
            checks.dose_unusual,
            checks.change_is_explained,
        ),
        derive=rules.derive_insulin,
        context=selectors.insulin_context,
        gates=(visit_took_place,),
        repeats=True,
        copies=(
            "role",
            "product",
            "product_other",
            "brand_as_written",
            "taken",
            "dose",
            "frequency_per_day",
            "started_on",
        ),
    )
)
