"""The visits of the protocol for participants: when they are due, and what became of them."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from apps.enrolment.models import Group, Participant
from apps.enrolment.rules.participation import ENDED
from apps.visits import rules
from apps.visits.models import Visit, VisitStatus
from apps.visits.selectors import holdings
from apps.visits.selectors.anchors import (
    Anchors,
    Crossing,
    anchor_date,
    anchor_dates,
    anchor_of,
    crossings_of,
)
from studyportal import protocol
from studyportal.crf.outcomes import NotDerivable
from studyportal.crf.partial_date import PartialDate
from studyportal.protocol.schedule import Visit as Planned
from studyportal.words import said

NO_FORMS = holdings.Progress(0, 0)


@dataclass(frozen=True)
class Scheduled:
    """A visit of the protocol for one participant: when it is due (None: Day 0 unknown) and what became of it.

    anchor: the name of the event that it is counted from, "" for none. forms: expected and complete ones of a visit
    that took place. of_plan: False for one that was held and that the group or the version in force lacks: it stays
    readable and changeable, and is marked. left, applies: see `rules.state_of`.
    """

    key: str
    label: str
    due: rules.Due | None
    visit: Visit | None
    anchor: str = ""
    forms: holdings.Progress = NO_FORMS
    scheduled: bool = True
    of_plan: bool = True
    applies: bool = True
    left: rules.Left | None = None

    def state(self, today: dt.date) -> rules.VisitState:
        """today: at the site of the participant."""
        return rules.state_of(
            today=today,
            due=self.due,
            held="" if self.visit is None else self.visit.status,
            complete=self.forms.complete,
            expected=self.forms.expected,
            scheduled=self.scheduled,
            applies=self.applies,
            left=self.left,
        )


def last_scheduled(participant: Participant) -> tuple[str, str] | None:
    """Key and label of the last visit that the protocol schedules for the participant; None without a group."""
    plan = protocol.of(participant)
    scheduled = plan.visits_for(participant.group) if participant.group in plan.groups else ()
    last = max(scheduled, key=lambda visit: visit.target_day or 0, default=None)
    return None if last is None else (last.key, last.label)


def sessions_to_come(participant_ids: Collection[int]) -> dict[int, list[tuple[int, PartialDate | None]]]:
    """Case → the sessions of the protocol that are not done, with the first day of their window as far as it is known.
    Four queries."""
    cases = list(Participant.objects.filter(pk__in=participant_ids, group=Group.CASE))
    anchors = anchor_dates(cases)
    plans = {case.pk: protocol.of(case) for case in cases}
    keys = {visit.key for plan in plans.values() for visit in plan.visits.values() if visit.session}
    given: dict[int, set[str]] = defaultdict(set)
    for pk, key in Visit.objects.filter(
        participant__in=cases, key__in=keys, status__in=[VisitStatus.DONE, VisitStatus.MISSED]
    ).values_list("participant_id", "key"):
        given[pk].add(key)
    found: dict[int, list[tuple[int, PartialDate | None]]] = {}
    for case in cases:
        ahead: list[tuple[int, PartialDate | None]] = []
        for visit in plans[case.pk].visits.values():
            if visit.session and visit.key not in given[case.pk]:
                anchor = anchor_of(visit.key, Group.CASE, plans[case.pk])
                due = window_of(visit, anchor_date(visit, anchor, anchors[case.pk]))
                ahead.append((visit.session, None if due is None else PartialDate.of(due.earliest)))
        found[case.pk] = ahead
    return found


def days_of(visit: Visit, anchors: Anchors) -> rules.DaySpan | NotDerivable:
    """Days of a visit from its anchor."""
    if not visit.anchor:
        return NotDerivable(said("anchor missing: the participant is in no group"))
    happened_on: Any = visit.happened_on
    planned = protocol.visit_of(visit.key, visit.protocol_version)
    return rules.days_between(anchor_date(planned, visit.anchor, anchors), happened_on)


def schedule(participant: Participant) -> list[Scheduled]:
    """The visits of the protocol for one participant, in order, then the unscheduled ones."""
    return schedules([participant])[participant.pk]


def schedules(
    participants: Collection[Participant], held_forms: Iterable[holdings.Held] | None = None
) -> dict[int, list[Scheduled]]:
    """schedule of many, in a fixed number of queries (four). Each by the version of the protocol that counts for him
    or her; visits that were held, by the version they were held under. Who crossed over has the schedule of a case;
    what was done as a control before stays a visit of that time. held_forms: when the caller has read them already.
    """
    people = list(participants)
    crossed = crossings_of([participant.pk for participant in people])
    anchors = anchor_dates(people, crossed)
    visits: dict[int, list[Visit]] = defaultdict(list)
    for visit in Visit.objects.filter(participant__in=people).order_by("key", "number"):
        visits[visit.participant_id].append(visit)
    if held_forms is None:
        held_forms = holdings.held_forms([participant.pk for participant in people])
    forms: dict[int, dict[tuple[int | None, str], holdings.Held]] = defaultdict(dict)
    for one in held_forms:
        forms[one.participant_id][one.visit_id, one.form] = one
    editions = holdings.Editions()
    return {
        participant.pk: _rows_of(
            participant,
            visits[participant.pk],
            anchors[participant.pk],
            crossed.get(participant.pk),
            forms[participant.pk],
            editions,
        )
        for participant in people
    }


def _rows_of(
    participant: Participant,
    visits: list[Visit],
    anchors: Anchors,
    crossing: Crossing | None,
    forms: Mapping[tuple[int | None, str], holdings.Held],
    editions: holdings.Editions,
) -> list[Scheduled]:
    plan = editions.of(participant).plan
    left, applies = left_of(participant), not participant.retrospective
    rows: list[Scheduled] = []
    told: set[int] = set()

    def row(visit: Planned | None, held: Visit | None, *, of_plan: bool = True) -> Scheduled:
        done = held is not None and held.status == VisitStatus.DONE
        if held is not None:
            told.add(held.pk)
        key = held.key if visit is None and held is not None else visit.key if visit is not None else ""
        anchor = held.anchor if held is not None and done else anchor_of(key, participant.group, plan)
        progress = NO_FORMS
        if done and held is not None:
            under = editions.at(held.protocol_version, participant)
            progress = holdings.progress_of_visit(key, participant.group, held.pk, forms, under)
        return Scheduled(
            key=key,
            label=held.label
            if held is not None and (visit is None or not visit.scheduled)
            else str(visit.label if visit is not None else key),
            due=None if visit is None else window_of(visit, anchor_date(visit, anchor, anchors)),
            visit=held,
            anchor=anchor,
            forms=progress,
            scheduled=visit is None or visit.scheduled,
            of_plan=of_plan,
            applies=applies and of_plan,
            left=left,
        )

    for visit in plan.visits.values():
        if not visit.scheduled:
            rows += [row(visit, one) for one in visits if one.key == visit.key]
        elif participant.group in visit.groups:
            rows.append(row(visit, _held(visit.key, visits, crossing)))
    for one in visits:
        if one.pk not in told and not (crossing is not None and crossing.is_before(one.happened_on)):
            known = protocol.visit_of(one.key, one.protocol_version)
            undecided = participant.group not in plan.groups and one.key in plan.visits
            rows.append(row(known, one, of_plan=undecided))
    return rows


def _held(key: str, visits: Iterable[Visit], crossing: Crossing | None) -> Visit | None:
    """The record of a visit of the schedule: that of today's group; the one that is settled before a planned one."""
    own = [
        visit
        for visit in visits
        if visit.key == key
        and (visit.number == 1 if crossing is None else not crossing.is_before(visit.happened_on))
    ]
    own.sort(key=lambda visit: (visit.status == VisitStatus.PLANNED, -visit.number))
    return own[0] if own else None


