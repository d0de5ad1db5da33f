"""The forms of a session and its harvests."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from apps.celldose import checks, contexts, early_gates, gates, locks, rules
from apps.celldose.crfs.groups import TREATED
from apps.celldose.models import CellSession, DonorTests, DosePlan, Harvest
from studyportal.access.permissions import Permission
from studyportal.crf.registry import register
from studyportal.crf.spec import About, CrfSpec, Section, ShowIf

CELL_SESSION = register(
    CrfSpec(
        model=CellSession,
        key="cell-session",
        about=About.TREATMENT,
        dated_by=("performed_on", "planned_on"),
        title=_("Cell therapy session"),
        description=_("One treatment session of the participant, planned or performed."),
        sections=(
            Section(_("Session"), ("number", "planned_on", "performed_on", "days_since_previous", "remarks")),
        ),
        checks=(
            checks.session_date_precision,
            checks.session_date_missing,
            checks.session_planned_outside_interval,
        ),
        derive=rules.derive_session,
        context=contexts.session_context,
        gates=(gates.session_gate,),
        permission=Permission.HANDLE_PRODUCTS,
        groups=TREATED,
        repeats=True,
    )
)


DONOR_TESTS = register(
    CrfSpec(
        model=DonorTests,
        key="donor-tests",
        about=About.SAMPLE,
        dated_by=("hiv_sampled_on", "hbv_sampled_on", "hcv_sampled_on", "syphilis_sampled_on"),
        title=_("Donor tests"),
        description=_("Infectious markers before the harvest, each with the day of its sample."),
        parents=("session",),
        sections=(
            Section(_("HIV"), ("hiv", "hiv_sampled_on")),
            Section(_("Hepatitis B"), ("hbv", "hbv_sampled_on")),
            Section(_("Hepatitis C"), ("hcv", "hcv_sampled_on")),
            Section(_("Syphilis"), ("syphilis", "syphilis_sampled_on")),
        ),
        checks=(checks.donor_test_positive, checks.donor_test_day),
        context=contexts.donor_tests_context,
        permission=Permission.HANDLE_PRODUCTS,
        groups=TREATED,
    )
)


HARVEST = register(
    CrfSpec(
        model=Harvest,
        key="harvest",
        about=About.ALWAYS,  # its own gate asks for consent to the session
        title=_("Harvest"),
        description=_("Bone marrow or adipose tissue taken in this session."),
        parents=("session",),
        sections=(
            Section(
                _("What was taken"),
                (
                    "tissue",
                    "anatomical_site",
                    "anatomical_site_other",
                    "laterality",
                    "volume_ml",
                    "mass_g",
                    "volume_as_stated",
                ),
            ),
            Section(_("How"), ("anaesthesia", "anticoagulant", "operator", "started_at", "ended_at")),
            Section(_("Complications"), ("complications", "complications_note")),
        ),
        show_if={
            "anatomical_site_other": ShowIf("anatomical_site", ("other",)),
        },
        rules=(
            rules.harvest_ends_after_start,
            rules.harvest_volume_positive,
            rules.none_stands_alone("complications"),
        ),
        checks=(
            checks.history,
            checks.harvest_site_fits_tissue,
            checks.harvest_volume_usual,
            checks.volume_is_a_range,
        ),
        context=contexts.harvest_context,
        gates=(gates.harvest_gate,),
        lock=locks.harvest,
        permission=Permission.HANDLE_PRODUCTS,
        groups=TREATED,
        repeats=True,
    )
)

DOSE_PLAN = register(
    CrfSpec(
        model=DosePlan,
        key="dose-plan",
        about=About.TREATMENT,
        dated_by=("planned_on",),
        title=_("Dose plan"),
        description=_(
            "The planned range of a component by severity, age, weight and comorbidity, with its rationale."
        ),
        parents=("session",),
        sections=(
            Section(_("Component"), ("component", "planned_on", "planned_by")),
            Section(
                _("What it rests on"),
                (
                    "severity",
                    "severity_basis",
                    "age_years",
                    "weight_kg",
                    "weight_on",
                    "comorbidities",
                    "comorbidities_note",
                ),
            ),
            Section(
                _("Planned range"),
                (
                    "planned_low",
                    "planned_high",
                    "planned_low_per_kg",
                    "planned_high_per_kg",
                    "within_protocol",
                    "rationale",
                ),
            ),
        ),
        rules=(
            rules.planned_range_ordered,
            rules.planned_something,
            rules.none_stands_alone("comorbidities"),
        ),
        checks=(
            checks.million_factor("planned_low", "planned_high"),
            checks.plan_within_protocol,
            checks.planned_after_session,
            checks.plan_age,
            checks.plan_basis,
        ),
        derive=rules.derive_dose_plan,
        context=contexts.dose_plan_context,
        gates=(early_gates.dose_plan_gate,),
        permission=Permission.HANDLE_PRODUCTS,
        groups=TREATED,
        repeats=True,
    )
)
