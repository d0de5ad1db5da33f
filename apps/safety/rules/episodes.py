"""Hard rules that both diabetic emergencies share. Pure."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from typing import Any
from zoneinfo import ZoneInfo

from studyportal.crf.outcomes import Problem
from studyportal.words import said


def one_glucose(values: Mapping[str, Any]) -> Iterable[Problem]:
    """The glucose is given in the unit that was measured, not in both."""
    if values.get("glucose") is not None and values.get("glucose_mmol") is not None:
        yield Problem(
            "glucose_mmol",
            "two_units",
            said(
                "The glucose is given in mg/dL and in mmol/L. Keep the one that was measured; the portal"
                " converts nothing."
            ),
        )


def possible_glucose(values: Mapping[str, Any]) -> Iterable[Problem]:
    """Limits that no measurement passes, each in its unit: a value in the other unit is caught here."""
    for name, low, high, unit in (("glucose", 5, 3000, "mg/dL"), ("glucose_mmol", 0, 167, "mmol/L")):
        reported = values.get(name)
        number = getattr(reported, "number", reported)
        if number is None:
            continue
        below = number < low and not getattr(reported, "comparator", "")
        if below or number > high:
            hint = (
                said(" Was it measured in mmol/L? There is a field for that.")
                if name == "glucose" and below
                else ""
            )
            yield Problem(
                name,
                "not_possible",
                said(
                    "%(reported)s %(unit)s is no glucose: %(low)s to %(high)s %(unit)s.%(hint)s",
                    reported=reported,
                    unit=unit,
                    low=low,
                    high=high,
                    hint=hint,
                ),
            )


def sample_after_onset(values: Mapping[str, Any]) -> Iterable[Problem]:
    began, sampled = values.get("began_on"), values.get("sampled_at")
    if began is None or sampled is None or began.earliest is None:
        return
    if _day_at_site(sampled, values) < began.earliest:
        yield Problem("sampled_at", "before_onset", said("The sample was taken before the episode began."))


def _day_at_site(moment: dt.datetime, values: Mapping[str, Any]) -> dt.date:
    zone = getattr(getattr(values.get("participant"), "site", None), "timezone", "UTC")
    return moment.astimezone(ZoneInfo(zone)).date()
