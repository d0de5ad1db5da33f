"""The events that visits are counted from: which there are, and when they were."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from apps.enrolment.models import Group, GroupEvent, GroupEventKind, Participant
from apps.visits import rules
from apps.visits.models import Anchor, Visit, VisitStatus
from studyportal import protocol
from studyportal.crf.partial_date import PartialDate
from studyportal.protocol.schedule import PREVIOUS_VISIT
from studyportal.protocol.schedule import Visit as Planned

# Anchor → its date. A visit from which others are counted has its own key here: `after:M3`.
Anchors = Mapping[str, PartialDate]


def anchor_of(key: str, group: str, plan: protocol.Protocol | None = None) -> str:
    """The anchor that the protocol counts this visit of this group from; "" when it has none."""
    visit = (plan or protocol.current()).visits.get(key)
    return "" if visit is None else str(dict(visit.anchor).get(group, ""))


def anchor_date(visit: Planned | None, anchor: str, anchors: Anchors) -> PartialDate | None:
    """The date of the anchor of a visit, as far as it is known."""
    if anchor == PREVIOUS_VISIT:
        return None if visit is None or visit.after is None else anchors.get(after(visit.after))
    return anchors.get(anchor)


def after(key: str) -> str:
    """The name, among the anchors, of the visit from which others are counted."""
    return f"after:{key}"


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
    is recorded; the contact that a control had in place of a session dates none. A visit from which others are
    counted dates them when it was held, and before that by the day on which it is planned.
    """
    found: dict[int, dict[str, PartialDate]] = defaultdict(dict)
    people = {participant.pk: participant for participant in participants}
    if crossed is None:
        crossed = crossings_of(people)
    for pk, crossing in crossed.items():
        found[pk][Anchor.SESSION_1] = crossing.on
        if crossing.index_date is not None:
            found[pk][Anchor.INDEX] = PartialDate.of(crossing.index_date)
    plans = {pk: protocol.of(participant) for pk, participant in people.items()}
    several = {plan.version: plan for plan in plans.values()}
    sessions = {number: session_visits(plan) for number, plan in several.items()}
    named = {number: _named(plan) for number, plan in several.items()}
    keys = {key for found_keys in (*sessions.values(), *named.values()) for key in found_keys}
    held: dict[int, dict[str, PartialDate | None]] = defaultdict(dict)
    for visit in Visit.objects.filter(
        participant_id__in=people, key__in=keys, status=VisitStatus.DONE
    ).order_by("number"):
        pk, happened_on = visit.participant_id, visit.happened_on
        if pk in crossed and crossed[pk].is_before(happened_on):
            continue
        held[pk][visit.key] = happened_on  # type: ignore[assignment]
        anchor = sessions[plans[pk].version].get(visit.key)
        if anchor is not None and happened_on is not None and people[pk].group == Group.CASE:
            found[pk][anchor] = happened_on  # type: ignore[assignment]
    for pk, participant in people.items():
        if participant.index_date is not None:
            found[pk][Anchor.INDEX] = PartialDate.of(participant.index_date)
        if participant.enrolled_on is not None:
            found[pk][Anchor.ENROLMENT] = participant.enrolled_on  # type: ignore[assignment]
        for key in named[plans[pk].version]:
            day = _day_of(key, participant.group, plans[pk], found[pk], held[pk])
            if day is not None:
                found[pk][after(key)] = day
    return found


def _named(plan: protocol.Protocol) -> frozenset[str]:
    """The visits from which others are counted."""
    return frozenset(visit.after for visit in plan.visits.values() if visit.after is not None)


def _day_of(
    key: str,
    group: str,
    plan: protocol.Protocol,
    anchors: Anchors,
    held: Mapping[str, PartialDate | None],
) -> PartialDate | None:
    """When a visit was held; the day on which it is planned while it was not. The protocol has no circles."""
    if key in held:
        return held[key]
    visit: Planned = plan.visits[key]
    name = dict(visit.anchor).get(group, "")
    if name == PREVIOUS_VISIT:
        day = None if visit.after is None else _day_of(visit.after, group, plan, anchors, held)
    else:
        day = anchors.get(name)
    if day is None or day.exact is None or visit.target_day is None:
        return None
    return PartialDate.of(rules.due_dates(day.exact, visit.target_day, 0, 0).target)


def session_visits(plan: protocol.Protocol | None = None) -> dict[str, str]:
    """Visit key → the anchor that it dates: the visits at which the protocol places the sessions."""
    numbers = {1: Anchor.SESSION_1.value, 2: Anchor.SESSION_2.value}
    return {
        visit.key: numbers[visit.session]
        for visit in (plan or protocol.current()).visits.values()
        if visit.session in numbers
    }


def dating_visits(plan: protocol.Protocol) -> frozenset[str]:
    """The visits whose date moves others."""
    return _named(plan) | frozenset(session_visits(plan))


def follow_up_visits(plan: protocol.Protocol | None = None) -> frozenset[str]:
    """The visits that lie after the last session: whoever came to one of them is in follow-up."""
    planned = [visit for visit in (plan or protocol.current()).visits.values() if visit.scheduled]
    last = max((visit.latest_day or 0 for visit in planned if visit.session), default=0)
    return frozenset(visit.key for visit in planned if (visit.target_day or 0) > last)
