"""The sheet of a product: its whole record block by block, for paper and for a file."""

from __future__ import annotations

from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _

from apps.celldose import crfs, stated
from apps.celldose.pages import around, chain, infusion
from apps.celldose.pages.blocks import Block, Line, coded, measured, stated_line
from apps.celldose.pages.doses import doses_of, plan_block
from apps.celldose.pages.life import criteria_columns, criteria_of, events_of
from apps.celldose.pages.product import laboratory_blocks
from apps.celldose.product_file import ProductFile
from studyportal.access.models import User
from studyportal.crf.signature_pages import shown_on
from studyportal.ui.parts import Column, Row
from studyportal.words import translated


def sheet_page(file: ProductFile, user: User) -> dict[str, Any]:
    """Context of `celldose/sheet.html` and of the file: the whole record of one product, block by block."""
    product = file.product
    plan = stated.plan_of(file.session.pk, product.component)
    return {
        "participant": product.participant,
        "synthetic": product.participant.synthetic,
        "session": file.session,
        "product": product,
        "state": file.life.state,
        "made_at": timezone.now(),
        "made_by": str(user),
        "blocks": [
            head_block(file),
            life_block(file),
            chain.lineage_block(file),
            chain.hand_overs_block(file),
            chain.readings_block(file),
            *laboratory_blocks(file, may_enter=False),
            release_block(file),
            plan_block(file.session, product.component or "", plan, may_enter=False),
            infusion.administration_block(file),
            Block("doses", _("Dose"), lines=doses_of(file)),
            infusion.happenings_block(file),
            infusion.observations_block(file, may_enter=False),
            *([discard_block(file)] if file.discard else []),
            *around.blocks_of(file, user),
        ],
        "signatures": shown_on(crfs.RELEASE, file.decision) if file.decision else [],
        "out_of_order": file.life.out_of_order,
    }


def head_block(file: ProductFile) -> Block:
    product, session = file.product, file.session
    return Block(
        "product",
        _("Product"),
        lines=(
            stated_line(_("Product identifier"), product, "product_identifier"),
            (_("Component"), coded(product, "component"), ""),
            (_("Participant"), product.participant.code, ""),
            (_("Site"), str(product.site), ""),
            (_("Session"), session.number, ""),
            stated_line(_("Performed on"), session, "performed_on"),
            (_("For autologous use only"), coded(product, "autologous_only"), ""),
        ),
    )


def life_block(file: ProductFile) -> Block:
    return Block(
        "life",
        _("Life of the product"),
        columns=[Column(_("When")), Column(_("What")), Column(_("Particulars"))],
        rows=[Row([one.when, one.title, one.text]) for one in events_of(file)],
        note="; ".join(translated(one) for one in file.life.out_of_order),
    )


def release_block(file: ProductFile) -> Block:
    decision, evaluation = file.decision, file.evaluation
    lines: list[Line] = []
    if evaluation is not None:
        lines.append(
            (
                _("Criteria evaluated"),
                evaluation.evaluated_at,
                _("protocol version %s") % evaluation.protocol_version,
            )
        )
    if decision is not None:
        lines += [
            (_("Decision"), coded(decision, "decision"), ""),
            (_("Decided"), decision.released_at, str(decision.released_by or "")),
        ]
        for name in ("conditions", "exceptional_reason", "reason_rejected"):
            if getattr(decision, name):
                lines.append((str(crfs.RELEASE.fields[name].label), getattr(decision, name), ""))
    return Block(
        "release",
        _("Release"),
        lines=lines,
        columns=criteria_columns(),
        rows=criteria_of(file),
        note="" if file.evaluation_is_current or evaluation is None else _("A result has changed since."),
        empty=_("No decision yet."),
    )


def discard_block(file: ProductFile) -> Block:
    gone = file.discard
    return Block(
        "discard",
        _("Discard"),
        lines=(
            stated_line(_("Discarded"), gone, "discarded_at"),
            (_("Why"), coded(gone, "reason_code"), (gone.note or "") if gone else ""),
            measured(_("Volume discarded"), gone, "volume_ml", "mL", ""),
            (_("How it was destroyed"), coded(gone, "destruction"), ""),
            stated_line(_("Discarded by"), gone, "discarded_by"),
            stated_line(_("Witnessed by"), gone, "witnessed_by"),
        ),
    )
