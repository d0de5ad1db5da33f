"""The sheet of a product as a PDF: the blocks of `pages.sheet_page` on A4."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.utils.translation import gettext as _

from apps.celldose.pages.blocks import Block
from studyportal.ui.parts import Column, Row
from studyportal.ui.pdf import Sheets
from studyportal.ui.states import state_of
from studyportal.ui.templatetags.ui_tags import human_date_text, human_unit_text, is_cell, shown


def sheet_pdf(page: Mapping[str, Any]) -> bytes:
    """page: the context of the sheet's page. The zone and language of the caller are used."""
    product, participant = page["product"], page["participant"]
    named = f"{product}, {participant.code}"
    made = _("Made %(at)s for %(by)s") % {"at": human_date_text(page["made_at"]), "by": page["made_by"]}
    sheets = Sheets(title=named, footer=named, footer_code=made)
    sheets.heading(str(product))
    if participant.synthetic:
        sheets.paragraph(_("SYNTHETIC DATA: this person does not exist."))
    if product.autologous_only:
        sheets.paragraph(_("FOR AUTOLOGOUS USE ONLY"))
    sheets.paragraph(f"{_('State')}: {_words(page['state'])}")
    for block in page["blocks"]:
        _block(sheets, block)
    if page["signatures"]:
        sheets.gap()
        sheets.heading(_("Signatures on the release"), 2)
        for one in page["signatures"]:
            _signature(sheets, one)
    sheets.gap()
    sheets.paragraph(_("%s. The portal holds the record; a sheet shows one moment of it.") % made, quiet=True)
    return sheets.finish()


def _block(sheets: Sheets, block: Block) -> None:
    sheets.gap()
    with sheets.together():
        sheets.heading(str(block.title), 2)
        if block.note:
            sheets.paragraph(str(block.note))
        for label, value, why in block.lines:
            sheets.pair(str(label), _with(text_of(value), str(why or "")))
        if block.is_empty:
            sheets.paragraph(str(block.empty) or _("Nothing is recorded."), quiet=True)
    for row in block.rows:
        with sheets.together():
            sheets.flow(_pairs(block.columns, row))


def _pairs(columns: Sequence[Column], row: Row) -> list[tuple[str, str]]:
    """(label of the column with its unit, value) of what the row holds."""
    pairs = []
    for column, cell in zip(columns, row.cells, strict=False):
        unit = human_unit_text(column.unit)
        said = text_of(cell)
        if said:
            pairs.append((f"{column.label} ({unit})" if unit else str(column.label), said))
    return pairs


def text_of(value: Any) -> str:
    """A value or a table cell as plain text; a state in its words."""
    if not is_cell(value):
        return (
            ""
            if value in (None, "")
            else human_date_text(value)
            if hasattr(value, "year")
            else str(shown(value))
        )
    parts = [text_of(value.text), _words(value.state) if value.state else ""]
    return _with(" ".join(part for part in parts if part), str(value.detail))


def _with(text: str, detail: str) -> str:
    return f"{text} ({detail})" if text and detail else text or detail


def _words(state: Any) -> str:
    return str(state_of(state).label) if state else "–"


def _signature(sheets: Sheets, one: Any) -> None:
    with sheets.together():
        sheets.paragraph(
            f"{one.name}{f', {one.role}' if one.role else ''}: {one.meaning}, {human_date_text(one.at)} ({one.zone})"
            + (f" – {_('the record was changed since')}" if one.broken else "")
        )
        sheets.paragraph(one.statement, quiet=True)
        sheets.code(f"SHA-256 {one.sha256}")
