"""The forms of a cell session. Pages, API, export and dictionary come from these declarations."""

from typing import Any

from django.utils.translation import gettext_lazy as _

from apps.celldose import checks, contexts, gates, release, rules
from apps.celldose.models import (
    CellCounts,
    CellProduct,
    CellSession,
    Discard,
    DonorTests,
    Harvest,
    IdentityCheck,
    Infusion,
    InfusionObservation,
    Microbiology,
    Phenotype,
    Processing,
    ReagentLot,
    Release,
    ReleaseEvaluation,
    Transport,
    Viability,
)
from studyportal.access.permissions import Permission
from studyportal.crf.registry import register
from studyportal.crf.spec import About, CrfSpec, Section, ShowIf, SignedRows
from studyportal.signatures.models import Meaning

TREATED = ("case",)
VERDICTS = {
    release.PASS: _("Passed"),
    release.FAIL: _("Failed"),
    release.PENDING: _("Pending"),
    release.NOT_EVALUABLE: _("Could not be evaluated"),
}

CELL_SESSION = register(
    CrfSpec(
        model=CellSession,
        key="cell-session",
        about=About.TREATMENT,
        dated_by=("performed_on", "planned_on"),
        title=_("Cell therapy session"),
        description=_("One treatment session of the participant, planned or performed."),
        sections=(Section(_("Session"), ("number", "planned_on", "performed_on", "remarks")),),
        checks=(checks.session_date_precision, checks.session_date_missing),
        context=contexts.session_context,
        gates=(gates.session_gate,),
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
        groups=TREATED,
        repeats=True,
    )
)

CELL_PRODUCT = register(
    CrfSpec(
        model=CellProduct,
        key="cell-product",
        about=About.ALWAYS,
        title=_("Cell product"),
        description=_("The product of a harvest, known by its donation number from collection on."),
        parents=("harvest",),
        sections=(
            Section(_("Identity"), ("component", "product_identifier", "autologous_only")),
            Section(_("Planned dose"), ("planned_dose_low", "planned_dose_high")),
        ),
        rules=(rules.component_fits_tissue, rules.identified_unless_transcribed),
        derive=rules.derive_product,
        context=contexts.product_context,
        groups=TREATED,
    )
)

TRANSPORT = register(
    CrfSpec(
        model=Transport,
        key="transport",
        about=About.ALWAYS,
        title=_("Transport"),
        parents=("product",),
        sections=(
            Section(_("On the way"), ("container", "temperature_min", "temperature_max")),
            Section(_("Receipt"), ("received_at", "received_by")),
        ),
        rules=(rules.transport_temperatures_ordered, rules.not_before_harvest("received_at")),
        checks=(checks.transport_temperature,),
        context=contexts.transport_context,
        groups=TREATED,
    )
)

IDENTITY_CHECK = register(
    CrfSpec(
        model=IdentityCheck,
        key="identity-check",
        about=About.ALWAYS,
        title=_("Identity check"),
        description=_("Two people read the label and the participant's code, at each of four steps."),
        parents=("product",),
        sections=(
            Section(_("When and who"), ("step", "checked_at", "first_person", "second_person")),
            Section(_("What was read"), ("identifier_read", "participant_code_read", "matches")),
        ),
        rules=(rules.two_different_people, rules.not_before_harvest("checked_at")),
        checks=(checks.identity_mismatch,),
        derive=rules.derive_identity_check,
        context=contexts.identity_context,
        groups=TREATED,
        repeats=True,
    )
)

PROCESSING = register(
    CrfSpec(
        model=Processing,
        key="processing",
        about=About.ALWAYS,
        title=_("Processing"),
        parents=("product",),
        sections=(
            Section(_("Procedure"), ("sop", "sop_version", "operators", "started_at", "ended_at")),
            Section(
                _("Method"),
                ("method", "device", "enzyme", "enzyme_lot", "enzyme_minutes", "enzyme_temperature"),
            ),
            Section(_("Result"), ("final_volume_ml", "storage", "expires_at")),
        ),
        show_if={
            "device": ShowIf("method", ("device",)),
            "enzyme": ShowIf("method", ("enzymatic",)),
            "enzyme_lot": ShowIf("method", ("enzymatic",)),
            "enzyme_minutes": ShowIf("method", ("enzymatic",)),
            "enzyme_temperature": ShowIf("method", ("enzymatic",)),
        },
        rules=(
            rules.processing_ends_after_start,
            rules.final_volume_positive,
            rules.method_fits_component,
            rules.not_before_harvest("started_at"),
        ),
        derive=rules.derive_processing,
        context=contexts.processing_context,
        groups=TREATED,
    )
)

REAGENT_LOT = register(
    CrfSpec(
        model=ReagentLot,
        key="reagent-lot",
        about=About.ALWAYS,
        title=_("Reagent lot"),
        parents=("product",),
        sections=(Section(_("Reagent"), ("reagent", "lot", "expires_on")),),
        checks=(checks.reagent_expired,),
        context=contexts.reagent_context,
        groups=TREATED,
        repeats=True,
    )
)

CELL_COUNTS = register(
    CrfSpec(
        model=CellCounts,
        key="cell-counts",
        about=About.ALWAYS,
        title=_("Cell counts"),
        description=_("All counts are in millions of cells (10⁶): for 750 000 000 cells type 750."),
        parents=("product",),
        sections=(
            Section(_("Counts of the final product"), ("tnc", "mnc", "viable")),
            Section(_("Yield"), ("cells_per_ml",)),
        ),
        rules=(rules.parts_within_tnc,),
        checks=(
            checks.million_factor("tnc", "mnc", "viable"),
            checks.svf_yield,
            checks.viable_agrees_with_viability,
        ),
        derive=rules.derive_cell_counts,
        context=contexts.counts_context,
        groups=TREATED,
    )
)

