"""What the laboratory did and measured, block by block."""

from __future__ import annotations

from django.utils.translation import gettext as _

from apps.celldose import crfs, reagents
from apps.celldose.models import Component
from apps.celldose.pages.blocks import NOT_RECORDED, Block, Line, coded, measured, number, stated_line
from apps.celldose.pages.forms import form_url
from apps.celldose.product_file import ProductFile
from studyportal.crf.absence import label_of
from studyportal.crf.outcomes import NotDerivable
from studyportal.ui.parts import Cell, Column, Row
from studyportal.words import translated


def harvest_block(file: ProductFile) -> Block:
    harvest = file.harvest
    volume = measured(_("Volume"), harvest, "volume_ml", "mL", "")
    if harvest.volume_ml is None and harvest.volume_as_stated:
        volume = (volume[0], NOT_RECORDED, _("source states: %s") % harvest.volume_as_stated)
    return Block(
        "harvest",
        _("Harvest"),
        lines=(
            (_("Tissue"), coded(harvest, "tissue"), ""),
            (_("From"), coded(harvest, "anatomical_site"), coded(harvest, "laterality")),
            volume,
            measured(_("Mass"), harvest, "mass_g", "g", ""),
            stated_line(_("Started"), harvest, "started_at"),
            stated_line(_("Ended"), harvest, "ended_at"),
            (_("Anaesthesia"), coded(harvest, "anaesthesia"), ""),
            (_("Anticoagulant"), coded(harvest, "anticoagulant"), ""),
            stated_line(_("Operator"), harvest, "operator"),
            (_("Complications"), coded(harvest, "complications"), harvest.complications_note or ""),
        ),
        url=str(harvest.get_absolute_url()),
        action=_("Open the harvest"),
    )


def processing_block(file: ProductFile) -> Block:
    done = file.processing
    if done is None:
        return Block("processing", _("Processing"), empty=_("The processing is not recorded yet."))
    expiry = file.expires_at
    lines: list[Line] = [
        (_("Procedure"), *_procedure(file)),
        (_("Method"), coded(done, "method"), done.device or ""),
        *_digestion(file),
        stated_line(_("Started"), done, "started_at"),
        stated_line(_("Ended"), done, "ended_at"),
        stated_line(_("Operators"), done, "operators"),
        measured(_("Final volume"), done, "final_volume_ml", "mL", ""),
        (_("Stored"), coded(done, "storage"), ""),
        (_("Expires"), NOT_RECORDED, _("Not derivable: %s") % translated(expiry.why))
        if isinstance(expiry, NotDerivable)
        else (_("Expires"), expiry, ""),
    ]
    return Block(
        "processing",
        _("Processing"),
        lines=lines,
        url=str(done.get_absolute_url()),
        action=_("Open the processing"),
    )


def _procedure(file: ProductFile) -> tuple[str, str]:
    done = file.processing
    if done is None or not done.sop:
        return NOT_RECORDED, label_of(done.absent_reason("sop")) if done else ""
    return done.sop, _("version %s") % done.sop_version if done.sop_version else ""


def _digestion(file: ProductFile) -> list[Line]:
    done = file.processing
    if done is None or done.method != "enzymatic":
        return []
    lot = _("lot %s") % done.enzyme_lot if done.enzyme_lot else ""
    return [
        (_("Enzyme"), done.enzyme or label_of(done.absent_reason("enzyme")), lot),
        stated_line(_("Enzyme lot expires"), done, "enzyme_expires_on"),
        (
            _("Digestion"),
            ", ".join(
                part
                for part in (number(done.enzyme_minutes, "min"), number(done.enzyme_temperature, "°C"))
                if part
            )
            or NOT_RECORDED,
            "",
        ),
    ]


def reagents_block(file: ProductFile, *, may_enter: bool) -> Block:
    """The lots with their expiry; what had expired when it was used bars the product."""
    expired = reagents.expired(file.product, file.processing, file.reagent_lots)
    used_on = {one.message for one in expired}
    rows = []
    for lot in file.reagent_lots:
        bad = bool(reagents.expired(file.product, file.processing, (lot,)))
        rows.append(
            Row(
                [
                    Cell(lot.reagent or NOT_RECORDED, lot.get_absolute_url()),
                    lot.supplier,
                    lot.lot or label_of(lot.absent_reason("lot")),
                    Cell(
                        lot.expires_on or label_of(lot.absent_reason("expires_on")),
                        state="expired" if bad else "",
                    ),
                ],
                "bad" if bad else "",
            )
        )
    return Block(
        "reagents",
        _("Reagents"),
        columns=[
            Column(_("Reagent")),
            Column(_("Supplier")),
            Column(_("Lot")),
            Column(_("Lot expires on")),
        ],
        rows=rows,
        note=" ".join(sorted(used_on)),
        empty=_("No reagent lot yet"),
        url=form_url(crfs.REAGENT_LOT, None, file.product.participant, product=file.product.pk)
        if may_enter
        else "",
        action=_("Record a reagent lot"),
        tone="bad" if expired else "",
    )


