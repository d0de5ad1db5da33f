"""Conversions, derived values and hard rules of laboratory results. Exact decimals; nothing is guessed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from studyportal.crf.outcomes import NotDerivable, Problem
from studyportal.words import either, said

# NGSP % = 0.09148 × IFCC + 2.152; IFCC mmol/mol = 10.93 × NGSP − 23.50: the NGSP's master equation.
NGSP_SLOPE, NGSP_INTERCEPT = Decimal("0.09148"), Decimal("2.152")
IFCC_SLOPE, IFCC_INTERCEPT = Decimal("10.93"), Decimal("23.50")
# eAG mg/dL = 28.7 × A1c − 46.7 (Nathan 2008).
EAG_SLOPE, EAG_INTERCEPT = Decimal("28.7"), Decimal("46.7")
# Molar mass of glucose, 180.156 g/mol.
MG_DL_PER_MMOL_L = Decimal("18.0156")
C_PEPTIDE_NMOL_PER_NG = Decimal("0.331")
# IDAA1c = A1c % + 4 × insulin in units/kg/24 h; partial remission at 9 or below (Mortensen 2009).
IDAA1C_FACTOR = Decimal(4)
PARTIAL_REMISSION = Decimal(9)


def ngsp_from_ifcc(mmol_mol: Decimal) -> Decimal:
    """HbA1c in % (NGSP) from mmol/mol (IFCC)."""
    return NGSP_SLOPE * mmol_mol + NGSP_INTERCEPT


def ifcc_from_ngsp(percent: Decimal) -> Decimal:
    """HbA1c in mmol/mol (IFCC) from % (NGSP)."""
    return IFCC_SLOPE * percent - IFCC_INTERCEPT


def estimated_average_glucose(percent: Decimal) -> Decimal:
    """eAG in mg/dL from HbA1c in %."""
    return EAG_SLOPE * percent - EAG_INTERCEPT


def glucose_mmol_l(mg_dl: Decimal) -> Decimal:
    return mg_dl / MG_DL_PER_MMOL_L


def glucose_mg_dl(mmol_l: Decimal) -> Decimal:
    return mmol_l * MG_DL_PER_MMOL_L


def c_peptide_nmol_l(ng_ml: Decimal) -> Decimal:
    return ng_ml * C_PEPTIDE_NMOL_PER_NG


def idaa1c(
    hba1c_percent: Decimal | NotDerivable | None, insulin_per_kg: Decimal | NotDerivable
) -> Decimal | NotDerivable:
    """Insulin-dose-adjusted HbA1c. insulin_per_kg: units/kg/24 h of the same visit; a documented 0 gives A1c."""
    if hba1c_percent is None:
        return NotDerivable(said("HbA1c missing"))
    if isinstance(hba1c_percent, NotDerivable):
        return NotDerivable(said("HbA1c: %(why)s", why=hba1c_percent.why))
    if isinstance(insulin_per_kg, NotDerivable):
        return insulin_per_kg
    return hba1c_percent + IDAA1C_FACTOR * insulin_per_kg


def partial_remission(value: Decimal) -> bool:
    return value <= PARTIAL_REMISSION


# ------------------------------------------------------------------------------------------ reported results


@dataclass(frozen=True)
class Terms:
    """What the protocol says of one analyte.

    to_canonical: (value, unit) → the value in `unit`, None for a scale that does not convert.
    """

    label: str
    result: str
    unit: str | None
    units: tuple[str, ...]
    to_canonical: Callable[[Decimal, str], Decimal | None]
    hard: tuple[Decimal, Decimal] | None = None
    plausible: tuple[Decimal, Decimal] | None = None


def canonical(reported: Any, unit: str | None, terms: Terms | None) -> Decimal | NotDerivable:
    """The reported number in the analyte's unit. A value beyond a limit of quantitation is not a measured number."""
    if terms is None:
        return NotDerivable(said("analyte not in the protocol"))
    if reported is None:
        return NotDerivable(said("no number reported"))
    if unit is None:
        return NotDerivable(said("unit missing"))
    if reported.comparator:
        return NotDerivable(
            said("reported as %(reported)s, which is a limit and no measured number", reported=reported)
        )
    value = terms.to_canonical(reported.number, unit)
    if value is None:
        return NotDerivable(
            said("%(unit)s does not convert into %(own_unit)s", unit=unit, own_unit=terms.unit)
        )
    return value


def unit_belongs_to_analyte(values: Mapping[str, Any], terms: Terms | None) -> Iterable[Problem]:
    unit = values.get("unit")
    if terms is None or unit is None:
        return
    if unit not in terms.units:
        known = ", ".join(terms.units) or said("none: its result is in words")
        yield Problem(
            "unit",
            "unit",
            said(
                "%(label)s is not measured in %(unit)s. Units: %(known)s.",
                label=terms.label,
                unit=unit,
                known=known,
            ),
        )


