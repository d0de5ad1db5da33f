"""What the findings of one participant are told from, and what a finding says."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from apps.consent.rules import Age, Event, PartialDay, age_on
from apps.enrolment.rules.approvals import Approval

Severity = Literal["critical", "major", "minor"]

TITLES = {
    1: "Valid consent before the first study procedure",
    2: "Version approved and current at signature, in the right language",
    3: "Each signature dated, no back-dating",
    4: "Under 18: representative and age-right assent, relationship proven",
    5: "Turned 18: adult consent",
    6: "Obtained by a delegated and trained person",
    7: "Witness where the signer cannot read",
    8: "Audio-visual recording where required",
    9: "Signed copy given",
    10: "Re-consent for each approved amendment",
    11: "Withdrawn: nothing beyond the withdrawn scope",
    13: "Consent covers the harvest of each session",
    14: "Screened but not consented",
    15: "Enrolment during a lapsed ethics approval",
    16: "Every correction visible with its reason",
}


@dataclass(frozen=True)
class ConsentFinding:
    number: int
    code: str
    title: str
    severity: Severity
    message: str
    verdict: Literal["fail", "indeterminate"] = "fail"


@dataclass(frozen=True)
class Procedure:
    """Something done to the participant that needs consent before it.

    kind: "harvest", "infusion", or "visit". on: when; its bounds may be unknown. at: the exact moment, if known.
    """

    what: str
    kind: str
    on: PartialDay | None
    session_number: int | None = None
    at: dt.datetime | None = None

    @property
    def is_treatment(self) -> bool:
        return self.kind in ("harvest", "infusion")


@dataclass(frozen=True)
class Case:
    """Everything that the findings of one participant are told from."""

    events: Sequence[Event]
    procedures: Sequence[Procedure] = ()
    status: str = "screened"
    enrolled_on: PartialDay | None = None
    known_age: int | None = None
    known_on: PartialDay | None = None
    cannot_read: bool | None = None
    retrospective: bool = False
    synthetic: bool = False
    # The site's approvals by its ethics committee as they were recorded; none: what the entries say is all there is.
    ethics_approvals: tuple[Approval, ...] = ()

    def age(self, day: dt.date | None) -> Age:
        """The age on a day; when the age has no date (a published case), the age that the source states."""
        known = [(self.known_age, self.known_on), *((e.age_at_signature, e.signed_on) for e in self.events)]
        ranges = (
            [] if day is None else [r for r in (age_on(day, known_age=a, known_on=d) for a, d in known) if r]
        )
        if ranges:
            lowest, highest = max(r[0] for r in ranges), min(r[1] for r in ranges)
            return (lowest, highest) if lowest <= highest else ranges[0]
        stated = [e.age_at_signature for e in self.events if e.age_at_signature is not None]
        if stated:
            return stated[-1]
        return self.known_age if self.retrospective else None


def finding(
    number: int, code: str, severity: Severity, message: str, *, open_question: bool = False
) -> ConsentFinding:
    return ConsentFinding(
        number, code, TITLES[number], severity, message, "indeterminate" if open_question else "fail"
    )


def name_of(event: Event) -> str:
    """An entry of the log as a sentence names it."""
    return event.kind.replace("_", " ")
