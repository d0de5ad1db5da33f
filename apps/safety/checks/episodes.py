"""Soft checks of diabetic emergencies. context (`contexts.episode`): term and onset_on of the event."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from apps.safety.rules.hypoglycaemia import ALTERED
from studyportal.crf.outcomes import Finding
from studyportal.words import said

HYPOGLYCAEMIAS = ("hypoglycaemia", "hypoglycaemia_level_3")
# Henderson–Hasselbalch at body temperature: pH = 6.1 + log10(HCO3 / (0.03 × pCO2)); with a pCO2 of 10 to 60 mmHg a pH
# of 7.3 or more does not go with a bicarbonate below 5 mmol/L (working limits of this study).
LOWEST_BICARBONATE_AT_NORMAL_PH = 5


def is_of_its_event(values: Mapping[str, Any], context: Mapping[str, Any]) -> Iterable[Finding]:
    """The form of a ketoacidosis under an event of another term."""
    term = context.get("term")
    if term is not None and term != "dka":
        yield Finding(
            "began_on",
            "other_term",
            said("The event above is coded as something else. Is it a ketoacidosis?"),
        )


def hypoglycaemia_is_of_its_event(values: Mapping[str, Any], context: Mapping[str, Any]) -> Iterable[Finding]:
    term = context.get("term")
    if term is not None and term not in HYPOGLYCAEMIAS:
        yield Finding(
            "happened_at",
            "other_term",
            said("The event above is coded as something else. Is it a hypoglycaemia?"),
        )


def sample_suits_criteria(values: Mapping[str, Any], context: Mapping[str, Any]) -> Iterable[Finding]:
    if values.get("criteria") == "ada_2009" and values.get("ph_venous") is True:
        yield Finding(
            "ph_venous",
            "venous_by_arterial_criteria",
            said("ADA 2009 judges an arterial pH, and this sample is venous. Which criteria are meant?"),
        )


def gases_agree(values: Mapping[str, Any], context: Mapping[str, Any]) -> Iterable[Finding]:
    ph, bicarbonate = values.get("ph"), values.get("bicarbonate")
    if ph is None or bicarbonate is None:
        return
    if float(ph) >= 7.3 and bicarbonate < LOWEST_BICARBONATE_AT_NORMAL_PH:
        yield Finding(
            "bicarbonate",
            "gases_disagree",
            said(
                "A bicarbonate of %(bicarbonate)s does not go with a pH of %(ph)s.",
                bicarbonate=bicarbonate,
                ph=ph,
            ),
        )


def state_suits_severity(values: Mapping[str, Any], context: Mapping[str, Any]) -> Iterable[Finding]:
    """The published tables put a stupor into the severe column; the severity here is that of pH and bicarbonate."""
    if values.get("mental_status") == "stupor" and values.get("severity") in ("mild", "moderate"):
        yield Finding(
            "mental_status",
            "state_graver_than_gases",
            said(
                "Stupor or coma, and %(severity)s by pH and bicarbonate: are the values those of the"
                " worst sample?",
                severity=values["severity"],
            ),
        )


def criteria_not_met(values: Mapping[str, Any], context: Mapping[str, Any]) -> Iterable[Finding]:
    if values.get("meets_criteria") is False:
        yield Finding(
            "criteria",
            "criteria_not_met",
            said(
                "By these criteria it is no ketoacidosis. Are the values right, and are these the"
                " criteria that are meant?"
            ),
        )


def help_suits_state(values: Mapping[str, Any], context: Mapping[str, Any]) -> Iterable[Finding]:
    """Level 3 is an altered state that needs help: the one is seldom without the other."""
    symptoms, helped = values.get("symptoms"), values.get("needed_help")
    altered = [one for one in symptoms or () if one in ALTERED]
    if helped is True and symptoms is not None and not altered:
        yield Finding(
            "needed_help",
            "help_without_altered_state",
            said(
                "Help was needed, and no altered state is recorded. Level 3 is for an altered state that"
                " needs help, not for a carer who was there."
            ),
        )
    if helped is False and {"seizure", "unconscious"} & set(altered):
        yield Finding(
            "needed_help",
            "altered_state_without_help",
            said("A seizure or loss of consciousness, and no help of somebody else. Is that right?"),
        )
    if helped is False and {"glucagon", "glucose_iv"} & set(values.get("treatment") or ()):
        yield Finding(
            "needed_help",
            "treated_by_others",
            said("Glucagon or intravenous glucose, and no help of somebody else. Is that right?"),
        )


def happened_at_onset(values: Mapping[str, Any], context: Mapping[str, Any]) -> Iterable[Finding]:
    """A hypoglycaemia lasts hours; one whose day is not that of the event belongs to another."""
    onset, at = context.get("onset_on"), values.get("happened_at")
    if onset is None or at is None or onset.earliest is None or onset.latest is None:
        return
    # A day to either side: the moment is in UTC, the day in the time of the site.
    if not (at.date() - onset.earliest).days >= -1 or (at.date() - onset.latest).days > 1:
        yield Finding(
            "happened_at",
            "other_day",
            said("The event above began on %(onset)s. Is it the same episode?", onset=onset),
        )
