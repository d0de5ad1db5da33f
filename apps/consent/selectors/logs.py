"""What the rules of consent read of participants: their logs, ages and what is known around them, many at once."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from zoneinfo import ZoneInfo

from django.utils import timezone

from apps.consent import rules, signals
from apps.consent.models import ConsentEvent
from apps.consent.selectors.documents import register_of
from apps.consent.selectors.terms import terms
from apps.enrolment.models import Demographics, Participant
from apps.enrolment.rules import witness_needed
from studyportal.access.models import Site, User
from studyportal.access.permissions import Permission
from studyportal.crf.partial_date import PartialDate
from studyportal.identity import births

# A date as far as it is known, a day, a moment, or nothing: when it is not known.
When = dt.date | dt.datetime | PartialDate | None

# Where the row calls a field of rules.Event otherwise.
COLUMNS = {
    "obtainer": "obtainer_id",
    "delegation": "delegation_id",
    "training": "training_id",
    "corrects": "corrects_id",
    "concerns": "concerns_id",
    "entered_by": "entered_by_id",
}
FIELDS = tuple(rules.Event.__dataclass_fields__)
TUPLES = ("purposes", "declined", "withdrawal_scopes")
# Texts that the rules take as "" where the row holds none.
TEXTS = ("as_it_happened", "note", "document_sha256", "paper_sha256")


def logs_of(
    participant_ids: Collection[int], zones: Mapping[int, ZoneInfo] | None = None
) -> dict[int, list[rules.Event]]:
    """Participant → entries as the rules see them, in order of entry: one query. zones: of each participant's site; the
    times are then those of the site, so that their day is the site's own."""
    rows = (
        ConsentEvent.objects.filter(participant_id__in=participant_ids)
        .order_by("id")
        .values_list("participant_id", *(COLUMNS.get(name, name) for name in FIELDS))
    )
    places = {name: place for place, name in enumerate(FIELDS, start=1)}
    tuples = [places[name] for name in TUPLES]
    texts = [places[name] for name in TEXTS]
    moments = [places[name] for name in ("signed_at", "informed_at", "entered_at")]
    author = places["entered_by"]
    found: dict[int, list[rules.Event]] = defaultdict(list)
    for row in rows.iterator(chunk_size=5000):
        values: list[Any] = list(row)
        for place in tuples:
            if values[place] is not None:
                values[place] = tuple(values[place])
            elif place != places["purposes"]:
                values[place] = ()
        for place in texts:
            values[place] = values[place] or ""
        values[author] = str(values[author])
        if zones is not None:
            zone = zones[values[0]]
            for place in moments:
                if values[place] is not None:
                    values[place] = values[place].astimezone(zone)
        found[values[0]].append(rules.Event(*values[1:]))
    return found


@dataclass(frozen=True, eq=False)
class Known:
    """The consent of one participant, read once: it answers for every day without a query.

    reveal: days that tell the birth date may be said to who asked.
    """

    participant: Participant
    events: Sequence[rules.Event]
    ages: rules.KnownAges
    zone: ZoneInfo
    terms: rules.Terms
    facts: rules.Facts = field(default_factory=rules.Facts)
    reveal: bool = False

    def state(self, on: When) -> rules.ConsentState:
        """The consent in force on a day, or at a moment. A partial date counts from its first possible day; without any
        date nothing can be shown to precede it."""
        return rules.consent_state(
            self.events, self.terms, self.moment(on), self.ages, facts=self.facts, reveal=self.reveal
        )

    def taking_part(self, on: When) -> tuple[rules.Verdict, frozenset[str]]:
        """Whether consent to take part is in force, and what is withdrawn: what `state` says of them, for less."""
        return rules.taking_part(self.events, self.terms, self.moment(on), self.ages)

    def reading(self, on: When) -> rules.Fold:
        """The log as it reads on that day: which entry stands for what."""
        return rules.Fold(self.events, self.terms, self.moment(on), self.ages)

    def moment(self, on: When) -> rules.Moment:
        """As the rules take it: a time is one of the site."""
        if isinstance(on, PartialDate):
            return on.earliest
        if isinstance(on, dt.datetime) and timezone.is_aware(on):
            return on.astimezone(self.zone)
        return on

    @property
    def today(self) -> dt.date:
        """The day that it is at the site."""
        return timezone.localdate(timezone=self.zone)


