"""Everyone screened as the flow needs them, and its plan: the only place where the flow meets the ORM.

A fixed number of queries at any size; rows come as plain values, not as objects.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.db.models import Q

from apps.consent.models import ConsentEvent
from apps.enrolment.models import Group, Participant
from apps.labs.models import LabResult
from apps.outcomes.statistics.flow import DONE, MISSED, Ending, FlowPlan, InGroup, Person
from apps.outcomes.statistics.plan import VisitPlan
from apps.visits.models import Visit, VisitStatus
from studyportal import protocol
from studyportal.protocol.outcomes import Endpoint


def primary_endpoint() -> Endpoint:
    """The primary endpoint of the protocol; LookupError when it names none."""
    for endpoint in protocol.current().endpoints.values():
        if endpoint.role == "primary":
            return endpoint
    raise LookupError("The protocol names no primary endpoint.")


def flow_plan() -> FlowPlan:
    """Groups, and the scheduled visits after Day 0 in the order of their days."""
    current = protocol.current()
    visits = sorted(
        (
            VisitPlan(visit.key, visit.label, visit.target_day, visit.latest_day, tuple(visit.groups))
            for visit in current.visits.values()
            if visit.target_day is not None and visit.latest_day is not None and visit.target_day > 0
        ),
        key=lambda visit: visit.day,
    )
    return FlowPlan(
        groups={key: group.treated for key, group in current.groups.items()},
        visits=tuple(visits),
        primary=str(primary_endpoint().visits[-1]),
        sessions={
            key: visit.session for key, visit in current.visits.items() if visit.session is not None
        },
    )


@dataclass
class _Facts:
    """What is recorded of one participant, by visit where it belongs to one."""

    visits: dict[str, str] = field(default_factory=dict)
    baseline: bool = False
    value: bool = False
    reason: str = ""
    session_1: Any = None
    treated: bool = False


def persons(site_ids: Collection[int], *, synthetic: str = "include") -> list[Person]:
    """Everyone screened at the sites, in order of entry."""
    people = _participants(site_ids, synthetic)
    facts = _facts(people)
    consented = set(
        ConsentEvent.objects.filter(participant_id__in=people, kind__in=("consent", "lar_consent"))
        .order_by()
        .values_list("participant_id", flat=True)
    )
    found = []
    for pk, (code, site, group, _status, index_date, enrolled_on) in people.items():
        own = facts[pk]
        ended: Ending | None = None
        groups: tuple[InGroup, ...] = ()
        if group != Group.UNASSIGNED:
            groups = (_in_group(group, own, ended, index_date),)
        found.append(
            Person(
                entry=code,
                site=site,
                consented=pk in consented,
                enrolled=enrolled_on is not None or bool(groups),
                ended=ended,
                groups=groups,
            )
        )
    return found


def _participants(site_ids: Collection[int], synthetic: str) -> dict[int, tuple[Any, ...]]:
    rows = Participant.objects.filter(site_id__in=site_ids).order_by("id")
    if synthetic != "include":
        rows = rows.filter(synthetic=synthetic == "only")
    return {
        row[0]: row[1:]
        for row in rows.values_list(
            "id", "code", "site__code", "group", "status", "index_date", "enrolled_on"
        )
    }


def _in_group(
    group: str, facts: _Facts, ended: Ending | None, index_date: dt.date | None
) -> InGroup:
    treated = group == Group.CASE
    day0 = _latest(facts.session_1) if treated else index_date
    return InGroup(
        group=group,
        placed=facts.treated if treated else index_date is not None,
        day0=day0,
        visits=facts.visits,
        ended=ended,
        baseline=facts.baseline,
        value=facts.value,
        reason=facts.reason,
    )


def _latest(day: Any) -> dt.date | None:
    return None if day is None else day.latest


def _facts(people: Mapping[int, Any]) -> dict[int, _Facts]:
    facts: dict[int, _Facts] = defaultdict(_Facts)
    sessions = flow_plan().sessions
    rows = Visit.objects.filter(participant_id__in=people, number=1).exclude(status=VisitStatus.PLANNED)
    for pk, key, status, day in rows.values_list("participant_id", "key", "status", "happened_on"):
        facts[pk].visits[key] = DONE if status == VisitStatus.DONE else MISSED
        if sessions.get(key) == 1 and status == VisitStatus.DONE:
            facts[pk].session_1, facts[pk].treated = day, True
    endpoint = primary_endpoint()
    baseline, primary = str(endpoint.baseline), str(endpoint.visits[-1])
    results = LabResult.objects.filter(
        Q(visit__key=baseline) | Q(visit__key=primary),
        participant_id__in=people, analyte=endpoint.analyte, visit__number=1,
    )  # fmt: skip
    for pk, key, number in results.values_list("participant_id", "visit__key", "number_canonical"):
        if key == baseline:
            facts[pk].baseline = facts[pk].baseline or number is not None
        else:
            facts[pk].value = facts[pk].value or number is not None
    return facts
