"""The events that visits are counted from: which there are, and when they were."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from apps.enrolment.models import Group, GroupEvent, GroupEventKind, Participant
from apps.visits.models import Anchor, Visit, VisitStatus
from studyportal import protocol
from studyportal.crf.partial_date import PartialDate


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
