"""Yields and doses in words, each with its unit or with the reason why there is none."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _

from apps.celldose.product_file import ProductFile
from apps.celldose.release import plain
from studyportal.crf.absence import label_of


def doses_of(file: ProductFile) -> list[tuple[str, str, str]]:
    """(term, value with unit, why there is none) of every derived number of the product."""
    product, infusion, counts, micro = file.product, file.infusion, file.counts, file.microbiology
    low, high = product.planned_dose_low, product.planned_dose_high
    planned = f"{plain(low)}–{plain(high)} ×10⁶" if low is not None and high is not None else ""
    lines = [
        (
            _("Planned dose"),
            planned or "–",
            "" if planned else label_of(product.absent_reason("planned_dose_low")),
        )
    ]
    lines.append(_line(_("Yield"), counts, "cells_per_ml", "×10⁶/mL", _("cell counts not recorded")))
    lines.append(
        _line(_("Endotoxin per kg"), micro, "endotoxin_per_kg", "EU/kg", _("microbiology not recorded"))
    )
    given = _line(_("Dose given"), infusion, "total_dose", "×10⁶", _("not infused"))
    if infusion is not None and infusion.total_dose is None and infusion.dose_as_stated:
        given = (given[0], "–", _("source states: %s") % infusion.dose_as_stated)
    lines.append(given)
    for label, name, unit in (
        (_("Viable dose"), "viable_dose", "×10⁶"),
        (_("Dose per kg"), "dose_per_kg", "×10⁶/kg"),
        (_("Viable dose per kg"), "viable_dose_per_kg", "×10⁶/kg"),
    ):
        lines.append(_line(label, infusion, name, unit, _("not infused")))
    return lines


def _line(label: str, record: Any, name: str, unit: str, without: str) -> tuple[str, str, str]:
    if record is None:
        return label, "–", without
    value = getattr(record, name)
    if value is None:
        return label, "–", label_of(record.absent_reason(name)) or _("not recorded")
    return label, f"{plain(value)} {unit}", ""


def quantity(value: Decimal | None, unit: str) -> str:
    return "" if value is None else f"{plain(value)} {unit}"


def moment(value: Any) -> str:
    return f"{timezone.localtime(value):%Y-%m-%d %H:%M}"


def dose_words(file: ProductFile) -> str:
    infusion = file.infusion
    if infusion is None:
        return ""
    if infusion.total_dose is not None:
        return f"{plain(infusion.total_dose)} ×10⁶"
    return infusion.dose_as_stated or _("dose not recorded")
