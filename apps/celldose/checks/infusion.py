"""Soft checks of doses and infusions. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable
from decimal import Decimal

from apps.celldose.checks.kinds import Context, Values
from studyportal.crf.outcomes import Finding

# “500–5000 × 106”: the superscript of 10⁶ is lost when a paper is copied as plain text.
_LOST_SUPERSCRIPT = re.compile(r"(?:[×xX*]|\bby)\s*10\s*6\b(?!\d)")


def lost_superscript(text: str | None) -> bool:
    """Whether a text carries “× 106” where the source prints × 10⁶."""
    return bool(text and _LOST_SUPERSCRIPT.search(text))


def dose_not_stated(values: Values, context: Context) -> Iterable[Finding]:
    """The protocol's range is a plan. It is never taken for the dose that was given."""
    if values.get("total_dose") is not None:
        return
    stated = values.get("dose_as_stated")
    if stated:
        lost = " (its “× 106” is × 10⁶ with the superscript lost)" if lost_superscript(stated) else ""
        yield Finding(
            "total_dose",
            "dose_not_stated",
            f"The source states “{stated}”{lost}: a range, not the dose given. Is the actual dose on file?",
        )
    else:
        yield Finding("total_dose", "dose_not_stated", "The dose given is not recorded; is it on file?")


def dose_within_plan(values: Values, context: Context) -> Iterable[Finding]:
    """context: planned_range (low, high) of the product. The deviation is raised beside it."""
    dose, planned = values.get("total_dose"), context.get("planned_range")
    if dose is not None and planned is not None and not planned[0] <= dose <= planned[1]:
        yield Finding(
            "total_dose",
            "dose_outside_range",
            f"{dose.normalize():f} ×10⁶ is outside the planned {planned[0].normalize():f}–{planned[1].normalize():f} ×10⁶.",
        )


def dose_within_count(values: Values, context: Context) -> Iterable[Finding]:
    """context: tnc. More cells given than were counted in the product."""
    dose, tnc = values.get("total_dose"), context.get("tnc")
    if dose is not None and tnc is not None and dose > tnc:
        yield Finding(
            "total_dose",
            "dose_above_count",
            f"{dose.normalize():f} ×10⁶ were given, but the product held {tnc.normalize():f} ×10⁶ nucleated cells.",
        )


# Pipetting, dead volume and counting leave some per cent between a dose and its volume.
DOSE_BY_VOLUME = Decimal("0.15")


def dose_fits_volume(values: Values, context: Context) -> Iterable[Finding]:
    """The dose given against the volume infused. context: tnc and final_volume_ml of the product."""
    dose, infused = values.get("total_dose"), values.get("volume_ml")
    tnc, final = context.get("tnc"), context.get("final_volume_ml")
    if dose is None or not infused or not tnc or not final:
        return
    expected = tnc * infused / final
    if abs(dose - expected) > expected * DOSE_BY_VOLUME:
        yield Finding(
            "total_dose",
            "dose_volume",
            f"{infused} of {final} mL hold {round(expected, 1).normalize():f} ×10⁶ of the counted"
            f" {tnc.normalize():f} ×10⁶ cells, but {dose.normalize():f} ×10⁶ are stated.",
        )


def volume_balance(values: Values, context: Context) -> Iterable[Finding]:
    """context: final_volume_ml. Infused and discarded volumes should not exceed the product's."""
    infused, residual, final = (
        values.get("volume_ml"),
        values.get("residual_discarded_ml"),
        context.get("final_volume_ml"),
    )
    if infused is not None and final is not None and infused + (residual or 0) > final:
        yield Finding(
            "volume_ml",
            "volume_balance",
            f"{infused + (residual or 0)} mL infused and discarded, of {final} mL of product.",
        )


def reaction_reported(values: Values, context: Context) -> Iterable[Finding]:
    """context: adverse_events, the number of those of the product or its session: with one, nothing is asked."""
    seen = [one for one in values.get("reactions") or [] if one != "none"]
    if seen and not context.get("adverse_events"):
        yield Finding(
            "reactions",
            "reaction",
            f"Reaction: {', '.join(seen).replace('_', ' ')}. Is an adverse event recorded?",
        )
