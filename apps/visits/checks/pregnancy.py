"""What is asked about pregnancy tests."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from studyportal.crf.outcomes import Finding
from studyportal.words import said


def pregnancy_found(values: Mapping[str, Any], context: Mapping[str, Any]) -> Iterable[Finding]:
    if values.get("result") == "positive":
        yield Finding(
            "result",
            "pregnancy_positive",
            said("The test is positive: no harvest and no infusion. Tell the investigator today."),
            severity="critical",
        )
    if values.get("result") == "unclear":
        yield Finding("result", "pregnancy_unclear", said("The test is unclear. When is it repeated?"))


def need_fits_sex(values: Mapping[str, Any], context: Mapping[str, Any]) -> Iterable[Finding]:
    """context["sex"]: code of the demographics, or None."""
    sex, needed, because = context.get("sex"), values.get("needed"), values.get("not_needed_because")
    if (sex == "male" and needed is True) or (sex == "female" and because == "male"):
        yield Finding(
            "needed",
            "need_against_sex",
            said("This does not go with the sex in the demographics. Which is right?"),
        )
