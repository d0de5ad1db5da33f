"""Reasons, steps and balance rows in words."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from apps.matching.statistics.design import DAYS_PER_MONTH
from studyportal.crf.partial_date import PartialDate
from studyportal.ui.states import STATES, State


def labels(design: Mapping[str, Any]) -> dict[str, str]:
    """Key of a factor or caliper → what people call it."""
    return {"sex": _("Sex"), "site": _("Site")} | {one["key"]: one["label"] for one in design["calipers"]}


def lacking(name: str, labels: Mapping[str, str]) -> str:
    """What a case itself does not have."""
    if name == "index_date":
        return _("Day 0 of the case is not known to the day")
    if name == "hba1c":
        return _("The case has no HbA1c on or before its index date")
    if name == "calendar":
        return _("The case has no date of enrolment")
    return _("The case has no value for: %s") % labels.get(name, name).lower()


def emptied(step: str, labels: Mapping[str, str]) -> str:
    """The step that left no candidate."""
    if step == "candidates":
        return _("There were no candidates")
    if step == "at_risk":
        return _("No candidate was at risk on the index date")
    if step in ("sex", "site"):
        return _("No candidate at risk was of the same %s") % labels.get(step, step).lower()
    return _("No candidate that was left lay within the caliper of %s") % labels.get(step, step).lower()


def reason(key: str, labels: Mapping[str, str]) -> str:
    """A key of `Matched.reasons` in words."""
    kind, _colon, what = key.partition(":")
    if kind == "case":
        return lacking(what, labels)
    if kind == "none":
        return emptied(what, labels)
    return _("All admitted candidates are in sets of other cases")


def why(reasons: Mapping[str, Any], found: int, labels: Mapping[str, str]) -> str:
    """Why a case has no control, or not as many as were asked for."""
    if reasons["case_missing"]:
        return "; ".join(lacking(name, labels) for name in reasons["case_missing"])
    for step in reasons["cascade"]:
        if step["left"] == 0:
            return emptied(step["step"], labels)
    if reasons["taken"]:
        return (
            ngettext(
                "%d further candidate was admitted and is in the set of another case",
                "%d further candidates were admitted and are in sets of other cases",
                reasons["taken"],
            )
            % reasons["taken"]
        )
    return _("No further candidate was admitted") if found else reason("taken", labels)


def cascade(reasons: Mapping[str, Any], labels: Mapping[str, str]) -> str:
    """How many candidates each criterion left: “30 candidates → 12 at risk → 6 sex → 0 HbA1c (2 without a value)”."""
    if "index_date" in reasons["case_missing"]:
        return "–"
    names = {"candidates": _("candidates"), "at_risk": _("at risk")} | dict(labels)
    parts = []
    for step in reasons["cascade"]:
        part = f"{step['left']} {names.get(step['step'], step['step'])}"
        if step["missing"]:
            part += " " + _("(%d without a value)") % step["missing"]
        parts.append(part)
        if step["left"] == 0:
            break
    return " → ".join(parts)


def balance_label(key: str, labels: Mapping[str, str]) -> str:
    factor, _equals, level = key.partition("=")
    return f"{labels.get(factor, factor)}: {level}" if level else labels.get(key, key)


def caliper(one: Mapping[str, Any]) -> str:
    """± 1 year or ± 20 % of the case's value, whichever admits more."""
    width = one["width"]
    whole = 1 if width == 1 else 2  # 0.5 years, 1 year, 2 years
    words = {"a": ngettext("year", "years", whole), "mo": ngettext("month", "months", whole)}
    text = f"± {width:g} {words.get(one['unit'], one['unit'])}"
    if one["or_percent"] is not None:
        text += " " + _("or ± %s %% of the case's value, whichever admits more") % f"{one['or_percent']:g}"
    return text


def parameters(
    design: Mapping[str, Any], method: str, *, include_synthetic: bool
) -> Sequence[tuple[str, Any]]:
    """Term and value of everything that was asked."""
    names = labels(design)
    return [
        (_("Controls per case"), f"1 : {design['ratio']}"),
        (_("Method"), method),
        (
            _("Replacement"),
            _("with: a control may be in several sets") if design["with_replacement"] else _("without"),
        ),
        (_("Exact on"), ", ".join(names[name] for name in design["exact"]) or "–"),
        *((one["label"], caliper(one)) for one in design["calipers"]),
        (_("Seed"), str(design["seed"])),
        (_("Synthetic participants"), _("included") if include_synthetic else _("left out")),
    ]


def shown_state(key: str, version: int | None) -> State:
    """The state of a run as a badge."""
    words = {
        "proposed": State(_("Proposed"), "info", "pen"),
        "reviewed": State(_("Reviewed"), "accent", "eye"),
        "returned": State(_("Returned"), "attention", "history"),
        "frozen": State(_("Frozen: version %d") % (version or 0), "good", "lock"),
        "superseded": State(_("Version %d, superseded") % (version or 0), "neutral", "history"),
    }
    return words.get(key) or STATES["pending"]


def calendar(months: float) -> str:
    """A day on the scale of calendar time (months since 1 January 1970), as its month."""
    day = dt.date(1970, 1, 1) + dt.timedelta(days=round(months * DAYS_PER_MONTH))
    return PartialDate(day.year, day.month).for_people()
