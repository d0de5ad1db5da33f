"""The forms of a session and a product with their state, each one click away."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _

from apps.celldose import crfs
from apps.celldose.models import CellSession, Harvest, IdentityStep, Timepoint
from apps.celldose.product_file import ProductFile
from studyportal.crf.spec import CrfSpec
from studyportal.ui.parts import Cell, Column, Row

# The forms of a product, step by step: (step, spec, attribute of the ProductFile).
PROCESSING_FORMS = (
    (crfs.HAND_OVER, "to_laboratory"),
    (crfs.PROCESSING, "processing"),
    (crfs.CELL_COUNTS, "counts"),
    (crfs.PHENOTYPE, "phenotype"),
    (crfs.VIABILITY, "viability"),
    (crfs.MICROBIOLOGY, "microbiology"),
)


def form_columns() -> list[Column]:
    return [Column(_("Form")), Column(_("State"))]


def form_url(spec: CrfSpec, record: Any, participant: Any, **parents: int) -> str:
    if record is not None:
        return str(record.get_absolute_url())
    query = "&".join(f"{name}={pk}" for name, pk in parents.items())
    return f"{reverse('crf:new', args=[participant.code, spec.key])}?{query}"


def _is_new(url: str) -> bool:
    return "/new/" in url or url.startswith("/harvests/")


def forms_of(
    session: CellSession, harvest: Harvest | None, file: ProductFile | None, *, may_enter: bool
) -> list[Row]:
    """Every form of the lane with its state; those that need a product appear once there is one.

    Who may not enter is led to what is recorded, and to no empty form.
    """
    rows = _forms(session, harvest, file)
    if may_enter:
        return rows
    return [replace(row, cells=[_without_new(cell) for cell in row.cells]) for row in rows]


def _without_new(cell: Any) -> Any:
    return replace(cell, url="") if isinstance(cell, Cell) and _is_new(cell.url) else cell


def _forms(session: CellSession, harvest: Harvest | None, file: ProductFile | None) -> list[Row]:
    participant = session.participant
    rows = [form_row(crfs.HARVEST, harvest, participant, session=session.pk)]
    if harvest is None:
        return rows
    product = file.product if file else None
    rows.append(_product_row(product, harvest, participant))
    if file is None:
        return rows
    pk = file.product.pk
    rows += [identity_row(file, step) for step in (IdentityStep.COLLECTION, IdentityStep.RECEIPT)]
    rows += [form_row(spec, getattr(file, name), participant, product=pk) for spec, name in PROCESSING_FORMS]
    rows.append(form_row(crfs.RELEASE, file.decision, participant, product=pk))
    rows += [identity_row(file, step) for step in (IdentityStep.ISSUE, IdentityStep.BEDSIDE)]
    rows.append(form_row(crfs.INFUSION, file.infusion, participant, product=pk))
    if file.infusion is not None:
        url = form_url(crfs.OBSERVATIONS, None, participant, infusion=file.infusion.pk)
        done = _("%(n)d of %(all)d") % {"n": len(file.observations), "all": len(Timepoint)}
        rows.append(Row([Cell(crfs.OBSERVATIONS.title, url), done]))
    return rows


def _product_row(product: Any, harvest: Harvest, participant: Any) -> Row:
    if product is not None:
        return form_row(crfs.CELL_PRODUCT, product, participant, harvest=harvest.pk)
    return Row([Cell(crfs.CELL_PRODUCT.title, new_product_url(harvest)), Cell(state="not_started")])


def new_product_url(harvest: Harvest) -> str:
    return reverse("celldose:product-new", args=[harvest.pk])


def form_row(spec: CrfSpec, record: Any, participant: Any, **parents: int) -> Row:
    state = record.status if record is not None else "not_started"
    return Row([Cell(spec.title, form_url(spec, record, participant, **parents)), Cell(state=state)])


def identity_row(file: ProductFile, step: IdentityStep) -> Row:
    """The check of a step; a transcribed case has the form with the names of its source."""
    product, held = file.product, file.verified.get(step)
    title = _("Identity: %s") % str(step.label)
    checks = [check for check in file.identity_checks if check.step == step]
    if product.participant.retrospective:
        newest = checks[-1] if checks else None
        url = form_url(crfs.IDENTITY_CHECK, newest, product.participant, product=product.pk)
    else:
        url = reverse("celldose:identity", args=[product.pk, step])
    if held is None or (held.matches is None and held.by_readings):
        return Row([Cell(title, url), Cell(state="waiting" if held else "not_started")])
    if held.matches:
        return Row([Cell(title, url), Cell(state="passed")])
    return Row([Cell(title, url), Cell(_("mismatch"), state="failed")], tone="bad")
