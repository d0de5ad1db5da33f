"""The sixteen questions over many participants: one pass, a fixed number of queries, memory that does not grow."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Collection, Generator, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from django.db.models import QuerySet

from apps.consent import rules
from apps.consent.models import ConsentEvent, Kind
from apps.consent.rules.findings import (
    NUMBERS,
    About,
    Case,
    ConsentFinding,
    Procedure,
    Site,
    Study,
    consent_findings,
)
from apps.consent.selectors.findings_facts import ages_of, kinds_of, sites_known, study_known
from apps.consent.selectors.lanes import Lane, streamed
from apps.consent.selectors.logs import COLUMNS, FIELDS, TUPLES
from apps.consent.selectors.sources import Source, all_sources, detailed
from apps.enrolment.models import Demographics, Participant
from apps.enrolment.rules import witness_needed
from studyportal.access.models import Site as SiteRow
from studyportal.access.models import User
from studyportal.crf.partial_date import PartialDate


@dataclass(frozen=True)
class Person:
    """A participant as the lists of findings show one; of the screening log (participant False) its number."""

    pk: int
    code: str
    site_id: int
    site_code: str
    synthetic: bool = False
    retrospective: bool = False
    group: str = ""
    status: str = ""
    participant: bool = True


@dataclass(frozen=True)
class Told:
    """One participant with the findings, and with the case from which they were told."""

    person: Person
    found: list[ConsentFinding]
    case: Case
    site: Site
    study: Study


class Day(NamedTuple):
    """A date as far as it is known, by its bounds."""

    earliest: dt.date | None
    latest: dt.date | None


@lru_cache(maxsize=20_000)
def _day(text: str) -> Day:
    """Participants share their days, so each text is read once."""
    date = PartialDate.parse(text)
    return Day(date.earliest, date.latest)


# What is asked for beyond the first of everything, and of whom.
_ALL_DONE_OF = {4: (Kind.DISSENT,), 5: (Kind.LAR_CONSENT,), 11: (Kind.WITHDRAWAL,)}
_ALL_RECORDED_OF = {11: (Kind.WITHDRAWAL,)}


def tell(
    participants: QuerySet[Participant],
    *,
    by: User | None,
    numbers: Collection[int] = NUMBERS,
    today: dt.date | None = None,
) -> Generator[Told, None, None]:
    """Each of the participants with the findings, in order of their keys. by: who reads it. today: None: the day at
    each site. Some fifty queries, whatever the number of participants; close it when it is not read to its end."""
    sites = list(SiteRow.objects.filter(pk__in=participants.order_by().values("site_id").distinct()))
    known, studies = sites_known(sites), study_known(sites, today)
    codes = {site.pk: site.code for site in sites}
    one = participants.order_by("pk")
    entries = ConsentEvent.objects.filter(participant__in=one.order_by())
    ages = ages_of(entries, by)
    with ExitStack() as opened:
        reading = _Reading(opened, one, entries, numbers)
        for row in opened.enter_context(closing(streamed(one, *_PARTICIPANT))):
            person = Person(row[0], row[1], row[2], codes[row[2]], row[3], row[4], row[5], row[6])
            site, study = known[person.site_id], studies[person.site_id]
            case = reading.case(person, site, row, ages.get(person.pk, (None, False)))
            yield Told(person, consent_findings(case, site, study, numbers), case, site, study)


_PARTICIPANT = (
    "pk", "code", "site_id", "synthetic", "retrospective", "group", "status", "status_since", "enrolled_on",
)  # fmt: skip
_DEMOGRAPHICS = ("participant_id", "age_at_enrolment", "education", "can_read", "language")
# Fields of rules.Event that are read; who entered it is asked by no question.
_FIELDS = tuple(name for name in FIELDS if name != "entered_by")
_EVENT = tuple(COLUMNS.get(name, name) for name in _FIELDS)
_MOMENTS = frozenset({"signed_at", "informed_at"})


def _events(rows: Sequence[tuple[Any, ...]], zone: ZoneInfo) -> list[rules.Event]:
    """The entries as the rules take them; what a row leaves out, the rules leave out. Times are those of the site."""
    found = []
    for row in rows:
        stated = {name: value for name, value in zip(_FIELDS, row[1:], strict=True) if value is not None}
        for name in _TUPLES & stated.keys():
            stated[name] = tuple(stated[name])
        for name in _MOMENTS & stated.keys():
            stated[name] = stated[name].astimezone(zone)
        if "signed_on" in stated:
            stated["signed_on"] = _day(stated["signed_on"])
        found.append(rules.Event(**stated))
    return found


_TUPLES = frozenset(TUPLES)


class _Reading:
    """The lanes of one pass, and the case that they make of a participant."""

    def __init__(
        self,
        opened: ExitStack,
        participants: QuerySet[Participant],
        entries: QuerySet[ConsentEvent],
        numbers: Collection[int],
    ) -> None:
        self._opened = opened
        within = participants.order_by()
        self.events = self._lane(entries.order_by("participant_id", "pk"), "participant_id", *_EVENT)
        self.demographics = self._lane(
            Demographics.objects.filter(participant__in=within).order_by("participant_id"), *_DEMOGRAPHICS
        )
        self.firsts: list[tuple[Source, Lane]] = []
        self.details: list[tuple[Source, Lane]] = []
        if not set(numbers) & {1, 3, 4, 5, 11, 12, 13, 14}:
            return
        sources = all_sources()
        kinds = kinds_of(entries, {kind for of in _ALL_DONE_OF.values() for kind in of})
        for source in sources:
            rows = source.rows.filter(**{f"{source.participant.removesuffix('_id')}__in": within})
            if source.whole:
                self.firsts.append((source, self._lane(source.in_order(rows), *source.names)))
            elif source.begins:
                self.firsts.append((source, self._lane(source.firsts_of(rows), *source.names)))
        for source in detailed(sources):
            if source.whole:
                continue
            asked = _ALL_DONE_OF if source.begins else _ALL_RECORDED_OF
            people: set[int] = set()
            for number, of in asked.items():
                if number in numbers:
                    people = people.union(*(kinds.get(kind, set()) for kind in of))
            if people:
                rows = source.rows.filter(**{f"{source.participant}__in": people})
                self.details.append((source, self._lane(source.in_order(rows), *source.names)))

    def _lane(self, rows: QuerySet[Any], *names: str) -> Lane:
        return self._opened.enter_context(closing(Lane(streamed(rows, *names))))

    def case(
        self, person: Person, site: Site, row: tuple[Any, ...], ages: tuple[rules.AgeAt | None, bool]
    ) -> Case:
        _pk, age, education, can_read, language = next(
            iter(self.demographics.of(person.pk)), (0, None, None, None, None)
        )
        enrolled_on = _day(row[8]) if row[8] else None
        first = [(source, source_rows) for source, lane in self.firsts if (source_rows := lane.of(person.pk))]
        more = [(source, source_rows) for source, lane in self.details if (source_rows := lane.of(person.pk))]
        procedures = _procedures(first, site)
        return Case(
            events=_events(self.events.of(person.pk), site.zone),
            procedures=procedures,
            status=person.status,
            enrolled_on=enrolled_on,
            known_age=age,
            known_on=enrolled_on,
            cannot_read=witness_needed(education, can_read),
            retrospective=person.retrospective,
            synthetic=person.synthetic,
            group=person.group,
            language=language,
            status_since=_day(row[7]) if row[7] else None,
            ages=ages[0],
            coarse=ages[1],
            more=_later(procedures, more, site),
        )


def _later(
    procedures: Sequence[Procedure], more: Sequence[tuple[Source, Sequence[tuple[Any, ...]]]], site: Site
) -> Callable[[], Sequence[Procedure]]:
    """Everything that was done, made only when a question asks for it."""

    def everything() -> Sequence[Procedure]:
        later = _procedures(more, site)
        told = {one.about for one in later}
        return [*(one for one in procedures if one.about not in told), *later]

    return everything


def _procedures(found: Sequence[tuple[Source, Sequence[tuple[Any, ...]]]], site: Site) -> Sequence[Procedure]:
    return [_procedure(source, row, site) for source, rows in found for row in rows]


def _words(source: Source, named: Any, session: int | None) -> str:
    """What is said of a row: few rows differ in it, so it is worded once."""
    words = source.worded.get((named, session))
    if words is None:
        words = source.label(named) + (f", session {session}" if session else "")
        source.worded[named, session] = words
    return words


def _procedure(source: Source, row: tuple[Any, ...], site: Site) -> Procedure:
    dated = next((value for value in row[4:] if value is not None), None)
    at: dt.datetime | None = None
    if isinstance(dated, dt.datetime):
        at, day = dated, site.day(dated)
        on = Day(day, day)
    elif isinstance(dated, dt.date):
        on = Day(dated, dated)
    else:
        on = _day(dated) if dated else None  # type: ignore[assignment]
    return Procedure(
        what=_words(source, row[2] if source.named else None, row[3] if source.session else None),
        kind=source.kind,
        on=on,
        session_number=row[3] if source.session else None,
        at=at,
        about=About(source.model, row[1]),
        uses=source.uses,
        begins=source.begins,
    )
