"""The insulins of a participant on the casebook: the regimen as dated periods, and the dose of each visit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.utils.formats import localize
from django.utils.translation import gettext as _

from apps.enrolment.models import Participant
from apps.visits.models import ChangeReason, InsulinProduct, InsulinRole, InsulinUse
from apps.visits.rules import Period
from apps.visits.selectors import regimen_of
from studyportal.crf.outcomes import NotDerivable
from studyportal.ui.parts import Cell, Column
from studyportal.ui.templatetags.ui_tags import human_date_text
from studyportal.words import translated


@dataclass(frozen=True)
class InsulinTables:
    """Two tables for `casebook/_insulin.html`."""

    period_columns: Sequence[Column]
    period_rows: Sequence[Sequence[Any]]
    visit_columns: Sequence[Column]
    visit_rows: Sequence[Sequence[Any]]


def tables(participant: Participant, uses: Sequence[InsulinUse]) -> InsulinTables | None:
    """uses: all of the participant's, with their visits. None where no insulin is recorded. One query."""
    regimen = regimen_of(participant.pk, uses)
    if not regimen.visits:
        return None
    return InsulinTables(
        period_columns=[
            Column(_("Insulin")),
            Column(_("Per day"), numeric=True, unit="[IU]"),
            Column(_("From")),
            Column(_("To")),
            Column(_("Why")),
        ],
        period_rows=[_period(one) for one in regimen.periods],
        visit_columns=[
            Column(_("Visit")),
            Column(_("All insulins per day"), numeric=True, unit="[IU]"),
            Column(_("Per kilogram and day"), numeric=True, unit="[IU]/kg"),
        ],
        visit_rows=[
            [
                Cell(
                    one.visit.label,
                    detail=human_date_text(one.visit.happened_on) if one.visit.happened_on else "",
                ),
                _dose(one.units_per_day, "0.1"),
                _dose(one.units_per_kg, "0.001"),
            ]
            for one in regimen.visits
        ],
    )


def _period(one: Period) -> list[Any]:
    product = one.product_other or dict(InsulinProduct.choices).get(one.product or "", _("not coded"))
    return [
        Cell(str(product), detail=str(dict(InsulinRole.choices).get(one.role or "", ""))),
        _("not stated") if one.units_per_day is None else _short(one.units_per_day),
        human_date_text(one.first) if one.first is not None else _("not known"),
        _("still taken")
        if one.ongoing
        else human_date_text(one.last)
        if one.last is not None
        else _("not known"),
        Cell(_reason(one.why), detail=_("Ended: %s") % _reason(one.ended_why) if one.ended_why else ""),
    ]


def _reason(code: str) -> str:
    return str(dict(ChangeReason.choices).get(code, "")) or code or "–"


def _dose(value: Decimal | NotDerivable, places: str) -> str:
    if isinstance(value, NotDerivable):
        return _("Not derivable: %s") % translated(value.why)
    return _short(value.quantize(Decimal(places)))


def _short(value: Decimal) -> str:
    """12.0 → 12: a dose of whole units is written so."""
    return str(localize(value.to_integral_value() if value == value.to_integral_value() else value))