def counts_block(file: ProductFile, *, may_enter: bool) -> Block:
    """Counts before and after, recovery, yields."""
    counts = file.counts
    without = _("cell counts not recorded")
    rows = [
        Row(
            [
                label,
                number(getattr(counts, before), "") or _why(counts, before) if before else "",
                number(getattr(counts, after), "") or _why(counts, after),
                Cell(
                    number(getattr(counts, share), "%") if share else "",
                    detail=_why(counts, share) if share and getattr(counts, share) is None else "",
                )
                if share
                else "",
            ]
        )
        for label, before, after, share in (
            (_("Nucleated cells (TNC)"), "start_tnc", "tnc", "tnc_recovery"),
            (_("Mononuclear cells (MNC)"), "start_mnc", "mnc", "mnc_recovery"),
            (_("Viable cells"), "", "viable", ""),
        )
        if counts is not None
    ]
    return Block(
        "counts",
        _("Counts and yield"),
        lines=(
            measured(_("Yield per mL"), counts, "cells_per_ml", "×10⁶/mL", without),
            measured(_("Yield per g"), counts, "cells_per_g", "×10⁶/g", without),
            measured(_("In the product"), counts, "tnc_per_ml_product", "×10⁶/mL", without),
            (
                _("Counted"),
                counts.counted_at if counts else NOT_RECORDED,
                (counts.counter or "") if counts else "",
            ),
        ),
        columns=[
            Column(_("Cells")),
            Column(_("Before processing"), numeric=True, unit="10*6"),
            Column(_("In the product"), numeric=True, unit="10*6"),
            Column(_("Recovery"), numeric=True),
        ],
        rows=rows,
        url=form_url(crfs.CELL_COUNTS, counts, file.product.participant, product=file.product.pk)
        if counts or may_enter
        else "",
        action=_("Open the cell counts") if counts else _("Record the cell counts"),
    )


def _why(record: object, name: str) -> str:
    return label_of(record.absent_reason(name)) or NOT_RECORDED  # type: ignore[attr-defined]


def quality_block(file: ProductFile) -> Block:
    """Viability, panel of the component, microbiology."""
    viable, found, micro = file.viability, file.phenotype, file.microbiology
    term, value, why = measured(_("Viability"), viable, "viability_percent", "%", _("not measured"))
    lines: list[Line] = [(term, value, why or coded(viable, "method"))]
    if viable is not None:
        lines.append(stated_line(_("Viability measured"), viable, "measured_at"))
    lines += _panel(file)
    if found is None:
        lines.append((_("Phenotype"), NOT_RECORDED, _("not measured")))
    lines += [
        (_("Gram stain"), coded(micro, "gram_stain") or NOT_RECORDED, ""),
        (
            _("Cultures"),
            ", ".join(
                f"{label}: {coded(micro, name)}"
                for label, name in (
                    (_("aerobic"), "aerobic"),
                    (_("anaerobic"), "anaerobic"),
                    (_("fungal"), "fungal"),
                )
            )
            if micro
            else NOT_RECORDED,
            (micro.organism or "") if micro else "",
        ),
        (
            _("Endotoxin"),
            f"{micro.endotoxin} EU/mL" if micro and micro.endotoxin is not None else NOT_RECORDED,
            label_of(micro.absent_reason("endotoxin")) if micro else "",
        ),
        measured(_("Endotoxin per kg"), micro, "endotoxin_per_kg", "EU/kg", _("microbiology not recorded")),
    ]
    return Block("quality", _("Viability, phenotype, microbiology"), lines=lines)


def _panel(file: ProductFile) -> list[Line]:
    found = file.phenotype
    if found is None:
        return []
    if file.product.component == Component.BM_MNC:
        return [
            (*measured(_("CD34+ (ISHAGE)"), found, "cd34_percent", "%", "")[:2], coded(found, "gating")),
            measured(_("CD34+ counted"), found, "cd34_count", "×10⁶", ""),
            measured(_("CD34+ by percentage"), found, "cd34_total", "×10⁶", ""),
            measured(_("CD45+"), found, "cd45_percent", "%", ""),
            measured(_("CD45+ by percentage"), found, "cd45_total", "×10⁶", ""),
            *_colonies(found),
        ]
    return [
        measured(_("CD45−/CD31−/CD34+"), found, "stromal_percent", "%", ""),
        measured(_("CD45−/CD31−/CD34+ cells"), found, "stromal_count", "×10⁶", ""),
        measured(_("CD90+"), found, "cd90_percent", "%", ""),
        measured(_("CD73+"), found, "cd73_percent", "%", ""),
        measured(_("CD105+"), found, "cd105_percent", "%", ""),
        *_colonies(found),
    ]


def _colonies(found: object) -> list[Line]:
    return [
        measured(_("CFU-F"), found, "cfu_f", _("per million cells"), ""),
        measured(_("CFU-F in the product"), found, "cfu_f_total", "", ""),
    ]
