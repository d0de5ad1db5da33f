"""The forms of the laboratory."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from apps.celldose import checks, contexts, early_gates, locks, rules
from apps.celldose.crfs.groups import TREATED
from apps.celldose.models import (
    CellCounts,
    Microbiology,
    Phenotype,
    Processing,
    ReagentLot,
    Viability,
)
from studyportal.access.permissions import Permission
from studyportal.crf.registry import register
from studyportal.crf.spec import About, CrfSpec, Section, ShowIf

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
                (
                    "method",
                    "device",
                    "enzyme",
                    "enzyme_lot",
                    "enzyme_expires_on",
                    "enzyme_minutes",
                    "enzyme_temperature",
                ),
            ),
            Section(_("Result"), ("final_volume_ml", "storage", "expires_at")),
        ),
        show_if={
            "device": ShowIf("method", ("device",)),
            "enzyme": ShowIf("method", ("enzymatic",)),
            "enzyme_lot": ShowIf("method", ("enzymatic",)),
            "enzyme_expires_on": ShowIf("method", ("enzymatic",)),
            "enzyme_minutes": ShowIf("method", ("enzymatic",)),
            "enzyme_temperature": ShowIf("method", ("enzymatic",)),
        },
        rules=(
            rules.processing_ends_after_start,
            rules.final_volume_positive,
            rules.method_fits_component,
            rules.not_before_harvest("started_at"),
        ),
        checks=(
            checks.history,
            checks.processing_after_receipt,
            checks.processed_within_expiry,
            checks.final_volume_usual,
            checks.digestion_usual,
            checks.enzyme_expiry,
        ),
        derive=rules.derive_processing,
        context=contexts.processing_context,
        gates=(early_gates.processing_gate,),
        lock=locks.product_of_record,
        permission=Permission.HANDLE_PRODUCTS,
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
        sections=(Section(_("Reagent"), ("reagent", "supplier", "lot", "expires_on")),),
        checks=(checks.reagent_expired,),
        context=contexts.reagent_context,
        gates=(early_gates.lot_gate,),
        lock=locks.product_of_record,
        permission=Permission.HANDLE_PRODUCTS,
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
            Section(_("Counts of the final product"), ("tnc", "mnc", "viable", "counted_at", "counter")),
            Section(_("Before processing"), ("start_tnc", "start_mnc")),
            Section(_("Yield"), ("cells_per_ml", "cells_per_g", "tnc_recovery", "mnc_recovery")),
            Section(_("In the product"), ("tnc_per_ml_product",)),
        ),
        rules=(rules.parts_within_tnc, rules.parts_within_start, rules.not_before_harvest("counted_at")),
        checks=(
            checks.million_factor("tnc", "mnc", "viable", "start_tnc", "start_mnc"),
            checks.svf_yield,
            checks.recovery_plausible,
            checks.viable_agrees_with_viability,
        ),
        derive=rules.derive_cell_counts,
        context=contexts.counts_context,
        lock=locks.product_of_record,
        permission=Permission.HANDLE_PRODUCTS,
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
            Section(_("Panel"), ("panel", "measured_at", "gating")),
            Section(
                _("Bone marrow"),
                ("cd34_percent", "cd34_count", "cd34_total", "cd45_percent", "cd45_total"),
            ),
            Section(
                _("Stromal vascular fraction"),
                ("stromal_percent", "stromal_count", "cd90_percent", "cd73_percent", "cd105_percent"),
            ),
            Section(_("Colony assay"), ("cfu_f", "cfu_f_total")),
        ),
        show_if={
            "cd34_percent": _BM,
            "cd34_count": _BM,
            "cd34_total": _BM,
            "cd45_percent": _BM,
            "cd45_total": _BM,
            "stromal_percent": _SVF,
            "stromal_count": _SVF,
            "cd90_percent": _SVF,
            "cd73_percent": _SVF,
            "cd105_percent": _SVF,
        },
        rules=(rules.panel_fits_component, rules.not_before_harvest("measured_at")),
        checks=(checks.cd34_count_fits, checks.markers_plausible, checks.gating_named),
        derive=rules.derive_phenotype,
        context=contexts.phenotype_context,
        lock=locks.product_of_record,
        permission=Permission.HANDLE_PRODUCTS,
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
        checks=(checks.viability_measured_late,),
        context=contexts.viability_context,
        lock=locks.product_of_record,
        permission=Permission.HANDLE_PRODUCTS,
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
        lock=locks.product_of_record,
        permission=Permission.HANDLE_PRODUCTS,
        groups=TREATED,
    )
)
