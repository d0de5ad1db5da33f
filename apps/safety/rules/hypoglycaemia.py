"""The level of a hypoglycaemia by the criteria that were chosen. Pure.

Level 3 is an altered state that needs the help of somebody else, at any glucose. Levels 1 and 2 follow from the glucose,
judged in the unit that was measured: 54 mg/dL and 3.0 mmol/L are one boundary, and so are 70 and 3.9.
- ADA from 2019 on, and ISPAD 2022: level 1 below 70 and at least 54 mg/dL; level 2 below 54.
- International Hypoglycaemia Study Group 2017: the same, with level 1 from 70 downwards, 70 included.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from apps.safety.rules.readings import is_at_most, is_below
from studyportal.crf.outcomes import NotDerivable
from studyportal.words import said

D = Decimal
# Symptoms that are an altered mental state.
ALTERED = ("neuroglycopenic", "seizure", "unconscious")


@dataclass(frozen=True)
class Levels:
    label: str
    alert: Callable[[Any, Decimal], bool | None]
    alert_in_words: str


CRITERIA: Mapping[str, Levels] = {
    "ada_ispad": Levels(said("ADA and ISPAD 2022"), is_below, "below"),
    "ihsg_2017": Levels(said("IHSG 2017"), is_at_most, said("at most")),
}
# In mg/dL and in mmol/L.
ALERT = {"glucose": (D(70), "mg/dL"), "glucose_mmol": (D("3.9"), "mmol/L")}
LOW = {"glucose": D(54), "glucose_mmol": D("3.0")}


def derive_hypoglycaemia(values: Mapping[str, Any], context: Mapping[str, Any]) -> Mapping[str, Any]:
    """level and level_basis; what they rest on and is missing is said."""
    level, basis = _level(values)
    return {"level": level, "level_basis": basis}


def _level(values: Mapping[str, Any]) -> tuple[str | NotDerivable, str | NotDerivable]:
    levels = CRITERIA.get(values.get("criteria") or "")
    if levels is None:
        return _neither(said("criteria missing"))
    helped = values.get("needed_help")
    if helped is None:
        return _neither(said("whether the help of somebody else was needed is missing"))
    if helped:
        return "3", said(
            "%(label)s: help of somebody else was needed, whatever the glucose", label=levels.label
        )
    name = "glucose" if values.get("glucose") is not None else "glucose_mmol"
    reported = values.get(name)
    if reported is None:
        return _neither(said("glucose missing"))
    limit, unit = ALERT[name]
    low = is_below(reported, LOW[name])
    alert = levels.alert(reported, limit)
    shown = f"{reported} {unit}"
    if low:
        return "2", said(
            "%(label)s: %(shown)s lies below %(low)s %(unit)s",
            label=levels.label,
            shown=shown,
            low=LOW[name],
            unit=unit,
        )
    if low is False and alert:
        return (
            "1",
            said(
                "%(label)s: %(shown)s is %(alert_in_words)s %(limit)s %(unit)s and at least %(low)s %(unit)s",
                label=levels.label,
                shown=shown,
                alert_in_words=levels.alert_in_words,
                limit=limit,
                unit=unit,
                low=LOW[name],
            ),
        )
    if alert is False:
        why = said(
            "%(shown)s is no hypoglycaemia by %(label)s: not %(alert_in_words)s %(limit)s %(unit)s,"
            " and no help was needed",
            shown=shown,
            label=levels.label,
            alert_in_words=levels.alert_in_words,
            limit=limit,
            unit=unit,
        )
        return _neither(why)
    return _neither(said("%(shown)s is a limit and leaves the level open", shown=shown))


def _neither(why: str) -> tuple[NotDerivable, NotDerivable]:
    return NotDerivable(why), NotDerivable(why)
