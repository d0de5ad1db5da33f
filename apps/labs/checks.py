"""Soft checks of laboratory results and glucose charts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from apps.labs.rules import Terms
from studyportal.crf.outcomes import Finding
from studyportal.words import said

ANTIBODIES = ("ica", "gad65", "iaa", "ia2", "znt8")
RESULTS = frozenset({"positive", "negative", "indeterminate"})
# Insulin antibodies say nothing about autoimmunity from about two weeks after insulin began (working rule).
IAA_DAYS_AFTER_INSULIN = 14


def unit_stated(values: Mapping[str, Any], context: Mapping[str, Any]) -> Iterable[Finding]:
    """A number without a unit, or with one that somebody presumed, is asked about."""
    reported, unit = values.get("reported"), values.get("unit")
    if reported is None:
        return
    name = "HbA1c" if values.get("analyte") == "hba1c" else said("result")
    if unit is None:
        hint = said(" It is presumably %% (NGSP).") if name == "HbA1c" and 3 <= reported.number <= 20 else ""
        yield Finding(
            "unit",
            "hba1c_without_unit" if name == "HbA1c" else "unit_missing",
            said(
                "The %(name)s of %(reported)s has no unit, so it is not converted or analysed.%(hint)s"
                " Can the source tell?",
                name=name,
                reported=reported,
                hint=hint,
            ),
        )
    elif values.get("unit_basis") == "presumed":
        yield Finding(
            "unit",
            "unit_presumed",
            said(
                "The source gives the %(name)s of %(reported)s without a unit; %(unit)s is presumed. Can"
                " the source confirm it?",
                name=name,
                reported=reported,
                unit=unit,
            ),
        )


def number_plausible(values: Mapping[str, Any], context: Mapping[str, Any]) -> Iterable[Finding]:
    terms: Terms | None = context.get("terms")
    number = values.get("number_canonical")
    if terms is None or terms.plausible is None or number is None:
        return
    low, high = terms.plausible
    if not low <= number <= high:
        yield Finding(
            "reported",
            "implausible",
            said(
                "%(label)s of %(reported)s %(unit)s lies outside %(low)s to %(high)s %(own_unit)s. Is it"
                " right?",
                label=terms.label,
                reported=values.get("reported"),
                unit=values.get("unit"),
                low=low,
                high=high,
                own_unit=terms.unit,
            ),
        )


def fasting_state_known(values: Mapping[str, Any], context: Mapping[str, Any]) -> Iterable[Finding]:
    if (
        values.get("analyte") == "c_peptide"
        and values.get("fasting") is None
        and values.get("reported") is not None
    ):
        yield Finding(
            "fasting",
            "fasting_state_unknown",
            said(
                "Whether this C-peptide was fasting, random or stimulated is not stated, so it cannot be"
                " compared."
            ),
        )


def sources_agree(values: Mapping[str, Any], context: Mapping[str, Any]) -> Iterable[Finding]:
    conflict = values.get("source_conflict")
    if conflict:
        antibody = values.get("analyte") in ANTIBODIES
        yield Finding(
            "source_conflict",
            "antibody_ambiguous" if antibody else "source_conflict",
            said(
                "Another part of the source says otherwise: %(conflict)s Which is right?", conflict=conflict
            ),
        )


def insulin_antibody_interpretable(
    values: Mapping[str, Any], context: Mapping[str, Any]
) -> Iterable[Finding]:
    """context["insulin_since"]: partial date of the first insulin, or None."""
    collected, since = values.get("collected_on"), context.get("insulin_since")
    if values.get("analyte") != "iaa" or collected is None or since is None:
        return
    if collected.earliest is None or since.latest is None:
        return
    if (collected.earliest - since.latest).days > IAA_DAYS_AFTER_INSULIN:
        yield Finding(
            "analyte",
            "insulin_antibody_after_insulin",
            said(
                "Insulin antibodies cannot be told from those against injected insulin. Was another"
                " antibody meant?"
            ),
        )


def result_expected(values: Mapping[str, Any], context: Mapping[str, Any]) -> Iterable[Finding]:
    if values.get("qualitative") == "not_reported":
        yield Finding(
            "qualitative",
            "result_not_reported",
            said("The test was ordered, and its result is not reported. Is it known?"),
        )


def baseline_not_at_diagnosis(values: Mapping[str, Any], context: Mapping[str, Any]) -> Iterable[Finding]:
    """A result of the time of diagnosis is history; attached to a study visit it would be read as a baseline."""
    if values.get("context") == "at_diagnosis" and values.get("visit") is not None:
        yield Finding(
            "context",
            "history_at_visit",
            said(
                "A result of the time of diagnosis is attached to a visit of the study. Is it history or"
                " study data?"
            ),
        )


def readings_expected(values: Mapping[str, Any], context: Mapping[str, Any]) -> Iterable[Finding]:
    """context["readings"]: number of readings that the chart holds."""
    if values.get("transcribed") is False and context.get("readings"):
        yield Finding(
            "transcribed",
            "readings_though_not_transcribed",
            said(
                "The chart is marked as not transcribed, and holds %(readings)s readings.",
                readings=context["readings"],
            ),
        )


def agrees_with_history(values: Mapping[str, Any], context: Mapping[str, Any]) -> Iterable[Finding]:
    """context["at_diagnosis"]: what the form “Antibody at diagnosis” says of the same antibody; None without one.

    The report of the laboratory and the history are two records of one fact.
    """
    clause = context.get("at_diagnosis")
    result = values.get("qualitative")
    if values.get("context") == "at_diagnosis" and clause and result in RESULTS and clause != result:
        yield Finding(
            "qualitative",
            "history_disagrees",
            said(
                "The history says “%(clause)s” for this antibody at diagnosis. Which of the two is right?",
                clause=clause.replace("_", " "),
            ),
        )
