"""The forms of the laboratory."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from django.utils.translation import gettext_lazy as _

from apps.labs import checks, rules, selectors
from apps.labs.models import GlucoseChart, GlucoseReading, LabResult
from apps.visits.crfs import visit_took_place
from studyportal.crf.outcomes import Problem
from studyportal.crf.registry import register
from studyportal.crf.spec import About, CrfSpec, Section, SignedRows
from studyportal.ui.parts import Column


def within_protocol(values: Mapping[str, Any]) -> Iterable[Problem]:
    """The hard rules that need the analyte's terms, which the protocol holds."""
    terms = selectors.terms_of(values.get("analyte"))
    yield from rules.number_suits_analyte(values, terms)
    yield from rules.unit_belongs_to_analyte(values, terms)
    yield from rules.number_is_possible(values, terms)


LAB_RESULT = register(
    CrfSpec(
        model=LabResult,
        key="lab-result",
        title=_("Laboratory result"),
        description=_("One form for each analyte."),
        parents=("visit",),
        about=About.SAMPLE,
        dated_by=("collected_on", "visit.happened_on"),
        always_when=("context", "safety"),
        sections=(
            Section(_("Sample"), ("analyte", "context", "collected_on", "fasting")),
            Section(
                _("Result as reported"),
                ("reported", "unit", "unit_basis", "qualitative", "lloq", "normal_low", "normal_high"),
            ),
            Section(_("Derived"), ("number_canonical", "unit_canonical", "eag", "idaa1c")),
            Section(_("Source"), ("assay", "laboratory", "source_conflict", "note")),
        ),
        rules=(
            within_protocol,
            rules.result_is_there,
            rules.lloq_is_a_limit,
            rules.limits_of_normal_in_order,
        ),
        checks=(
            checks.unit_stated,
            checks.number_plausible,
            checks.fasting_state_known,
            checks.sources_agree,
            checks.insulin_antibody_interpretable,
            checks.result_expected,
            checks.baseline_not_at_diagnosis,
            checks.agrees_with_history,
        ),
        derive=rules.derive_lab_result,
        context=selectors.lab_result_context,
        gates=(visit_took_place,),
        repeats=True,
    )
)


def readings_table(readings: list[GlucoseReading]) -> tuple[list[Any], list[list[Any]]]:
    return (
        [_("Day"), _("Slot"), Column(_("Value"), numeric=True), _("Unit")],
        [[r.measured_on, r.get_slot_display(), str(r.value), r.unit] for r in readings],
    )


GLUCOSE_CHART = register(
    CrfSpec(
        model=GlucoseChart,
        key="glucose-chart",
        title=_("Glucose chart"),
        parents=("visit",),
        dated_by=("period_start", "visit.happened_on"),
        sections=(
            Section(_("Period"), ("period_start", "period_end", "slots")),
            Section(_("Source"), ("trend", "transcribed", "source_label", "note")),
        ),
        rules=(rules.period_in_order,),
        checks=(checks.readings_expected,),
        context=selectors.glucose_chart_context,
        gates=(visit_took_place,),
        repeats=True,
        signed_rows=(SignedRows(GlucoseReading, "chart", _("Readings"), readings_table),),
    )
)
