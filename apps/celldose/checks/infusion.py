"""Soft checks of doses and infusions. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable
from decimal import Decimal

from apps.celldose.checks.kinds import Context, Values
from studyportal.crf.outcomes import Finding
from studyportal.words import said

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
        lost = said(" (its “× 106” is × 10⁶ with the superscript lost)") if lost_superscript(stated) else ""
        yield Finding(
            "total_dose",
            "dose_not_stated",
            said(
                "The source states “%(stated)s”%(lost)s: a range, not the dose given. Is the actual dose"
                " on file?",
                stated=stated,
                lost=lost,
            ),
        )
    else:
        yield Finding("total_dose", "dose_not_stated", said("The dose given is not recorded; is it on file?"))


def dose_within_plan(values: Values, context: Context) -> Iterable[Finding]:
    """context: planned_range (low, high) of the product. The deviation is raised beside it."""
    dose, planned = values.get("total_dose"), context.get("planned_range")
    if dose is not None and planned is not None and not planned[0] <= dose <= planned[1]:
        yield Finding(
            "total_dose",
            "dose_outside_range",
            said(
                "%(dose)s ×10⁶ is outside the planned %(low)s–%(high)s ×10⁶.",
                dose=dose.normalize(),
                low=planned[0].normalize(),
                high=planned[1].normalize(),
            ),
        )


def dose_within_count(values: Values, context: Context) -> Iterable[Finding]:
    """context: tnc. More cells given than were counted in the product."""
    dose, tnc = values.get("total_dose"), context.get("tnc")
    if dose is not None and tnc is not None and dose > tnc:
        yield Finding(
            "total_dose",
            "dose_above_count",
            said(
                "%(dose)s ×10⁶ were given, but the product held %(tnc)s ×10⁶ nucleated cells.",
                dose=dose.normalize(),
                tnc=tnc.normalize(),
            ),
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
            said(
                "%(infused)s of %(final)s mL hold %(expected)s ×10⁶ of the counted %(tnc)s ×10⁶ cells,"
                " but %(dose)s ×10⁶ are stated.",
                infused=infused,
                final=final,
                expected=round(expected, 1).normalize(),
                tnc=tnc.normalize(),
                dose=dose.normalize(),
            ),
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
            said(
                "%(infused)s mL infused and discarded, of %(final)s mL of product.",
                infused=infused + (residual or 0),
                final=final,
            ),
        )


def reaction_reported(values: Values, context: Context) -> Iterable[Finding]:
    """context: adverse_events, the number of those of the product or its session: with one, nothing is asked."""
    seen = [one for one in values.get("reactions") or [] if one != "none"]
    if seen and not context.get("adverse_events"):
        yield Finding(
            "reactions",
            "reaction",
            said(
                "Reaction: %(seen)s. Is an adverse event recorded?",
                seen=[one.replace("_", " ") for one in seen],
            ),
        )