_BM = ShowIf("panel", ("bm_mnc",))
_SVF = ShowIf("panel", ("svf",))

PHENOTYPE = register(
    CrfSpec(
        model=Phenotype,
        key="phenotype",
        about=About.ALWAYS,
        title=_("Phenotype"),
        parents=("product",),
        sections=(
            Section(_("Panel"), ("panel",)),
            Section(_("Bone marrow"), ("cd34_percent", "cd34_count", "cd45_percent")),
            Section(
                _("Stromal vascular fraction"),
                ("stromal_percent", "cd90_percent", "cd73_percent", "cd105_percent"),
            ),
            Section(_("Colony assay"), ("cfu_f",)),
        ),
        show_if={
            "cd34_percent": _BM,
            "cd34_count": _BM,
            "cd45_percent": _BM,
            "stromal_percent": _SVF,
            "cd90_percent": _SVF,
            "cd73_percent": _SVF,
            "cd105_percent": _SVF,
        },
        rules=(rules.panel_fits_component,),
        checks=(checks.million_factor("cd34_count"),),
        groups=TREATED,
    )
)

VIABILITY = register(
    CrfSpec(
        model=Viability,
        key="viability",
        about=About.ALWAYS,
        title=_("Viability"),
        parents=("product",),
        sections=(Section(_("Viability"), ("viability_percent", "method", "measured_at")),),
        rules=(rules.not_before_harvest("measured_at"),),
        groups=TREATED,
    )
)

MICROBIOLOGY = register(
    CrfSpec(
        model=Microbiology,
        key="microbiology",
        about=About.ALWAYS,
        title=_("Microbiology"),
        description=_(
            "Save it with pending cultures before release, and again when they are read at day 14."
        ),
        parents=("product",),
        sections=(
            Section(_("Before release"), ("sampled_on", "gram_stain", "endotoxin", "endotoxin_per_kg")),
            Section(_("Day-14 cultures"), ("aerobic", "anaerobic", "fungal", "read_on", "organism")),
        ),
        rules=(rules.cultures_read_after_sample,),
        checks=(checks.microbiology_result, checks.cultures_read_early),
        derive=rules.derive_microbiology,
        context=contexts.microbiology_context,
        groups=TREATED,
    )
)


def criteria_table(evaluations: list[ReleaseEvaluation]) -> tuple[list[Any], list[list[Any]]]:
    """The criteria that the decision stands on, as they were evaluated."""
    return (
        [_("Criterion"), _("Specification"), _("Result"), _("Verdict")],
        [
            [one["label"], one["specification"], one["result"], VERDICTS.get(one["outcome"], one["outcome"])]
            for evaluation in evaluations
            for one in evaluation.criteria
        ],
    )


RELEASE = register(
    CrfSpec(
        model=Release,
        key="release",
        about=About.ALWAYS,
        title=_("Release"),
        description=_("The decision stands on the newest evaluation of the criteria, which is kept with it."),
        parents=("product",),
        sections=(
            Section(_("Decision"), ("decision", "released_at", "conditions", "reason_rejected")),
            Section(
                _("Criteria, as evaluated"),
                ("criteria_passed", "criteria_failed", "criteria_pending", "criteria_not_evaluable"),
            ),
        ),
        show_if={
            "conditions": ShowIf("decision", ("conditional",)),
            "reason_rejected": ShowIf("decision", ("rejected",)),
        },
        rules=(rules.not_before_harvest("released_at"),),
        checks=(checks.history,),
        derive=rules.derive_release,
        context=contexts.release_context,
        gates=(gates.release_gate,),
        permission=Permission.RELEASE_PRODUCTS,
        groups=TREATED,
        meanings=(Meaning.RELEASED, Meaning.REVIEWED),
        signed_rows=(SignedRows(ReleaseEvaluation, "releases", _("Criteria, as evaluated"), criteria_table),),
    )
)

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
                    "interruptions",
                    "interruptions_note",
                ),
            ),
            Section(_("Volume"), ("volume_ml", "residual_discarded_ml")),
            Section(
                _("Dose"),
                (
                    "total_dose",
                    "dose_as_stated",
                    "viable_dose",
                    "weight_kg",
                    "dose_per_kg",
                    "viable_dose_per_kg",
                ),
            ),
        ),
        show_if={"filter_microns": ShowIf("filter_used", ("true",))},
        rules=(rules.infusion_stops_after_start, rules.not_before_harvest("started_at")),
        checks=(
            checks.history,
            checks.dose_not_stated,
            checks.million_factor("total_dose"),
            checks.dose_within_plan,
            checks.dose_within_count,
            checks.volume_balance,
        ),
        derive=rules.derive_infusion,
        context=contexts.infusion_context,
        gates=(gates.infusion_gate,),
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
            Section(_("Time"), ("timepoint", "observed_at")),
            Section(
                _("Vital signs"),
                ("temperature", "pulse", "systolic", "diastolic", "respiratory_rate", "oxygen_saturation"),
            ),
            Section(_("Reactions"), ("reactions", "reactions_note")),
        ),
        rules=(rules.diastolic_below_systolic, rules.none_stands_alone("reactions")),
        checks=(checks.reaction_reported,),
        groups=TREATED,
        repeats=True,
    )
)

DISCARD = register(
    CrfSpec(
        model=Discard,
        key="discard",
        about=About.ALWAYS,
        title=_("Discard"),
        parents=("product",),
        sections=(Section(_("Discard"), ("discarded_at", "reason_code", "note", "discarded_by")),),
        rules=(rules.not_before_harvest("discarded_at"),),
        gates=(gates.discard_gate,),
        groups=TREATED,
    )
)
