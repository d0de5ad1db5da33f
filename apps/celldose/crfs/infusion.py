"""The forms of the infusion and what was observed around it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext_lazy as _

from apps.celldose import checks, contexts, course, gates, locks, rules
from apps.celldose.crfs.groups import TREATED
from apps.celldose.models import Infusion, InfusionHappening, InfusionObservation
from studyportal.access.permissions import Permission
from studyportal.crf.registry import register
from studyportal.crf.spec import About, CrfSpec, Section, ShowIf


def _derived(values: Mapping[str, Any], context: Mapping[str, Any]) -> Mapping[str, Any]:
    return {**rules.derive_infusion(values, context), **rules.derive_course(values, context)}


def _told(record: Infusion) -> Mapping[str, Any]:
    """Of the product and its dose, and of the course."""
    return {**contexts.infusion_context(record), **course.infusion_context(record)}


INFUSION = register(
    CrfSpec(
        model=Infusion,
        key="infusion",
        about=About.ALWAYS,  # as the harvest
        title=_("Infusion"),
        description=_(
            "Needs a released product within its expiry, matching identity checks and consent in force."
        ),
        parents=("product",),
        sections=(
            Section(
                _("Administration"),
                (
                    "route",
                    "line",
                    "filter_used",
                    "filter_microns",
                    "premedication",
                    "started_at",
                    "stopped_at",
                    "rate_ml_h",
                    "interruptions",
                    "interruptions_note",
                ),
            ),
            Section(_("Volume"), ("volume_ml", "residual_discarded_ml", "minutes_running", "mean_rate_ml_h")),
            Section(
                _("Dose"),
                (
                    "total_dose",
                    "dose_as_stated",
                    "viable_dose",
                    "weight_kg",
                    "weight_on",
                    "dose_per_kg",
                    "viable_dose_per_kg",
                ),
            ),
        ),
        show_if={"filter_microns": ShowIf("filter_used", ("true",))},
        rules=(
            rules.infusion_stops_after_start,
            rules.not_before_harvest("started_at"),
            rules.rate_positive("rate_ml_h"),
        ),
        checks=(
            checks.history,
            checks.dose_not_stated,
            checks.million_factor("total_dose"),
            checks.dose_within_plan,
            checks.dose_within_count,
            checks.dose_fits_volume,
            checks.volume_balance,
            checks.volume_agrees_with_rates,
            checks.rate_within_bounds("rate_ml_h"),
            checks.interruptions_agree,
            checks.ended_while_interrupted,
            checks.observations_missing,
        ),
        derive=_derived,
        context=_told,
        gates=(course.started_once_gate, gates.infusion_gate, course.infusion_course_gate),
        lock=locks.treatment,
        permission=Permission.HANDLE_PRODUCTS,
        groups=TREATED,
    )
)


OBSERVATIONS = register(
    CrfSpec(
        model=InfusionObservation,
        key="observations",
        about=About.ALWAYS,
        title=_("Observation at the infusion"),
        description=_("15 min before, at the start, after 15, 30 and 60 min, and after 2, 4 and 24 h."),
        parents=("infusion",),
        sections=(
            Section(_("Time"), ("timepoint", "observed_at", "minutes_off")),
            Section(
                _("Vital signs"),
                ("temperature", "pulse", "systolic", "diastolic", "respiratory_rate", "oxygen_saturation"),
            ),
            Section(_("Reactions"), ("reactions", "reactions_note")),
        ),
        rules=(rules.diastolic_below_systolic, rules.none_stands_alone("reactions")),
        checks=(checks.reaction_reported, checks.observation_in_time),
        derive=rules.derive_observation,
        context=course.observation_context,
        gates=(course.observation_gate,),
        permission=Permission.HANDLE_PRODUCTS,
        groups=TREATED,
        repeats=True,
    )
)

_RATES = ("rate", "resumption")

INFUSION_EVENT = register(
    CrfSpec(
        model=InfusionHappening,
        key="infusion-event",
        about=About.ALWAYS,
        title=_("Event of the infusion"),
        description=_(
            "Premedication, rate, interruptions, reactions and their treatment, each with its time."
        ),
        parents=("infusion",),
        sections=(
            Section(_("What and when"), ("kind", "at")),
            Section(_("Particulars"), ("rate_ml_h", "drug", "dose", "reactions", "reason")),
        ),
        show_if={
            "rate_ml_h": ShowIf("kind", _RATES),
            "drug": ShowIf("kind", ("premedication", "treatment")),
            "dose": ShowIf("kind", ("premedication", "treatment")),
            "reactions": ShowIf("kind", ("reaction",)),
        },
        rules=(rules.none_stands_alone("reactions"),),
        checks=(checks.reaction_reported, checks.rate_within_bounds("rate_ml_h")),
        context=course.happening_context,
        gates=(course.happening_gate,),
        permission=Permission.HANDLE_PRODUCTS,
        groups=TREATED,
        repeats=True,
    )
)
