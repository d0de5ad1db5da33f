"""Soft checks of demographics."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from studyportal.crf.outcomes import Finding
from studyportal.words import said

USUAL_AGE = (1, 60)
AGE_DISAGREES = "age_disagrees_with_birth"
LEARNED_TO_READ = frozenset({"secondary", "higher_secondary", "graduate"})


def age_unusual(values: Mapping[str, Any], context: Mapping[str, Any]) -> Iterable[Finding]:
    age = values.get("age_at_enrolment")
    low, high = context.get("usual_age", USUAL_AGE)
    if age is not None and not low <= age <= high:
        yield Finding(
            "age_at_enrolment",
            "age_outside_study",
            said(
                "%(age)s years lies outside %(low)s to %(high)s years, the ages that the study expects."
                " Is the age right?",
                age=age,
                low=low,
                high=high,
            ),
        )


def age_disagrees_with_birth(values: Mapping[str, Any], context: Mapping[str, Any]) -> Iterable[Finding]:
    """The age and the sealed birth date are more than a year apart. Which way, and how far, is said to nobody."""
    if context.get("age_disagrees"):
        yield Finding(
            "age_at_enrolment",
            AGE_DISAGREES,
            said(
                "The age and the recorded birth date do not agree. The staff of the site check both with"
                " the source."
            ),
        )


def age_below_diagnosis(values: Mapping[str, Any], context: Mapping[str, Any]) -> Iterable[Finding]:
    """context["diagnosed_on"]: of the medical history. Which of the two forms is wrong cannot be told."""
    age, diagnosed = values.get("age_at_enrolment"), context.get("diagnosed_on")
    if age is not None and diagnosed is not None and diagnosed.age is not None and diagnosed.age > age:
        yield Finding(
            "age_at_enrolment",
            "age_below_diagnosis",
            said(
                "The medical history dates the diagnosis at %(age)s years. Which of the two ages is right?",
                age=diagnosed.age,
            ),
        )


def language_of_consent(values: Mapping[str, Any], context: Mapping[str, Any]) -> Iterable[Finding]:
    """context["consent_languages"]: code → words, of the languages in which the protocol has consent documents."""
    language, known = values.get("language"), context.get("consent_languages")
    if language is None or not known or language in known:
        return
    yield Finding(
        "language",
        "no_document_in_language",
        said(
            "The consent documents of the study are in %(values)s. In which language is the participant"
            " informed, and by whom?",
            values=list(known.values()),
        ),
    )


def reading_fits_education(values: Mapping[str, Any], context: Mapping[str, Any]) -> Iterable[Finding]:
    if values.get("can_read") is False and values.get("education") in LEARNED_TO_READ:
        yield Finding(
            "can_read",
            "reading_disagrees_with_education",
            said(
                "The participant cannot read the consent document, and went to secondary school or"
                " beyond. Is it so, for example because of poor sight?"
            ),
        )