def number_is_possible(values: Mapping[str, Any], terms: Terms | None) -> Iterable[Problem]:
    """Hard limits are judged where the unit is known; without a unit the number says too little."""
    reported, unit = values.get("reported"), values.get("unit")
    if terms is None or reported is None:
        return
    if reported.number < 0:
        yield Problem("reported", "min_value", said("%(label)s cannot be below 0.", label=terms.label))
        return
    if unit is None or unit not in terms.units or terms.hard is None:
        return
    value = terms.to_canonical(reported.number, unit)
    if value is None:
        return
    low, high = terms.hard
    below = value < low and reported.comparator not in ("<", "<=", ">", ">=")
    if below or value > high:
        yield Problem(
            "reported",
            "min_value" if below else "max_value",
            said(
                "%(label)s of %(reported)s %(unit)s is not possible: the limits are %(low)s to %(high)s"
                " %(own_unit)s. Check the number and its unit.",
                label=terms.label,
                reported=reported,
                unit=unit,
                low=low,
                high=high,
                own_unit=terms.unit,
            ),
        )


def result_is_there(values: Mapping[str, Any]) -> Iterable[Problem]:
    """A number without quality, or a quality without number, is a result; “not reported” together with one is not."""
    if values.get("qualitative") == "not_reported" and values.get("reported") is not None:
        yield Problem(
            "qualitative",
            "contradiction",
            said("A number is given, so the result was reported. Leave this empty."),
        )


def number_suits_analyte(values: Mapping[str, Any], terms: Terms | None) -> Iterable[Problem]:
    if terms is not None and terms.result == "qualitative" and values.get("reported") is not None:
        yield Problem(
            "reported",
            "qualitative_only",
            said("%(label)s has no number: give the qualitative result.", label=terms.label),
        )


def lloq_is_a_limit(values: Mapping[str, Any]) -> Iterable[Problem]:
    """A value below the limit of quantitation is reported with “<”."""
    lloq, reported = values.get("lloq"), values.get("reported")
    if lloq is None or reported is None or reported.comparator:
        return
    if reported.number < lloq:
        yield Problem(
            "reported",
            "below_lloq",
            said(
                "%(reported)s lies below the limit of quantitation %(lloq)s. Report it as <%(lloq)s, as"
                " the laboratory does.",
                reported=reported,
                lloq=lloq,
            ),
        )


def limits_of_normal_in_order(values: Mapping[str, Any]) -> Iterable[Problem]:
    low, high = values.get("normal_low"), values.get("normal_high")
    if low is not None and high is not None and low >= high:
        yield Problem(
            "normal_high",
            "not_above",
            said(
                "The upper limit of normal %(high)s is not above the lower one, %(low)s.", high=high, low=low
            ),
        )


def derive_lab_result(values: Mapping[str, Any], context: Mapping[str, Any]) -> Mapping[str, Any]:
    """context: terms (Terms | None), insulin_per_kg (units/kg/24 h at the same visit)."""
    terms: Terms | None = context.get("terms")
    number = canonical(values.get("reported"), values.get("unit"), terms)
    derived: dict[str, Any] = {"number_canonical": number, "unit_canonical": terms.unit if terms else None}
    if values.get("analyte") == "hba1c":
        derived["eag"] = number if isinstance(number, NotDerivable) else estimated_average_glucose(number)
        derived["idaa1c"] = idaa1c(number, context.get("insulin_per_kg", NotDerivable(said("visit missing"))))
    return derived


# --------------------------------------------------------------------------------------------- glucose chart


def period_in_order(values: Mapping[str, Any]) -> Iterable[Problem]:
    start, end = values.get("period_start"), values.get("period_end")
    if start is None or end is None or start.earliest is None or end.latest is None:
        return
    if end.latest < start.earliest:
        yield Problem("period_end", "before_start", said("The chart ends before it begins."))


def reading_problems(value: Decimal, unit: str) -> Iterable[Problem]:
    """Hard limits of a meter reading, in the unit that was measured."""
    limits = READING_LIMITS.get(unit)
    if limits is None:
        yield Problem(
            "unit",
            "unit",
            said("A meter reads in %(reading_limits)s.", reading_limits=either(READING_LIMITS)),
        )
        return
    low, high = limits
    if not low <= value <= high:
        yield Problem(
            "value",
            "limits",
            said(
                "%(value)s %(unit)s is no glucose reading: %(low)s to %(high)s %(unit)s.",
                value=value,
                unit=unit,
                low=low,
                high=high,
            ),
        )


READING_LIMITS: Mapping[str, tuple[Decimal, Decimal]] = {
    "mg/dL": (Decimal(5), Decimal(1000)),
    "mmol/L": (Decimal("0.3"), Decimal("55.5")),
}
