"""What is known of a site and of the study, for all of its participants: read once, asked many times. Pure."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal
from zoneinfo import ZoneInfo

from apps.consent.rules import Terms
from apps.consent.rules.documents import Document, Judgement, Register, judge_between
from apps.enrolment.rules.approvals import Approval, Cover, cover

Known = Literal["yes", "no", "unclear"]
UTC = ZoneInfo("UTC")


@dataclass(frozen=True)
class Held:
    """Something that a person held from one day to another: a role that may obtain consent, or proof of training.

    site None: for the whole study. ended: the day on which it was taken away, whatever the last day says.
    """

    person: int
    site: int | None
    first: dt.date
    last: dt.date | None = None
    ended: dt.date | None = None

    def on(self, day: dt.date) -> Known:
        if day < self.first or (self.last is not None and self.last < day):
            return "no"
        if self.ended is None or day < self.ended:
            return "yes"
        # On the day itself nobody can tell which came first.
        return "unclear" if day == self.ended else "no"


@dataclass(eq=False)
class Site:
    """register: its documents. approvals: of its ethics committee. delegations, trainings: of everybody who ever held
    one there. staff: user names and names of all accounts, in lower case. None: nothing is known, so nothing is asked."""

    id: int = 0
    code: str = ""
    zone: ZoneInfo = UTC
    register: Register = field(default_factory=Register)
    approvals: tuple[Approval, ...] = ()
    delegations: Sequence[Held] | None = None
    trainings: Sequence[Held] | None = None
    staff: Collection[str] = frozenset()

    def __post_init__(self) -> None:
        # Participants of one site share their days: each question is worked out once for each day.
        self._judged: dict[tuple[int, dt.date, dt.date], frozenset[Judgement]] = {}
        self._held: dict[tuple[str, int, dt.date, dt.date], Known] = {}
        self._covered: dict[tuple[dt.date, dt.date], Cover] = {}
        self._by_person: dict[str, dict[int, list[Held]]] = {}
        for what, held in (("delegation", self.delegations), ("training", self.trainings)):
            own: dict[int, list[Held]] = {}
            for one in held or ():
                if one.site is None or one.site == self.id:
                    own.setdefault(one.person, []).append(one)
            self._by_person[what] = own

    @cached_property
    def amendments(self) -> tuple[tuple[Document, dt.date, frozenset[int]], ...]:
        """Each amendment that asks for a new signature, from when, and the documents that are it or came after it."""
        return tuple(
            (
                document,
                began,
                frozenset(
                    one.id
                    for one in self.register.documents
                    if any(earlier.id == document.id for earlier in self.register.line_of(one))
                ),
            )
            for document in self.register.amendments()
            if (began := document.reconsent_from or document.valid_from) is not None
        )

    def day(self, moment: dt.datetime) -> dt.date:
        """The day that it was at the site."""
        return moment.astimezone(self.zone).date()

    def judged(self, document: Document, earliest: dt.date, latest: dt.date) -> frozenset[Judgement]:
        key = (document.id, earliest, latest)
        if key not in self._judged:
            self._judged[key] = judge_between(document, earliest, latest)
        return self._judged[key]

    def approved(self, earliest: dt.date, latest: dt.date) -> Cover:
        """Whether an approval of the ethics committee held on every one of these days."""
        key = (earliest, latest)
        if key not in self._covered:
            self._covered[key] = cover(self.approvals, self.approvals[0].kind, earliest, latest)
        return self._covered[key]

    def delegated(self, person: int, earliest: dt.date, latest: dt.date) -> Known:
        """Whether the person held a role there that may obtain consent."""
        return self._on("delegation", person, earliest, latest)

    def trained(self, person: int, earliest: dt.date, latest: dt.date) -> Known:
        return self._on("training", person, earliest, latest)

    def _on(self, what: str, person: int, earliest: dt.date, latest: dt.date) -> Known:
        key = (what, person, earliest, latest)
        if key not in self._held:
            held = self._by_person[what].get(person, ())
            ends = [{one.on(earliest), one.on(latest)} for one in held]
            if any(found == {"yes"} for found in ends):
                self._held[key] = "yes"
            else:
                self._held[key] = "unclear" if any(found != {"no"} for found in ends) else "no"
        return self._held[key]


@dataclass(frozen=True)
class Study:
    """What holds for everybody. languages: code → name, of those in which the study gives out documents."""

    today: dt.date
    terms: Terms = field(default_factory=Terms)
    languages: Mapping[str, str] = field(default_factory=dict)

    def language(self, text: str | None) -> str | None:
        """The code of a language as an entry states it (“mr”, “Marathi”); the text itself when it is no known one."""
        if text is None:
            return None
        said = text.strip().casefold()
        return next((code for code, name in self.languages.items() if said in (code, name.casefold())), said)
