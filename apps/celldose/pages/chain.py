"""Whose the product is and where it was, for the sheet: its parts, its hand-overs, who read what.

The page of a product has these of `custody_page`, with what can be done about them.
"""

from __future__ import annotations

from django.utils.translation import gettext as _

from apps.celldose.models import IdentityStep
from apps.celldose.pages.blocks import NOT_RECORDED, Block, coded, number
from apps.celldose.product_file import ProductFile
from studyportal.ui.parts import Cell, Column, Row
from studyportal.ui.templatetags.ui_tags import human_date_text


def hand_overs_block(file: ProductFile) -> Block:
    return Block(
        "hand-overs",
        _("Hand-overs"),
        columns=[
            Column(_("Hand-over")),
            Column(_("From")),
            Column(_("To")),
            Column(_("Temperature"), unit="Cel"),
            Column(_("Condition")),
        ],
        rows=[
            Row(
                [
                    Cell(str(one), one.get_absolute_url()),
                    Cell(
                        ", ".join(part for part in (one.given_by, one.from_place) if part) or NOT_RECORDED,
                        detail=human_date_text(one.given_at) if one.given_at else "",
                    ),
                    Cell(
                        ", ".join(part for part in (one.received_by, one.to_place) if part) or NOT_RECORDED,
                        detail=human_date_text(one.received_at) if one.received_at else "",
                    ),
                    _span(one.temperature_min, one.temperature_max),
                    coded(one, "condition"),
                ]
            )
            for one in file.hand_overs
        ],
        empty=_("No hand-over yet"),
    )


def _span(low: object, high: object) -> str:
    said = [number(one) for one in (low, high) if one is not None]  # type: ignore[arg-type]
    return "–".join(dict.fromkeys(said)) or NOT_RECORDED


def lineage_block(file: ProductFile) -> Block:
    """Harvest → component → container → aliquot, with what became of each part."""
    rows = [
        Row(
            [
                Cell(_("Harvest"), file.harvest.get_absolute_url()),
                coded(file.harvest, "tissue"),
                number(file.harvest.volume_ml, "mL"),
                file.harvest.ended_at,
                "",
            ]
        ),
        Row(
            [
                Cell(file.product.product_identifier or NOT_RECORDED, code=True),
                coded(file.product, "component"),
                number(file.processing.final_volume_ml, "mL") if file.processing else "",
                file.processing.ended_at if file.processing else None,
                "",
            ]
        ),
    ]
    for container in sorted(file.containers, key=lambda one: one.number or 0):
        rows.append(
            Row(
                [
                    Cell(container.identifier, container.get_absolute_url()),
                    coded(container, "kind"),
                    number(container.volume_ml, "mL"),
                    container.filled_at,
                    container.remarks or "",
                ]
            )
        )
        for aliquot in sorted(container.aliquots.all(), key=lambda one: one.number or 0):
            rows.append(
                Row(
                    [
                        Cell(aliquot.identifier, aliquot.get_absolute_url()),
                        coded(aliquot, "purpose"),
                        number(aliquot.volume_ml, "mL"),
                        aliquot.taken_at,
                        Cell(coded(aliquot, "disposition"), detail=aliquot.place or ""),
                    ]
                )
            )
    return Block(
        "lineage",
        _("Lineage"),
        columns=[
            Column(_("Identifier")),
            Column(_("What")),
            Column(_("Volume"), numeric=True),
            Column(_("Since")),
            Column(_("What became of it")),
        ],
        rows=rows,
    )


def readings_block(file: ProductFile) -> Block:
    """Who read what at each step: signed-in people, and what a source of a transcribed case names."""
    labels = dict(IdentityStep.choices)
    order = list(labels)
    rows = [
        (
            order.index(one.step),
            one.read_at,
            Row(
                [
                    labels[one.step],
                    Cell(one.reader_name, detail=one.reader_role),
                    one.read_at,
                    Cell(one.get_how_display(), detail=_("second person") if one.witness_of_id else ""),
                    Cell(state="passed") if one.matches else Cell(one.said or _("mismatch"), state="failed"),
                ],
                "" if one.matches else "bad",
            ),
        )
        for one in file.readings
    ]
    for check in file.identity_checks:
        people = ", ".join(name for name in (check.first_person, check.second_person) if name)
        rows.append(
            (
                order.index(check.step) if check.step in order else len(order),
                check.checked_at or file.product.created_at,
                Row(
                    [
                        Cell(labels.get(check.step or "", NOT_RECORDED), check.get_absolute_url()),
                        people or NOT_RECORDED,
                        check.checked_at,
                        _("as a source reports"),
                        Cell(state="passed") if check.matches else Cell(_("mismatch"), state="failed"),
                    ],
                    "" if check.matches else "bad",
                ),
            )
        )
    rows.sort(key=lambda one: one[:2])
    return Block(
        "readings",
        _("Who read what"),
        columns=[
            Column(_("Step")),
            Column(_("Read by")),
            Column(_("When")),
            Column(_("How")),
            Column(_("Match")),
        ],
        rows=[row for _step, _at, row in rows],
        empty=_("Nobody has read a label yet."),
    )
