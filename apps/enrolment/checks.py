"""Soft checks of enrolment: what is unlikely is asked about, never refused."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from studyportal.crf.outcomes import Finding

# A stay beyond this is possible and rare: the seed's patient stayed a month.
LONG_STAY_DAYS = 60
USUAL_AGE = (1, 60)
AGE_DISAGREES = "age_disagrees_with_birth"


def age_unusual(values: Mapping[str, Any], context: Mapping[str, Any]) -> Iterable[Finding]:
    age = values.get("age_at_enrolment")
    low, high = context.get("usual_age", USUAL_AGE)
    if age is not None and not low <= age <= high:
        yield Finding(
            "age_at_enrolment",
            "age_outside_study",
            f"{age} years lies outside {low} to {high} years, the ages that the study expects. Is the age right?",
        )


def age_disagrees_with_birth(values: Mapping[str, Any], context: Mapping[str, Any]) -> Iterable[Finding]:
    """The age and the sealed birth date are more than a year apart. Which way, and how far, is said to nobody."""
    if context.get("age_disagrees"):
        yield Finding(
            "age_at_enrolment",
            AGE_DISAGREES,
            "The age and the recorded birth date do not agree. The staff of the site check both with the source.",
        )


def insulin_before_diagnosis(values: Mapping[str, Any], context: Mapping[str, Any]) -> Iterable[Finding]:
    started, diagnosed = values.get("insulin_since"), values.get("diagnosed_on")
    if started is None or diagnosed is None or started.latest is None or diagnosed.earliest is None:
        return
    if started.latest < diagnosed.earliest:
        yield Finding(
            "insulin_since",
            "insulin_before_diagnosis",
            "Insulin starts before the diagnosis. Check both dates with the source.",
        )


def not_type_one(values: Mapping[str, Any], context: Mapping[str, Any]) -> Iterable[Finding]:
    kind = values.get("diabetes_type")
    if kind is not None and kind != "type_1":
        yield Finding(
            "diabetes_type",
            "not_type_1",
            "The study takes participants with type 1 diabetes. Is the type right, and is the participant eligible?",
        )


def autoimmunity_denied(values: Mapping[str, Any], context: Mapping[str, Any]) -> Iterable[Finding]:
    if values.get("diabetes_type") == "type_1" and values.get("autoimmune") is False:
        yield Finding(
            "autoimmune",
            "type_1_not_autoimmune",
            "Type 1 diabetes without evidence of autoimmunity is unusual. Which antibodies were tested?",
        )


def stay_long(values: Mapping[str, Any], context: Mapping[str, Any]) -> Iterable[Finding]:
    days = values.get("duration_days")
    if days is not None and days > LONG_STAY_DAYS:
        yield Finding(
            "duration_days", "stay_long", f"A stay of {days} days is unusually long. Is the duration right?"
        )


def ketoacidosis_not_in_history(values: Mapping[str, Any], context: Mapping[str, Any]) -> Iterable[Finding]:
    """An admission for ketoacidosis and a medical history that denies it do not fit together."""
    if values.get("reason") == "dka" and context.get("dka_history") is False:
        yield Finding(
            "reason",
            "dka_denied_in_history",
            "The medical history says that there was no ketoacidosis. Which of the two forms is right?",
        )
