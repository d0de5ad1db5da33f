"""Settles some deviations of the demo, so that every state and step is there: what rules raised, and what people saw."""

from __future__ import annotations

import datetime as dt

from apps.enrolment.models import Participant
from demo.crew import Crew
from studyportal.deviations import actions
from studyportal.deviations.models import Deviation

JOURNEY = "The family was on a journey; the visit was made up for at the next date that they could keep."


def settle(crew: Crew, until: dt.date) -> None:
    """Once for each site. Which is settled how far follows from its code, and among equals from the order of entry."""
    own = Deviation.objects.filter(site=crew.site).order_by("id")
    if own.filter(raised_by__isnull=False, code=actions.HAND).exists():
        return
    by = crew.investigator
    for minor in own.filter(code__in=("visit_late", "visit_missed"), state="open")[:3]:
        actions.close(deviation=minor, by=by, closing_note=JOURNEY)
    for code, (cause, corrective, preventive, how_far) in PLANS.items():
        for deviation in own.filter(code__startswith=code, state="open")[:1]:
            _settle(deviation, crew, until, cause, corrective, preventive, how_far)
    _by_hand(crew, until)


# how its code begins → root cause, corrective action, preventive action, how far it came
PLANS = {
    "dose_outside_range": (
        "The final volume was drawn into one syringe only; the second was left in the cabinet.",
        "The committee and the participant were told; no further dose was given.",
        "Products are filled into one container, and the label names the volume.",
        "closed",
    ),
    "identity_mismatch": (
        "Both products of the session stood in one box on the ward.",
        "The right bag was read by two people before anything was given.",
        "Each product travels in a box of its own.",
        "overdue",
    ),
    "session_interval": (
        "Admitted elsewhere with an infection on the planned day.",
        "The second session took place as soon as the fever was gone.",
        "The session is planned with a second date within the window.",
        "told",
    ),
    "late_growth": ("", "", "", "open"),
    "safety_report_late": (
        "The hospital that admitted the participant did not know of the study.",
        "All three recipients were told on the day on which it was known.",
        "",
        "assessed",
    ),
    "out_of_specification": (
        "The digestion ran ten minutes longer than the procedure says.",
        "The participant was observed for a day and a night.",
        "The timer of the water bath is checked by a second person.",
        "closed",
    ),
}


def _settle(
    deviation: Deviation,
    crew: Crew,
    until: dt.date,
    cause: str,
    corrective: str,
    preventive: str,
    how_far: str,
) -> None:
    by = crew.investigator
    if how_far == "open":
        return
    actions.assess(deviation=deviation, by=by, root_cause=cause)
    if how_far == "assessed":
        return
    due = until - dt.timedelta(days=20) if how_far == "overdue" else until - dt.timedelta(days=60)
    if deviation.occurred_on is not None:
        due = max(due, deviation.occurred_on)
    actions.plan_action(
        deviation=deviation,
        by=by,
        corrective_action=corrective,
        preventive_action=preventive,
        responsible="Cell laboratory",
        action_due_on=due,
    )
    if how_far == "overdue":
        return
    actions.report_to_committee(
        deviation=deviation,
        by=by,
        reported_on=until - dt.timedelta(days=5),
        reference=f"EC/DEV/{deviation.pk}",
    )
    if how_far == "closed":
        actions.close(
            deviation=deviation, by=by, closing_note="The change was seen to work at the next session."
        )


def _by_hand(crew: Crew, until: dt.date) -> None:
    """What no rule can see: one that stands, one that was none, one that was reopened."""
    participant = Participant.objects.filter(site=crew.site, synthetic=True).order_by("id")[0]
    on = until - dt.timedelta(days=30)
    actions.raise_by_hand(
        participant=participant,
        description="The centrifuge stood still for an hour during a power cut; the product was kept at room temperature.",
        classification="major",
        kind="procedure",
        occurred_on=on,
        by=crew.technologist,
    )
    none = actions.raise_by_hand(
        participant=participant,
        description="The blood sample of month 3 was thought to have been taken after breakfast.",
        classification="minor",
        kind="procedure",
        occurred_on=on,
        by=crew.coordinator,
    )
    actions.withdraw(
        deviation=none, by=crew.investigator, reason="The nurse's sheet shows that it was taken fasting."
    )
    again = actions.raise_by_hand(
        participant=participant,
        description="A diary page was left at home and filled in from memory.",
        classification="minor",
        kind="other",
        occurred_on=on,
        by=crew.coordinator,
    )
    actions.close(deviation=again, by=crew.investigator, closing_note="The page was marked as such.")
    actions.reopen(deviation=again, by=crew.investigator, reason="It happened a second time.")