def places_of(visits: Collection[Visit]) -> dict[int, Scheduled]:
    """Visit id → its place in the schedule of its participant, for visits of any participants. Four queries.

    The visits come with their participants. One of a time as a control, before the treatment, stands by itself.
    """
    found: dict[int, Scheduled] = {}
    if not visits:
        return found
    people = {visit.participant_id: visit.participant for visit in visits}
    for rows in schedules(list(people.values())).values():
        found |= {row.visit.pk: row for row in rows if row.visit is not None}
    for visit in visits:
        if visit.pk not in found:
            found[visit.pk] = Scheduled(visit.key, visit.label, None, visit, anchor=visit.anchor)
    return found


def left_of(participant: Participant) -> rules.Left | None:
    """Whether the participant takes part no more, and since when."""
    if participant.status not in ENDED:
        return None
    since: Any = participant.status_since
    return rules.Left(None if since is None else since.earliest)


def window_of(visit: Planned | None, anchor: PartialDate | None) -> rules.Due | None:
    """The days on which a visit is due, when its anchor is known to the day."""
    if visit is None or anchor is None or anchor.exact is None:
        return None
    if visit.target_day is None or visit.window_before is None or visit.window_after is None:
        return None
    return rules.due_dates(anchor.exact, visit.target_day, visit.window_before, visit.window_after)


def due_of(key: str, anchor: PartialDate | None, version: str = "") -> rules.Due | None:
    """window_of, from the key of a visit. version: under which it was held; left out, the one that runs."""
    return window_of(protocol.visit_of(key, version), anchor)