def known_of(
    participants: Iterable[Participant],
    *,
    by: User | None = None,
    on: When = None,
    around: bool = False,
) -> dict[int, Known]:
    """Participant → what is known of the consent: a fixed number of queries.

    by: who is shown what follows. Who may not see the identity at the site is told no day of a birthday, and of another
    day `on` than today what the year of birth tells: asking day after day would tell the birth date. Without: for a
    decision. around: also what the register, the coming sessions and the demographics ask for.
    """
    people = list(participants)
    ids = [person.pk for person in people]
    zones = zones_of(people)
    own = {person.pk: zones[person.site_id] for person in people}
    events = logs_of(ids, own)
    said = demographics_of(ids)
    exact = births.ages_of(ids)
    in_force = terms()
    registers = register_of({person.site_id for person in people}) if around else {}
    coming = coming_sessions(ids) if around else {}
    found: dict[int, Known] = {}
    for person in people:
        age, cannot_read = said.get(person.pk, (None, None))
        sees = by is not None and by.may(Permission.VIEW_IDENTITY, person.site_id)
        ages = exact.get(person.pk)
        zone = zones[person.site_id]
        coarse = ages is not None and by is not None and not sees and not _is_now(on, zone)
        found[person.pk] = Known(
            participant=person,
            events=events[person.pk],
            ages=rules.known_ages(
                events[person.pk],
                known_age=age,
                known_on=person.enrolled_on,
                exact=ages.by_year() if coarse and ages is not None else ages,
                coarse=coarse,
                past=person.retrospective,
            ),
            zone=zone,
            terms=in_force,
            facts=rules.Facts(
                register=registers.get(person.site_id),
                group=person.group,
                can_read=None if cannot_read is None else not cannot_read,
                coming=coming.get(person.pk, ()),
                past=person.retrospective,
                asked=around,
            ),
            reveal=sees or ages is None,
        )
    return found


def _is_now(on: When, zone: ZoneInfo) -> bool:
    """Whether it is asked for the day that it is at the site, or for none."""
    if isinstance(on, dt.datetime):
        on = on.astimezone(zone).date()
    return on is None or on == timezone.localdate(timezone=zone)


def zones_of(people: Collection[Participant]) -> dict[int, ZoneInfo]:
    """Site → its time zone. One query, none where the participants came with their sites."""
    field_of_site = Participant._meta.get_field("site")
    if all(field_of_site.is_cached(person) for person in people):
        return {person.site_id: ZoneInfo(person.site.timezone) for person in people}
    sites = {person.site_id for person in people}
    rows = Site.objects.filter(pk__in=sites).values_list("pk", "timezone")
    return {pk: ZoneInfo(name) for pk, name in rows}


def demographics_of(participant_ids: Collection[int]) -> dict[int, tuple[int | None, bool | None]]:
    """Participant → age at enrolment, and whether a witness is needed. One query."""
    rows = Demographics.objects.filter(participant_id__in=participant_ids)
    return {
        pk: (age, witness_needed(education, can_read))
        for pk, age, education, can_read in rows.values_list(
            "participant_id", "age_at_enrolment", "education", "can_read"
        )
    }


def coming_sessions(
    participant_ids: Collection[int],
) -> dict[int, list[tuple[int, PartialDate | None]]]:
    """Participant → the sessions that are planned and not done, as the apps above know them."""
    found: dict[int, list[tuple[int, PartialDate | None]]] = defaultdict(list)
    answers: Any = signals.sessions_asked.send(sender=ConsentEvent, participant_ids=participant_ids)
    for _receiver, answer in answers:
        for participant_id, sessions in (answer or {}).items():
            found[participant_id].extend(sessions)
    return found
