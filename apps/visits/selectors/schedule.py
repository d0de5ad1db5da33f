"""The visits of the protocol for participants: when they are due, and what became of them."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from apps.enrolment.models import Group, Participant
from apps.visits import rules
from apps.visits.models import Visit, VisitStatus
from apps.visits.selectors.anchors import Crossing, anchor_dates, anchor_of, crossings_of
from studyportal import protocol
from studyportal.crf.outcomes import NotDerivable
from studyportal.crf.partial_date import PartialDate


@dataclass(frozen=True)
class Scheduled:
    """A visit of the protocol for one participant: when it is due (None: Day 0 unknown) and what became of it."""

    key: str
    label: str
    due: rules.Due | None
    visit: Visit | None

    def state(self, today: dt.date) -> str:
        """done, missed, due, overdue, upcoming, or undated."""
        if self.visit is not None and self.visit.status != VisitStatus.PLANNED:
            return str(self.visit.status)
        if self.due is None:
            return "undated"
        if today > self.due.latest:
            return "overdue"
        return "due" if today >= self.due.earliest else "upcoming"


def last_scheduled(group: str) -> tuple[str, str] | None:
    """Key and label of the last visit that the protocol schedules for the group; None for a group without any."""
    scheduled = protocol.current().visits_for(group) if group in protocol.current().groups else ()
    last = max(scheduled, key=lambda visit: visit.target_day or 0, default=None)
    return None if last is None else (last.key, last.label)


def sessions_to_come(participant_ids: Collection[int]) -> dict[int, list[tuple[int, PartialDate | None]]]:
    """Case → the sessions of the protocol that are not done, with the first day of their window as far as it is known.
    Four queries."""
    sessions = {visit.key: visit.session for visit in protocol.current().visits.values() if visit.session}
    cases = list(Participant.objects.filter(pk__in=participant_ids, group=Group.CASE))
    anchors = anchor_dates(cases)
    given: dict[int, set[str]] = defaultdict(set)
    for pk, key in Visit.objects.filter(
        participant__in=cases, key__in=sessions, status__in=[VisitStatus.DONE, VisitStatus.MISSED]
    ).values_list("participant_id", "key"):
        given[pk].add(key)
    found: dict[int, list[tuple[int, PartialDate | None]]] = {}
    for case in cases:
        ahead: list[tuple[int, PartialDate | None]] = []
        for key, number in sessions.items():
            if key not in given[case.pk]:
                due = due_of(key, anchors[case.pk].get(anchor_of(key, Group.CASE)))
                ahead.append((number, None if due is None else PartialDate.of(due.earliest)))
        found[case.pk] = ahead
    return found


def days_of(visit: Visit, anchors: Mapping[str, PartialDate]) -> rules.DaySpan | NotDerivable:
    """Days of a visit from its anchor."""
    if not visit.anchor:
        return NotDerivable("anchor missing: the participant is in no group")
    happened_on: Any = visit.happened_on
    return rules.days_between(anchors.get(visit.anchor), happened_on)


def schedule(participant: Participant) -> list[Scheduled]:
    """The visits of the protocol for one participant, in order, then the unscheduled ones."""
    return schedules([participant])[participant.pk]


def schedules(participants: Collection[Participant]) -> dict[int, list[Scheduled]]:
    """schedule of many, in a fixed number of queries. Who crossed over has the schedule of a case; what was done
    as a control before stays a visit of that time."""
    crossed = crossings_of([participant.pk for participant in participants])
    anchors = anchor_dates(participants, crossed)
    held: dict[int, list[Visit]] = defaultdict(list)
    for visit in Visit.objects.filter(participant__in=participants).order_by("key", "number"):
        held[visit.participant_id].append(visit)
    planned = protocol.current().visits
    result: dict[int, list[Scheduled]] = {}
    for participant in participants:
        own = {(visit.key, visit.number): visit for visit in held[participant.pk]}
        rows: list[Scheduled] = []
        for visit in planned.values():
            if not visit.scheduled:
                rows += [
                    Scheduled(key, one.label, None, one)
                    for (key, _number), one in own.items()
                    if key == visit.key
                ]
            elif participant.group in visit.groups:
                anchor = anchors[participant.pk].get(anchor_of(visit.key, participant.group))
                held_visit = own.get((visit.key, 2)) if participant.pk in crossed else None
                first = own.get((visit.key, 1))
                if held_visit is None and first is not None and not _of_before(first, crossed):
                    held_visit = first
                rows.append(Scheduled(visit.key, visit.label, due_of(visit.key, anchor), held_visit))
        result[participant.pk] = rows
    return result


def _of_before(visit: Visit, crossed: Mapping[int, Crossing]) -> bool:
    crossing = crossed.get(visit.participant_id)
    return crossing is not None and crossing.is_before(visit.happened_on)


def due_of(key: str, anchor: PartialDate | None) -> rules.Due | None:
    """The window of a visit, when the anchor is known to the day."""
    visit = protocol.current().visits.get(key)
    if visit is None or not visit.scheduled or anchor is None or anchor.exact is None:
        return None
    return rules.due_dates(anchor.exact, visit.target_day, visit.window_before, visit.window_after)
