"""Doses in words: planned, given, the one against the other, per kg with the weight and its day, both components together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _

from apps.celldose import crfs, rules, stated
from apps.celldose.models import CellSession, Component, DosePlan
from apps.celldose.pages.blocks import NOT_RECORDED, Block, Line, coded, measured, number
from apps.celldose.pages.forms import form_url
from apps.celldose.product_file import ProductFile
from studyportal.crf.absence import label_of
from studyportal.crf.outcomes import NotDerivable
from studyportal.ui.parts import Cell, Column, Row
from studyportal.ui.templatetags.ui_tags import human_date_text
from studyportal.words import translated

SHORT = {Component.BM_MNC: "BM-MNC", Component.SVF: "SVF"}
CELLS, PER_KG = "×10⁶", "×10⁶/kg"

STATES = {"within": "dose_within", "below": "dose_below", "above": "dose_above"}


def planned_of(file: ProductFile) -> tuple[Decimal, Decimal] | None:
    low, high = file.product.planned_dose_low, file.product.planned_dose_high
    return None if low is None or high is None else (low, high)


def range_words(planned: tuple[Decimal, Decimal] | None) -> str:
    return "" if planned is None else f"{number(planned[0])}–{number(planned[1], CELLS)}"


def plan_block(session: CellSession, component: str, plan: DosePlan | None, *, may_enter: bool) -> Block:
    """What the planned range rests on, and why."""
    url = form_url(crfs.DOSE_PLAN, plan, session.participant, session=session.pk)
    allowed = range_words(stated.planned_range(component))
    if plan is None:
        return Block(
            "plan",
            _("Dose plan"),
            empty=_("No dose is planned; the protocol's range counts: %s.") % (allowed or NOT_RECORDED),
            url=url if may_enter else "",
            action=_("Plan the dose"),
        )
    planned = stated.plan_range(plan)
    inside = {
        True: _("within the protocol's %s") % allowed,
        False: _("outside the protocol's %s") % allowed,
        None: label_of(plan.absent_reason("within_protocol")),
    }[plan.within_protocol]
    return Block(
        "plan",
        _("Dose plan"),
        lines=(
            (_("Planned range"), range_words(planned) or NOT_RECORDED, inside),
            _per_kg_line(plan),
            (_("Severity"), coded(plan, "severity"), plan.severity_basis or ""),
            measured(_("Age"), plan, "age_years", _("years"), ""),
            (_("Comorbid conditions"), coded(plan, "comorbidities"), plan.comorbidities_note or ""),
            (_("Planned"), plan.planned_on, plan.planned_by or ""),
            (_("Rationale"), plan.rationale or label_of(plan.absent_reason("rationale")), ""),
        ),
        url=url,
        action=_("Open the dose plan"),
    )


def _per_kg_line(plan: DosePlan) -> Line:
    label = _("Planned per kg")
    low, high = plan.planned_low_per_kg, plan.planned_high_per_kg
    if low is None or high is None:
        return label, NOT_RECORDED, label_of(plan.absent_reason("planned_low_per_kg"))
    return label, f"{number(low)}–{number(high, PER_KG)}", weight_words(plan)


def weight_words(record: Any) -> str:
    """By which weight a value per kg is, and of which day."""
    if record is None or record.weight_kg is None:
        return ""
    if record.weight_on is None:
        return _("by %(weight)s") % {"weight": number(record.weight_kg, "kg")}
    return _("by %(weight)s, measured %(day)s") % {
        "weight": number(record.weight_kg, "kg"),
        "day": human_date_text(record.weight_on),
    }


def doses_of(file: ProductFile) -> list[Line]:
    """(term, value with unit, why there is none or what it rests on) of every dose of the product."""
    infusion = file.infusion
    planned = planned_of(file)
    lines: list[Line] = [
        (
            _("Planned dose"),
            range_words(planned) or NOT_RECORDED,
            "" if planned else label_of(file.product.absent_reason("planned_dose_low")),
        ),
        _given_line(file),
        against_line(file),
        measured(_("Viable dose"), infusion, "viable_dose", CELLS, _("not infused")),
    ]
    for label, name in (
        (_("Dose per kg"), "dose_per_kg"),
        (_("Viable dose per kg"), "viable_dose_per_kg"),
    ):
        term, value, why = measured(label, infusion, name, PER_KG, _("not infused"))
        lines.append((term, value, why or weight_words(infusion)))
    return [*lines, *_kind_lines(file)]


def _given_line(file: ProductFile) -> Line:
    infusion = file.infusion
    if infusion is not None and infusion.total_dose is None and infusion.dose_as_stated:
        return _("Dose given"), NOT_RECORDED, _("source states: %s") % infusion.dose_as_stated
    return measured(_("Dose given"), infusion, "total_dose", CELLS, _("not infused"))


def against_line(file: ProductFile) -> Line:
    """The dose given against the planned range."""
    label = _("Against the plan")
    if file.infusion is None:
        return label, NOT_RECORDED, _("not infused")
    found = rules.compared(file.infusion.total_dose, planned_of(file))
    return label, comparison_words(found) or NOT_RECORDED, found.why


def comparison_words(found: rules.Compared) -> str:
    return {
        "within": _("within the planned range"),
        "below": _("%s below the planned range") % number(found.by, CELLS),
        "above": _("%s above the planned range") % number(found.by, CELLS),
    }.get(found.state, "")


def kinds_given(file: ProductFile) -> list[tuple[str, Any, Any]]:
    """(kind of cell, dose given, per kg) of the cells that the panel of this component names, each in 10⁶."""
    infusion, counts, found = file.infusion, file.counts, file.phenotype
    part: Decimal | None = None
    if file.product.component == Component.BM_MNC:
        kind = _("CD34+ cells")
        if found is not None:
            # Counted on one platform is nearer than by percentage.
            part = found.cd34_count if found.cd34_count is not None else found.cd34_total
    else:
        kind = _("CD45−/CD31−/CD34+ cells")
        part = found.stromal_count if found is not None else None
    dose = rules.share_given(infusion.total_dose if infusion else None, counts.tnc if counts else None, part)
    known = dose if isinstance(dose, Decimal) else None
    per_kg = rules.per_kg(known, infusion.weight_kg if infusion else None, dose_name=f"{kind} given")
    return [(kind, dose, per_kg)]


def _kind_lines(file: ProductFile) -> list[Line]:
    if file.infusion is None or file.phenotype is None:
        return []
    lines: list[Line] = []
    for kind, dose, per_kg in kinds_given(file):
        lines.append(_derived(_("%s given") % kind, dose, CELLS))
        term, value, why = _derived(_("%s per kg") % kind, per_kg, PER_KG)
        lines.append((term, value, why or weight_words(file.infusion)))
    return lines


def _derived(label: str, value: Decimal | NotDerivable, unit: str) -> Line:
    if isinstance(value, NotDerivable):
        return label, NOT_RECORDED, _("Not derivable: %s") % translated(value.why)
    return label, number(value, unit), ""


def dose_words(file: ProductFile) -> str:
    infusion = file.infusion
    if infusion is None:
        return ""
    if infusion.total_dose is not None:
        return number(infusion.total_dose, CELLS)
    return infusion.dose_as_stated or _("dose not recorded")


# --- both components of a session -------------------------------------------------------------------------


def part_of(file: ProductFile) -> rules.Part:
    """One component for the sum of its session."""
    infusion, name = (
        file.infusion,
        SHORT.get(Component(file.product.component or ""), "–") if file.product.component else "–",
    )
    if infusion is None:
        rejected = file.decision is not None and file.decision.decision == "rejected"
        return rules.Part(name, "discarded" if file.discard else "rejected" if rejected else "awaited")
    weighed = (
        rules.Weighed(infusion.weight_kg, infusion.weight_on)
        if infusion.weight_kg is not None and infusion.weight_on is not None
        else None
    )
    return rules.Part(
        name,
        "infused",
        infusion.total_dose,
        infusion.viable_dose,
        infusion.dose_per_kg,
        infusion.viable_dose_per_kg,
        weighed,
    )


def together_of(files: Sequence[ProductFile]) -> rules.Together:
    return rules.together([part_of(file) for file in files])


@dataclass(frozen=True)
class SessionDoses:
    """The table of a session: planned against given for each component, and both together."""

    columns: Sequence[Column]
    rows: Sequence[Row]
    note: str


def session_doses(files: Sequence[ProductFile], plans: Mapping[str, DosePlan]) -> SessionDoses:
    rows = []
    for file in files:
        infusion, plan = file.infusion, plans.get(file.product.component or "")
        found = rules.compared(infusion.total_dose if infusion else None, planned_of(file))
        rows.append(
            Row(
                [
                    Cell(SHORT[Component(file.product.component)] if file.product.component else "–"),
                    Cell(
                        range_words(planned_of(file)) or NOT_RECORDED,
                        detail=_("dose plan") if stated.plan_range(plan) else _("protocol"),
                    ),
                    Cell(dose_words(file) or _("not infused")),
                    Cell(
                        "" if found.state in STATES else NOT_RECORDED,
                        state=STATES.get(found.state, ""),
                        detail=comparison_words(found) if found.by else "" if infusion is None else found.why,
                    ),
                    _value(infusion, "viable_dose", CELLS),
                    _value(infusion, "dose_per_kg", PER_KG, weight_words(infusion)),
                    _value(infusion, "viable_dose_per_kg", PER_KG, weight_words(infusion)),
                ],
                "attention" if found.state in ("below", "above") else "",
            )
        )
    both = together_of(files)
    if files:
        rows.append(
            Row(
                [
                    Cell(_("Together")),
                    "",
                    _sum(both.dose, CELLS),
                    "",
                    _sum(both.viable, CELLS),
                    _sum(both.per_kg, PER_KG),
                    _sum(both.viable_per_kg, PER_KG),
                ]
            )
        )
    return SessionDoses(
        columns=[
            Column(_("Component")),
            Column(_("Planned")),
            Column(_("Given")),
            Column(_("Against the plan")),
            Column(_("Viable")),
            Column(_("Per kg")),
            Column(_("Viable per kg")),
        ],
        rows=rows,
        note=_("Not part of the sum: %s.") % ", ".join(both.without) if both.without and both.names else "",
    )


def _value(record: Any, name: str, unit: str, detail: str = "") -> Cell:
    _label, value, why = measured("", record, name, unit, "")
    return Cell(value, detail=why or (detail if value != NOT_RECORDED else ""))


def _sum(value: Decimal | NotDerivable, unit: str) -> Cell:
    if isinstance(value, NotDerivable):
        return Cell(NOT_RECORDED, detail=_("Not derivable: %s") % translated(value.why))
    return Cell(number(value, unit))
