"""The course of a mixed-meal test."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from apps.visits import checks, rules, selectors
from apps.visits.crfs.gates import visit_took_place
from apps.visits.models import MixedMealTest
from studyportal.crf.registry import register
from studyportal.crf.spec import CrfSpec, Section, ShowIf

_DONE = ShowIf("done", ("true",))
_OF_THE_TEST = (
    "performed_on",
    "fasting_hours",
    "insulin_withheld",
    "meal",
    "meal_amount",
    "meal_started_at",
    "meal_minutes",
    "meal_finished",
    "vomited",
    "samples",
)

MIXED_MEAL_TEST = register(
    CrfSpec(
        model=MixedMealTest,
        key="mixed-meal-test",
        title=_("Mixed-meal test"),
        description=_("When what was taken. Glucose and C-peptide are entered once, as laboratory results."),
        parents=("visit",),
        dated_by=("performed_on", "visit.happened_on"),
        sections=(
            Section(
                _("Test"), ("done", "not_done_reason", "performed_on", "fasting_hours", "insulin_withheld")
            ),
            Section(
                _("Meal"),
                ("meal", "meal_amount", "meal_started_at", "meal_minutes", "meal_finished", "vomited"),
            ),
            Section(_("Samples"), ("samples", "note")),
        ),
        show_if={"not_done_reason": ShowIf("done", ("false",)), **dict.fromkeys(_OF_THE_TEST, _DONE)},
        rules=(rules.sample_times_rise, rules.not_taken_has_no_tube, rules.tube_stands_once),
        checks=(
            checks.fasted_long_enough,
            checks.meal_was_taken,
            checks.samples_in_time,
            checks.taken_has_time,
            checks.times_of_protocol,
        ),
        context=selectors.mixed_meal_context,
        gates=(visit_took_place,),
    )
)
