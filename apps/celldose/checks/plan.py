"""Soft checks of the dose plan. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from apps.celldose.checks.kinds import Context, Values
from studyportal.crf.outcomes import Finding
from studyportal.words import said


def plan_within_protocol(values: Values, context: Context) -> Iterable[Finding]:
    """context: protocol_range (low, high). A plan outside it is the site's to explain before the session."""
    allowed = context.get("protocol_range")
    if allowed is None:
        return
    for field, outside in (
        ("planned_low", (low := values.get("planned_low")) is not None and low < allowed[0]),
        ("planned_high", (high := values.get("planned_high")) is not None and high > allowed[1]),
    ):
        if outside:
            yield Finding(
                field,
                "plan_outside_protocol",
                said(
                    "%(values)s ×10⁶ is outside the protocol's %(low)s–%(high)s ×10⁶: who agreed to it?",
                    values=values[field].normalize(),
                    low=allowed[0].normalize(),
                    high=allowed[1].normalize(),
                ),
            )


def planned_after_session(values: Values, context: Context) -> Iterable[Finding]:
    """context: session_on (PartialDate). A dose is planned before it is given."""
    planned, session_on = values.get("planned_on"), context.get("session_on")
    if planned is None or session_on is None or session_on.latest is None or planned <= session_on.latest:
        return
    yield Finding(
        "planned_on",
        "planned_after_session",
        said(
            "The plan is dated after the session (%(session_on)s): was it made before?", session_on=session_on
        ),
    )


def plan_age(values: Values, context: Context) -> Iterable[Finding]:
    """context: age_disagrees: whether the age is more than a year from what the birth date says; None when unknown."""
    if values.get("age_years") is not None and context.get("age_disagrees"):
        yield Finding(
            "age_years",
            "age_disagrees",
            said("The age does not agree with the recorded identity; read it again."),
        )


def plan_basis(values: Values, context: Context) -> Iterable[Finding]:
    """The dose varies with severity, age, weight and comorbid conditions: a plan without weight rests on three."""
    if values.get("weight_kg") is None and values.get("planned_low") is not None:
        why = context.get("weight_why") or said("weight missing")
        yield Finding(
            "weight_kg",
            "plan_without_weight",
            said("The plan rests on no weight (%(why)s): record the vital signs.", why=why),
        )
    if values.get("severity") is not None and not values.get("severity_basis"):
        yield Finding("severity_basis", "severity_basis", said("By what was the severity judged?"))
