"""The forms of a visit."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from apps.visits import checks, rules, selectors
from apps.visits.models import InsulinUse, Lifestyle, Symptoms, VisitStatus, VitalSigns
from studyportal.crf.outcomes import Problem
from studyportal.crf.registry import register
from studyportal.crf.spec import CrfSpec, Section, ShowIf


def visit_took_place(record: Any, by: Any) -> Iterable[Problem]:
    """Gate: nothing is recorded at a visit that was missed."""
    visit = record.visit
    if visit is not None and visit.status == VisitStatus.MISSED:
        yield Problem(
            "visit",
            "visit_missed",
            _now("This visit is recorded as missed. If it took place after all, change the visit first."),
        )


VITAL_SIGNS = register(
    CrfSpec(
        model=VitalSigns,
        key="vital-signs",
        title=_("Vital signs"),
        parents=("visit",),
        dated_by=("taken_on", "visit.happened_on"),
        sections=(
            Section(_("Body size"), ("taken_on", "weight", "height", "bmi")),
            Section(_("Circulation"), ("systolic", "diastolic", "pulse", "temperature")),
        ),
        rules=(rules.diastolic_below_systolic,),
        checks=(
            checks.weight_absent,
            checks.weight_jump,
            checks.bmi_unusual,
            checks.circulation_unusual,
            checks.fever,
        ),
        derive=rules.derive_vital_signs,
        context=selectors.vital_signs_context,
        gates=(visit_took_place,),
    )
)

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
            Section(_("Course"), ("started_on", "stopped_on", "note")),
        ),
        show_if={
            "product_other": ShowIf("product", ("other",)),
            "frequency_per_day": ShowIf("taken", ("true",)),
        },
        rules=(rules.not_taken_has_no_dose, rules.taken_has_dose_above_zero, rules.stopped_after_started),
        checks=(checks.frequency_absent, checks.dose_absent, checks.brand_is_of_product, checks.dose_unusual),
        derive=rules.derive_insulin,
        context=selectors.insulin_context,
        gates=(visit_took_place,),
        repeats=True,
    )
)

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
