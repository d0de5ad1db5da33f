"""What the findings of one participant are told from, and what a finding says. Pure."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

from apps.consent.rules import (
    LAR_CONSENT,
    OWN_CONSENT,
    RE_CONSENT,
    SIGNATURES,
    WITHDRAWAL,
    Age,
    AgeAt,
    Event,
    PartialDay,
    effective_events,
)
from apps.consent.rules.ages import KnownAges, known_ages
from apps.consent.rules.findings.catalogue import BY_NUMBER
from apps.consent.rules.findings.site import Site, Study
from studyportal.words import said

Severity = Literal["critical", "major", "minor"]
Result = Literal["fail", "indeterminate"]

ENTRY = "consent.consentevent"


class About(NamedTuple):
    """The record that a finding is about: the label of its model (`ENTRY`, `visits.visit`, …) and its key."""

    model: str
    key: int | str


@dataclass(frozen=True)
class ConsentFinding:
    """number: which of the sixteen questions. verdict: shown to be broken, or neither that nor the contrary."""

    number: int
    code: str
    title: str
    severity: Severity
    message: str
    verdict: Result = "fail"
    about: About | None = None


@dataclass(frozen=True)
class Procedure:
    """Something done to the participant, or recorded of the participant, that needs consent.

    kind: "harvest", "infusion", "visit", "sample", "diary", "form", "contact" or "export". on: when; its bounds may be
    unknown. at: the exact moment, if known. uses: what it makes use of (values of `rules.uses.Use`). begins: whether a
    study procedure begins with it (question 1).
    """

    what: str
    kind: str
    on: PartialDay | None
    session_number: int | None = None
    at: dt.datetime | None = None
    about: About | None = None
    uses: tuple[str, ...] = ()
    begins: bool = True

    @property
    def is_treatment(self) -> bool:
        return self.kind in ("harvest", "infusion")

    @property
    def first_day(self) -> dt.date:
        """For ordering: what cannot be placed comes last."""
        return (self.on.earliest if self.on is not None else None) or dt.date.max

    @property
    def last_day(self) -> dt.date | None:
        return self.on.latest if self.on is not None else None


class RememberedAges:
    """Ages that are asked for the same few days again and again."""

    def __init__(self, known: KnownAges) -> None:
        self.known = known
        self._on: dict[dt.date, tuple[int, int] | None] = {}

    @property
    def stated(self) -> int | None:
        return self.known.stated

    def on(self, day: dt.date) -> tuple[int, int] | None:
        if day not in self._on:
            self._on[day] = self.known.on(day)
        return self._on[day]


@dataclass(eq=False)
class Case:
    """Everything that the findings of one participant are told from.

    procedures: at least the first of each kind and every harvest and infusion. more: all that was done and recorded,
    asked for only where it matters (after a withdrawal, a dissent, a birthday); None: `procedures` is all there is.
    language: the one that the participant reads best. ages: by the birth date; coarse: by its year alone, which is what
    the reader may know. Without it the age in the demographics and those at signature bound it.
    """

    events: Sequence[Event]
    procedures: Sequence[Procedure] = ()
    status: str = "screened"
    enrolled_on: PartialDay | None = None
    known_age: int | None = None
    known_on: PartialDay | None = None
    cannot_read: bool | None = None
    retrospective: bool = False
    synthetic: bool = False
    group: str = ""
    language: str | None = None
    status_since: PartialDay | None = None
    ages: AgeAt | None = None
    coarse: bool = False
    more: Callable[[], Sequence[Procedure]] | None = None

    log: list[Event] = field(init=False)  # with their corrections applied
    kinds: frozenset[str] = field(init=False)
    signed: list[Event] = field(init=False)
    consents: list[Event] = field(init=False)
    withdrawals: list[Event] = field(init=False)
    first: Procedure | None = field(init=False)
    known_ages: RememberedAges = field(init=False)
    _everything: Sequence[Procedure] | None = field(init=False, default=None)

    def __post_init__(self) -> None:
        # Asked by every question, of every participant: worked out once.
        self.log = effective_events(self.events)
        self.kinds = frozenset(event.kind for event in self.log)
        self.signed = [e for e in self.log if e.kind in SIGNATURES or e.kind == RE_CONSENT]
        self.consents = [e for e in self.signed if e.kind in (OWN_CONSENT, LAR_CONSENT, RE_CONSENT)]
        self.withdrawals = [e for e in self.log if e.kind == WITHDRAWAL]
        begun = [one for one in self.procedures if one.begins]
        # The first study procedure; one without a date only when none has a date.
        self.first = min(begun, key=lambda one: one.first_day) if begun else None
        self.known_ages = RememberedAges(
            known_ages(
                self.events,
                known_age=self.known_age,
                known_on=self.known_on,
                exact=self.ages,
                coarse=self.coarse,
                past=self.retrospective,
            )
        )

    def age(self, day: dt.date | None) -> Age:
        """The age on a day; when the age has no date (a published case), the age that the source states."""
        return self.known_ages.stated if day is None else self.known_ages.on(day)

    @property
    def everything(self) -> Sequence[Procedure]:
        """All that was done and recorded."""
        if self._everything is None:
            self._everything = self.procedures if self.more is None else self.more()
        return self._everything

    @property
    def is_treated(self) -> bool:
        return any(one.is_treatment for one in self.procedures)

    @property
    def is_followed(self) -> bool:
        return self.status not in ENDED

    def about(self, event: Event, kind: str) -> list[Event]:
        """The entries of this kind that concern the signature, or that name no signature and were signed with it."""
        own = [e for e in self.log if e.kind == kind]
        return [e for e in own if e.concerns == event.id or (e.concerns is None and _same_day(e, event))]


ENDED = ("completed", "withdrawn", "lost", "died", "not_eligible", "declined", "ended")


def _same_day(one: Event, other: Event) -> bool:
    return one.signed_on is not None and other.signed_on is not None and one.signed_on == other.signed_on


@dataclass(frozen=True, eq=False)
class Asking:
    """What a question is asked of: one participant, what is known of the site, and what holds for the study."""

    case: Case
    site: Site
    study: Study

    def finding(
        self,
        number: int,
        code: str,
        severity: Severity,
        message: str,
        *,
        about: About | Event | None = None,
        open_question: bool = False,
    ) -> ConsentFinding:
        return ConsentFinding(
            number,
            code,
            BY_NUMBER[number].title,
            severity,
            message,
            "indeterminate" if open_question else "fail",
            About(ENTRY, about.id) if isinstance(about, Event) else about,
        )


def youngest(age: Age) -> int | None:
    return age if age is None or isinstance(age, int) else age[0]


def oldest(age: Age) -> int | None:
    return age if age is None or isinstance(age, int) else age[1]


def day_of(event: Event) -> tuple[dt.date, dt.date] | None:
    """The first and the last day on which it can have been signed; None when it cannot be placed."""
    on = event.signed_on
    if on is None or on.earliest is None or on.latest is None:
        return None
    return on.earliest, on.latest


_NAMES = {
    "consent": "consent",
    "lar_consent": said("consent of the representative"),
    "oral_assent": said("oral assent"),
    "written_assent": said("written assent"),
    "re_consent": "re-consent",
    "copy_given": said("copy given"),
    "optional_items": said("change of optional items"),
}


def name_of(event: Event) -> str:
    """An entry of the log as a sentence names it."""
    return _NAMES.get(event.kind, event.kind.replace("_", " "))


def days(number: int) -> str:
    return said("1 day") if number == 1 else said("%(number)s days", number=number)
