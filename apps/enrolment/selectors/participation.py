"""How far participants have come, told from what happened to them: here and in the apps above."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from typing import Any

from apps.enrolment import signals
from apps.enrolment.models import (
    EndOfStudy,
    Group,
    GroupEvent,
    LostToFollowUp,
    Participant,
    ScreeningEntry,
    ScreeningOutcome,
)
from apps.enrolment.rules.conclusion import End, Loss, life_of_conclusion
from apps.enrolment.rules.groups import Entry, Spell, spells
from apps.enrolment.rules.participation import LifeEvent, Standing, fold
from apps.enrolment.selectors.eligibility import verdict_dates
from studyportal import protocol
from studyportal.crf.partial_date import PartialDate

Lives = dict[int, list[LifeEvent]]


def lives_of(participants: Iterable[Participant]) -> Lives:
    """Participant id → what happened, unordered. A fixed number of queries, whatever their number."""
    people = {participant.pk: participant for participant in participants}
    found: Lives = defaultdict(list)
    for source in (
        _screening_of(people),
        verdict_dates(people.values()),
        _own_of(people),
        _conclusions_of(people),
        *_asked(people),
    ):
        for pk, events in source.items():
            found[pk].extend(events)
    return found


def standings_of(participants: Iterable[Participant]) -> dict[int, Standing]:
    people = list(participants)
    lives = lives_of(people)
    sessions = protocol.current().sessions.count
    return {
        person.pk: fold(lives.get(person.pk, []), group=person.group, sessions=sessions) for person in people
    }


def spells_for(participants: Iterable[Participant]) -> dict[int, tuple[Spell, ...]]:
    """Participant id → the times in a group, in order. One query."""
    people = list(participants)
    entries: dict[int, list[Entry]] = defaultdict(list)
    for event in GroupEvent.objects.filter(participant__in=[p.pk for p in people]).order_by("id"):
        entries[event.participant_id].append(event.as_entry())
    return {
        person.pk: spells(
            entries[person.pk], index_date=person.index_date, matched_case_id=person.matched_case_id
        )
        for person in people
    }


def _screening_of(people: Mapping[int, Participant]) -> Lives:
    found: Lives = {}
    rows: Any = ScreeningEntry.objects.filter(participant_id__in=people).values_list(
        "participant_id", "screened_on", "outcome", "outcome_on", "reason_code"
    )
    for pk, screened_on, outcome, outcome_on, reason in rows:
        events = [LifeEvent("screened", screened_on)]
        if outcome == ScreeningOutcome.NOT_ELIGIBLE:
            events.append(LifeEvent("not_eligible", outcome_on, reason))
        elif outcome not in (ScreeningOutcome.OPEN, ScreeningOutcome.ENROLLED):
            events.append(LifeEvent("declined", outcome_on, reason or outcome))
        found[pk] = events
    return found


def _own_of(people: Mapping[int, Participant]) -> Lives:
    found: Lives = {}
    for pk, person in people.items():
        events = []
        enrolled_on: Any = person.enrolled_on
        if enrolled_on is not None:
            events.append(LifeEvent("enrolled", enrolled_on))
        if person.group == Group.CONTROL and person.index_date is not None:
            events.append(LifeEvent("followed", PartialDate.of(person.index_date), "index date"))
        found[pk] = events
    return found


def _conclusions_of(people: Collection[int]) -> Lives:
    """What the forms of loss and end of study tell. Two queries."""
    losses: dict[int, list[Loss]] = defaultdict(list)
    lost: Any = LostToFollowUp.objects.filter(participant_id__in=people, declared_on__isnull=False)
    for pk, declared_on, reason, found, found_on in lost.order_by("declared_on", "id").values_list(
        "participant_id", "declared_on", "reason", "found_again", "found_on"
    ):
        losses[pk].append(Loss(declared_on, reason or "", found is True, found_on))
    ended: Any = EndOfStudy.objects.filter(participant_id__in=people, reason__isnull=False)
    ends = {
        pk: End(reason, ended_on, died_on)
        for pk, reason, ended_on, died_on in ended.values_list(
            "participant_id", "reason", "ended_on", "died_on"
        )
    }
    return {pk: life_of_conclusion(losses[pk], ends.get(pk)) for pk in {*losses, *ends}}


def _asked(people: Collection[int]) -> list[Mapping[int, list[LifeEvent]]]:
    answers: Any = signals.life_asked.send(sender=Participant, participant_ids=list(people))
    return [answer for _receiver, answer in answers if answer]
