"""The engine: what everything asks before a participant, or what is known of one, is used.

`of` reads the log of some participants once; what it gives answers for every use and every day without a query. `bar`
and `bars` are its short forms. `asked_of_entry` is for every saved form: one query for almost everybody. `stops_at` and
`left_out` are for whole sites: exports, matching and outcome tables.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from django.db import connection
from django.db.models import Q, QuerySet
from django.utils import timezone

from apps.consent import rules
from apps.consent.models import Capacity, ConsentEvent, Kind
from apps.consent.rules import uses
from apps.consent.rules.uses import Ruling, Stop, Use
from apps.consent.selectors import bar_words
from apps.consent.selectors.logs import Known, When, known_of, logs_of
from apps.enrolment.models import Participant
from studyportal.access.models import User
from studyportal.crf.partial_date import PartialDate
from studyportal.crf.spec import About

__all__ = [
    "Ruling",
    "Standing",
    "Stop",
    "Use",
    "bar",
    "bars",
    "left_out",
    "left_out_of_analysis",
    "of",
    "stops_at",
]

# Entries that can end something, and those of whoever may have to sign anew: after a birthday, or when the participant
# can decide again. Nobody else is stopped.
ENDING = (Kind.WITHDRAWAL, Kind.DISSENT)
OTHERS_SIGN = (Kind.LAR_CONSENT, Kind.ORAL_ASSENT, Kind.WRITTEN_ASSENT)


# What a form is about → what it is asked as.
USES_OF_FORMS: dict[About, tuple[Use, ...]] = {
    About.DATA: (Use.NEW_DATA,),
    About.SAMPLE: (Use.SAMPLES, Use.NEW_DATA),
}


@dataclass(frozen=True, eq=False)
class Standing:
    """The consent of one participant, read once: answers for every use and day without a query."""

    known: Known
    stops: tuple[Stop, ...]

    def state(self, on: When) -> rules.ConsentState:
        return self.known.state(on)

    def ruling(self, use: Use, on: When, *, session: int | None = None) -> Ruling:
        """The answer for a use. A date that is known in part is judged by its first day, so that only what is certainly
        beyond a withdrawal is barred. session: of a treatment."""
        moment = self.known.moment(on)
        first = moment.date() if isinstance(moment, dt.datetime) else moment
        state = self.known.state(self._before_it_ended(use, first) or moment)
        may_rest = not self.known.participant.retrospective
        return uses.judge(use, state, self.stops, first, session=session, may_rest=may_rest)

    def bar(self, use: Use, on: When, *, session: int | None = None) -> str | None:
        """Why the use is not allowed on that day, in words; None when it is."""
        ruling = self.ruling(use, on, session=session)
        return bar_words.of(ruling, self._said(on), session) if ruling.barred else None

    def gap(self, use: Use, on: When, *, session: int | None = None) -> str | None:
        """Why what was done on that day was certainly not consented to, in words: a deviation. None: it was, or it
        cannot be told, which is a finding and no deviation."""
        ruling = self.ruling(use, on, session=session)
        return bar_words.of(ruling, self._said(on), session) if ruling.verdict == "no" else None

    def _before_it_ended(self, use: Use, first: dt.date | None) -> dt.date | None:
        """The day of a withdrawal itself is the last good one of what happens on days: it is judged by the day before."""
        if first is None or use not in uses.DATED:
            return None
        ended = any(stop.use == use and stop.on == first for stop in self.stops)
        return first - dt.timedelta(days=1) if ended else None

    def _said(self, on: When) -> PartialDate | None:
        """The date as a sentence says it."""
        if isinstance(on, PartialDate):
            return on
        moment = self.known.moment(on)
        if moment is None:
            return None
        return PartialDate.of(moment.date() if isinstance(moment, dt.datetime) else moment)


def of(
    participants: Iterable[Participant], *, by: User | None = None, on: When = None
) -> dict[int, Standing]:
    """Participant → standing, in a fixed number of queries.

    by, on: who is refused an entry of that day. Refused day after day, somebody who may not see the identity would learn
    the birthday after which taking part rests; that person is answered by the year of birth, as everywhere
    (`identity.births`). Without: for a decision that has to be exact, such as a treatment.
    """
    known = known_of(participants, by=by, on=on)
    return {pk: Standing(one, uses.stops(one.events)) for pk, one in known.items()}


def bar(participant: Participant, use: Use, on: When, *, session: int | None = None) -> str | None:
    """Why the use is not allowed, in words; None when it is."""
    return of([participant])[participant.pk].bar(use, on, session=session)


def bars(participants: Iterable[Participant], use: Use, on: When) -> dict[int, str | None]:
    """`bar` of many, in a fixed number of queries: every participant with what bars the use, or None."""
    return {pk: standing.bar(use, on) for pk, standing in of(participants).items()}


@dataclass(frozen=True)
class AskedOfEntry:
    """What an entry is refused by: what was ended; and the standing, where taking part can rest until somebody signs."""

    stops: tuple[Stop, ...]
    standing: Standing | None = None

    def bar(self, use: Use, on: PartialDate | dt.date) -> str | None:
        """Why nothing may be recorded of that day, in words; None: it may."""
        if self.standing is not None:
            return self.standing.bar(use, on)
        date = on if isinstance(on, PartialDate) else PartialDate.of(on)
        ruling = uses.stopped(use, self.stops, date.earliest)
        return None if ruling is None else bar_words.of(ruling, date)


def asked_of_entry(participant: Participant, *, by: User | None, on: When) -> AskedOfEntry | None:
    """What refuses entries of a participant, reading no more than it has to: almost everybody ended nothing and signs
    alone (None, one query); who ended something is judged by the log (two); who may have to sign anew by everything.
    """
    with connection.cursor() as cursor:
        cursor.execute(_CAN_BE_STOPPED, [participant.pk])
        others_sign, ended = cursor.fetchone()
    if others_sign:
        standing = of([participant], by=by, on=on)[participant.pk]
        return AskedOfEntry(standing.stops, standing)
    if not ended:
        return None
    return AskedOfEntry(
        uses.stops(logs_of([participant.pk], {participant.pk: _zone(participant)})[participant.pk])
    )


def without_stops(participant_ids: Collection[int]) -> set[int]:
    """The participants of whom `asked_of_entry` answers None: who ended nothing and signs alone. One query."""
    with connection.cursor() as cursor:
        cursor.execute(_WHO_CAN_BE_STOPPED, [list(participant_ids)])
        return set(participant_ids) - {pk for (pk,) in cursor.fetchall()}


def _zone(participant: Participant) -> ZoneInfo:
    return ZoneInfo(participant.site.timezone)


def _kinds(kinds: Iterable[Kind]) -> str:
    return ", ".join(f"'{kind.value}'" for kind in kinds)


_OTHERS_SIGN = f"kind IN ({_kinds(OTHERS_SIGN)}) OR capacity = '{Capacity.CANNOT_DECIDE.value}'"
_ENDED = f"kind IN ({_kinds(ENDING)}) OR declined @> ARRAY['{uses.FUTURE_CONTACT}']::varchar[]"
_CAN_BE_STOPPED = (
    f"SELECT bool_or({_OTHERS_SIGN}), bool_or({_ENDED})"
    f' FROM "{ConsentEvent._meta.db_table}" WHERE participant_id = %s'
)
_WHO_CAN_BE_STOPPED = (
    f'SELECT DISTINCT participant_id FROM "{ConsentEvent._meta.db_table}"'
    f" WHERE participant_id = ANY(%s) AND ({_OTHERS_SIGN} OR {_ENDED})"
)


def stops_at(
    site_ids: Collection[int] | None = None, *, participant_ids: Collection[int] | QuerySet[Any] | None = None
) -> dict[int, tuple[Stop, ...]]:
    """Participant → everything that was ended, of those who ended anything at the sites (None: all). One query."""
    return {pk: uses.stops(log) for pk, log in _logs_of_ended(site_ids, participant_ids).items()}


def _logs_of_ended(
    site_ids: Collection[int] | None, participant_ids: Collection[int] | QuerySet[Any] | None
) -> Mapping[int, list[rules.Event]]:
    ended: QuerySet[ConsentEvent] = ConsentEvent.objects.filter(
        Q(kind__in=ENDING) | Q(declined__contains=[uses.FUTURE_CONTACT])
    )
    if site_ids is not None:
        ended = ended.filter(site_id__in=site_ids)
    if participant_ids is not None:
        ended = ended.filter(participant_id__in=participant_ids)
    return logs_of(ended.order_by().values("participant_id"))  # type: ignore[arg-type]  # a subquery: one query


def left_out_of_analysis(
    site_ids: Collection[int] | None = None, *, stops: Mapping[int, tuple[Stop, ...]] | None = None
) -> dict[int, Ruling]:
    """Participant → why what is known of them is not analysed today: they asked for erasure, or do not let it be retained.

    One query; none when `stops_at` of the sites is given.
    """
    today, use = timezone.localdate(), Use.ANALYSIS
    ended = stops_at(site_ids) if stops is None else stops
    found = {pk: uses.stop_of(own, use, today) for pk, own in ended.items()}
    return {
        pk: Ruling(use, "no", "withdrawn", stop, barred=True)
        for pk, stop in found.items()
        if stop is not None
    }


def left_out(use: Use, site_ids: Collection[int] | None = None) -> dict[int, Ruling]:
    """Participant → why a use is not allowed today, of those whom it is not allowed of. It reads the log of everybody,
    but for ANALYSIS."""
    today = timezone.localdate()
    if use == Use.ANALYSIS:
        return left_out_of_analysis(site_ids)
    people = Participant.objects.select_related("site").order_by("id")
    if site_ids is not None:
        people = people.filter(site_id__in=site_ids)
    rulings = {pk: standing.ruling(use, today) for pk, standing in of(people).items()}
    return {pk: ruling for pk, ruling in rulings.items() if ruling.barred}


def beyond(uses_asked: Iterable[Use], stops: Iterable[Stop], on: PartialDate | dt.date | None) -> bool:
    """Whether a row of that date certainly lies beyond what was ended. on: PartialDate, day or None."""
    first = on.earliest if isinstance(on, PartialDate) else on
    found = tuple(stops)
    return any(uses.stop_of(found, use, first) is not None for use in uses_asked)
