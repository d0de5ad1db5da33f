"""Reading visits and the schedule, always within what the user may see."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.db.models import QuerySet

from apps.enrolment.models import Group, GroupEvent, GroupEventKind, Participant
from apps.enrolment.rules import LifeEvent
from apps.visits import rules
from apps.visits.models import Anchor, InsulinUse, Visit, VisitStatus, VitalSigns
from studyportal import protocol
from studyportal.access.declare import get_visible_or_404
from studyportal.access.models import User
from studyportal.access.permissions import Permission
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


def visits(user: User, permission: Permission = Permission.VIEW_DATA) -> QuerySet[Visit]:
    return Visit.objects.visible_to(user, permission).select_related("participant", "site").order_by("id")


def visit_or_404(user: User, pk: int, permission: Permission = Permission.VIEW_DATA) -> Visit:
    found: Visit = get_visible_or_404(
        Visit.objects.select_related("participant", "site"), user, permission, pk=pk
    )
    return found


def anchor_of(key: str, group: str) -> str:
    """The anchor that the protocol counts this visit of this group from; "" when it has none."""
    visit = protocol.current().visits.get(key)
    return "" if visit is None else str(dict(visit.anchor).get(group, ""))


@dataclass(frozen=True)
class Crossing:
    """A control was treated: the day, and the index date that he or she had until then."""

    on: PartialDate
    index_date: dt.date | None

    def is_before(self, happened_on: Any) -> bool:
        """Whether a visit certainly took place before the treatment: it was one of a control."""
        return happened_on is not None and happened_on.certainly_before(self.on)


def crossings_of(participant_ids: Collection[int]) -> dict[int, Crossing]:
    """Participant id → the later treatment, of the cases who were controls before. One query."""
    rows: Any = GroupEvent.objects.filter(
        participant_id__in=participant_ids, kind=GroupEventKind.CROSSED_OVER, participant__group=Group.CASE
    ).order_by("id")
    return {
        row[0]: Crossing(row[1], row[2])
        for row in rows.values_list("participant_id", "effective_on", "previous_index_date")
    }


def anchor_dates(
    participants: Iterable[Participant], crossed: Mapping[int, Crossing] | None = None
) -> dict[int, dict[str, PartialDate]]:
    """Participant id → anchor → its date, as far as it is known. Two queries.

    The sessions are dated by the visits S1 and S2, the index date of a control by the participant. Who was a
    control first has both: the index date of that time, and session 1 on the day of the treatment until its visit
    is recorded; the contact that a control had in place of a session dates none.
    """
    found: dict[int, dict[str, PartialDate]] = defaultdict(dict)
    people = {participant.pk: participant for participant in participants}
    if crossed is None:
        crossed = crossings_of(people)
    for pk, crossing in crossed.items():
        found[pk][Anchor.SESSION_1] = crossing.on
        if crossing.index_date is not None:
            found[pk][Anchor.INDEX] = PartialDate.of(crossing.index_date)
    keys = session_visits()
    for visit in Visit.objects.filter(participant_id__in=people, key__in=keys, status=VisitStatus.DONE):
        if visit.happened_on is not None and people[visit.participant_id].group == "case":
            happened_on: Any = visit.happened_on
            if visit.participant_id in crossed and crossed[visit.participant_id].is_before(happened_on):
                continue
            found[visit.participant_id][keys[visit.key]] = happened_on
    for pk, participant in people.items():
        if participant.index_date is not None:
            found[pk][Anchor.INDEX] = PartialDate.of(participant.index_date)
    return found


def last_scheduled(group: str) -> tuple[str, str] | None:
    """Key and label of the last visit that the protocol schedules for the group; None for a group without any."""
    scheduled = protocol.current().visits_for(group) if group in protocol.current().groups else ()
    last = max(scheduled, key=lambda visit: visit.target_day or 0, default=None)
    return None if last is None else (last.key, last.label)


def session_visits() -> dict[str, str]:
    """Visit key → the anchor that it dates: the visits at which the protocol places the sessions."""
    numbers = {1: Anchor.SESSION_1.value, 2: Anchor.SESSION_2.value}
    return {
        visit.key: numbers[visit.session]
        for visit in protocol.current().visits.values()
        if visit.session in numbers
    }


def follow_up_visits() -> frozenset[str]:
    """The visits that lie after the last session: whoever came to one of them is in follow-up."""
    planned = [visit for visit in protocol.current().visits.values() if visit.scheduled]
    last = max((visit.latest_day or 0 for visit in planned if visit.session), default=0)
    return frozenset(visit.key for visit in planned if (visit.target_day or 0) > last)


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


def tells_of_life(key: str) -> bool:
    """Whether a visit of this key says how far its participant has come."""
    return key in session_visits() or key in follow_up_visits()


def lives_of(participant_ids: Collection[int]) -> dict[int, list[LifeEvent]]:
    """Participant id → sessions given (to cases) and follow-up visits made. Two queries."""
    sessions = {visit.key: visit.session for visit in protocol.current().visits.values() if visit.session}
    later = follow_up_visits()
    found: dict[int, list[LifeEvent]] = defaultdict(list)
    rows: Any = Visit.objects.filter(
        participant_id__in=participant_ids, status=VisitStatus.DONE, key__in=[*sessions, *later]
    ).values_list("participant_id", "key", "happened_on", "participant__group")
    crossed = crossings_of(participant_ids)
    for participant_id, crossing in crossed.items():
        found[participant_id].append(LifeEvent("treated", crossing.on, "", 1))
    for participant_id, key, happened_on, group in rows:
        if participant_id in crossed and crossed[participant_id].is_before(happened_on):
            if key in later:
                found[participant_id].append(LifeEvent("followed", happened_on, key))
        elif key in later:
            found[participant_id].append(LifeEvent("followed", happened_on, key))
        elif group == "case":
            found[participant_id].append(LifeEvent("treated", happened_on, key, sessions[key]))
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


def weight_at(visit_id: int | None) -> Decimal | None:
    """kg at a visit, None when not recorded."""
    if visit_id is None:
        return None
    return VitalSigns.objects.filter(visit_id=visit_id).values_list("weight", flat=True).first()


def insulin_at(visit_id: int | None) -> Decimal | NotDerivable:
    """Total IU per day of all insulins recorded at a visit."""
    if visit_id is None:
        return NotDerivable("visit missing")
    return rules.total_daily_insulin(
        InsulinUse.objects.filter(visit_id=visit_id).values_list("daily_dose", flat=True)
    )


def insulin_per_kg_at(visit_id: int | None) -> Decimal | NotDerivable:
    """Total IU/kg/day at a visit: a documented 0 needs no weight."""
    return rules.units_per_kg(insulin_at(visit_id), weight_at(visit_id))


def vital_signs_context(record: Any) -> Mapping[str, Any]:
    """The weight at the last visit before this one."""
    earlier = VitalSigns.objects.filter(participant_id=record.participant_id, weight__isnull=False)
    if record.pk is not None:
        earlier = earlier.exclude(pk=record.pk)
    day = record.visit.day_number
    if day is not None:
        earlier = earlier.filter(visit__day_number__lt=day).order_by("-visit__day_number")
    else:
        earlier = earlier.filter(visit_id__lt=record.visit_id).order_by("-visit_id")
    return {"previous_weight": earlier.values_list("weight", flat=True).first()}


def insulin_context(record: Any) -> Mapping[str, Any]:
    return {"weight": weight_at(record.visit_id)}
