"""Whether an episode is a diabetic ketoacidosis, by which published criteria, and how severe. Pure.

Three definitions, each as it is published; what they need and is not known is said, never supposed.
- ISPAD 2022 (children and adolescents): glucose above 200 mg/dL (11 mmol/L), venous pH below 7.3 or bicarbonate below
  18 mmol/L, and β-hydroxybutyrate of at least 3 mmol/L or moderate or large ketonuria. Severity: pH below 7.3 / 7.2 /
  7.1, or bicarbonate below 18 / 10 / 5.
- ADA 2009 (adults): glucose above 250 mg/dL (13.9 mmol/L), arterial pH of at most 7.30 and bicarbonate of at most 18,
  ketones positive. Severity: pH 7.25–7.30 / 7.00 to below 7.25 / below 7.00; bicarbonate 15–18 / 10 to below 15 / below 10.
- ADA/EASD 2024 (adults): diabetes known or glucose of at least 200 mg/dL (11.1 mmol/L), β-hydroxybutyrate of at least
  3 mmol/L or urine ketones of at least 2+, pH below 7.3 and/or bicarbonate below 18. Severity: pH above 7.25 /
  7.00–7.25 / below 7.00; bicarbonate 15–18 / 10 to below 15 / below 10.
The severity is the graver of what pH and bicarbonate say: the consensus asks not for every variable.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from apps.safety.rules.readings import all_of, any_of, is_above, is_at_least, is_at_most, is_below
from studyportal.crf.outcomes import NotDerivable
from studyportal.words import said, series

D = Decimal
SEVERITIES = ("mild", "moderate", "severe")
# Urine ketones of at least ++ (moderate), and of any amount.
AT_LEAST_MODERATE = ("moderate", "large")
POSITIVE = ("small", "moderate", "large")


@dataclass(frozen=True)
class Part:
    """One of the three parts of a definition: what it asks for, and whether it is met."""

    asks: str
    met: bool | None


@dataclass(frozen=True)
class Definition:
    """parts: the values → hyperglycaemia or diabetes, ketosis, acidosis. severity: pH and bicarbonate, from the gravest."""

    label: str
    parts: Callable[[Mapping[str, Any]], tuple[Part, Part, Part]]
    ph: tuple[Callable[[Any], bool | None], Callable[[Any], bool | None]]
    bicarbonate: tuple[Callable[[Any], bool | None], Callable[[Any], bool | None]]


def _glucose(
    values: Mapping[str, Any], judge: Callable[[Any, Decimal], bool | None], mg: str, mmol: str
) -> bool | None:
    """Judged in the unit that was measured; nothing is converted first."""
    if values.get("glucose") is not None:
        return judge(values["glucose"], D(mg))
    return judge(values.get("glucose_mmol"), D(mmol))


def _urine(values: Mapping[str, Any], among: tuple[str, ...]) -> bool | None:
    found = values.get("ketonuria")
    return None if found is None else found in among


def _ispad_2022(values: Mapping[str, Any]) -> tuple[Part, Part, Part]:
    return (
        Part(said("glucose above 200 mg/dL (11 mmol/L)"), _glucose(values, is_above, "200", "11")),
        Part(
            said("β-hydroxybutyrate of at least 3 mmol/L, or moderate or large ketonuria"),
            any_of(is_at_least(values.get("ketones_blood"), D(3)), _urine(values, AT_LEAST_MODERATE)),
        ),
        Part(
            said("venous pH below 7.3 or bicarbonate below 18 mmol/L"),
            any_of(is_below(values.get("ph"), D("7.3")), is_below(values.get("bicarbonate"), D(18))),
        ),
    )


def _ada_2009(values: Mapping[str, Any]) -> tuple[Part, Part, Part]:
    # The published table asks for a positive nitroprusside reaction and gives no number for blood ketones: a high
    # β-hydroxybutyrate is taken as positive, a low one decides nothing.
    blood = is_at_least(values.get("ketones_blood"), D(3)) or None
    return (
        Part(said("glucose above 250 mg/dL (13.9 mmol/L)"), _glucose(values, is_above, "250", "13.9")),
        Part(said("ketones positive in urine or blood"), any_of(_urine(values, POSITIVE), blood)),
        Part(
            said("pH of at most 7.30 and bicarbonate of at most 18 mmol/L"),
            all_of(is_at_most(values.get("ph"), D("7.30")), is_at_most(values.get("bicarbonate"), D(18))),
        ),
    )


def _ada_2024(values: Mapping[str, Any]) -> tuple[Part, Part, Part]:
    return (
        Part(
            said("diabetes known, or glucose of at least 200 mg/dL (11.1 mmol/L)"),
            any_of(values.get("known_diabetes"), _glucose(values, is_at_least, "200", "11.1")),
        ),
        Part(
            said("β-hydroxybutyrate of at least 3 mmol/L, or urine ketones of at least 2+"),
            any_of(is_at_least(values.get("ketones_blood"), D(3)), _urine(values, AT_LEAST_MODERATE)),
        ),
        Part(
            said("pH below 7.3 or bicarbonate below 18 mmol/L"),
            any_of(is_below(values.get("ph"), D("7.3")), is_below(values.get("bicarbonate"), D(18))),
        ),
    )


def _under(limit: str) -> Callable[[Any], bool | None]:
    return lambda value: is_below(value, D(limit))


DEFINITIONS: Mapping[str, Definition] = {
    "ispad_2022": Definition(
        said("ISPAD 2022"),
        _ispad_2022,
        ph=(_under("7.1"), _under("7.2")),
        bicarbonate=(_under("5"), _under("10")),
    ),
    "ada_2009": Definition(
        said("ADA 2009"),
        _ada_2009,
        ph=(_under("7.00"), _under("7.25")),
        bicarbonate=(_under("10"), _under("15")),
    ),
    "ada_2024": Definition(
        said("ADA/EASD 2024"),
        _ada_2024,
        # 7.25 itself is moderate here: mild begins above it.
        ph=(_under("7.00"), lambda value: is_at_most(value, D("7.25"))),
        bicarbonate=(_under("10"), _under("15")),
    ),
}


def derive_dka(values: Mapping[str, Any], context: Mapping[str, Any]) -> Mapping[str, Any]:
    """meets_criteria, criteria_basis and severity by the criteria that were chosen."""
    chosen = DEFINITIONS.get(values.get("criteria") or "")
    if chosen is None:
        none = NotDerivable(said("criteria missing"))
        return {"meets_criteria": none, "criteria_basis": none, "severity": none}
    parts = chosen.parts(values)
    met = all_of(*(part.met for part in parts))
    clause = "; ".join(f"{part.asks}: {_answer(part.met)}" for part in parts)
    lacking = series(part.asks for part in parts if part.met is None)
    if met is not True:
        why = (
            said("the criteria are not met")
            if met is False
            else said("not known: %(lacking)s", lacking=lacking)
        )
        return {
            "meets_criteria": False if met is False else NotDerivable(why),
            "criteria_basis": f"{chosen.label}. {clause}",
            "severity": NotDerivable(why),
        }
    severity, because = _severity(chosen, values)
    return {
        "meets_criteria": True,
        "criteria_basis": f"{chosen.label}. {clause}. {because}",
        "severity": severity,
    }


def _severity(chosen: Definition, values: Mapping[str, Any]) -> tuple[str, str]:
    """The graver of what pH and bicarbonate say. At least one of them is known where the criteria are met."""
    found = {}
    for name, label, limits in (("ph", "pH", chosen.ph), ("bicarbonate", "bicarbonate", chosen.bicarbonate)):
        value = values.get(name)
        if value is not None:
            severe, moderate = (limit(value) for limit in limits)
            found[label] = 2 if severe else 1 if moderate else 0
    by = ", ".join(f"{label}: {SEVERITIES[level]}" for label, level in found.items())
    worst = max(found.values())
    return SEVERITIES[worst], said("Severity %(severities)s (by %(by)s)", severities=SEVERITIES[worst], by=by)


def _answer(met: bool | None) -> str:
    return said("not known") if met is None else "met" if met else said("not met")
