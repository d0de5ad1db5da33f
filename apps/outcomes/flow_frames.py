"""Everyone screened as the flow needs them, and its plan: the only place where the flow meets the ORM.

A fixed number of queries at any size. What happened to a person is asked in full (`lives_of`) only of those who
left or withdrew something; of the others the stored status says that nothing of the kind happened.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.contrib.postgres.aggregates import ArrayAgg
from django.db.models import Q, QuerySet

from apps.celldose.models import Infusion
from apps.consent.models import ConsentEvent, Kind
from apps.consent.selectors import engine
from apps.enrolment.models import Group, Participant, ParticipantStatus, ScreeningEntry, ScreeningOutcome
from apps.enrolment.rules import LifeEvent, Spell, first_exit
from apps.enrolment.rules.eligibility import State
from apps.enrolment.selectors import lives_of
from apps.enrolment.selectors.eligibility import verdicts_of
from apps.labs.models import LabResult
from apps.labs.selectors import beyond_consent
from apps.outcomes.spells import Times, times_of
from apps.outcomes.statistics.flow import (
    DONE,
    MISSED,
    TREATED_LATER,
    Ending,
    FlowPlan,
    InGroup,
    Person,
)
from apps.outcomes.statistics.plan import VisitPlan
from apps.visits.models import Visit, VisitStatus
from studyportal import protocol
from studyportal.identity.duplicates import left_out
from studyportal.protocol.outcomes import Endpoint

# Who stands here left at some time; the others are still expected, or never came so far.
LEFT = (
    ParticipantStatus.COMPLETED,
    ParticipantStatus.WITHDRAWN,
    ParticipantStatus.LOST,
    ParticipantStatus.DIED,
)
# Entries of the consent log by which somebody consents to take part.
CONSENTS = (Kind.CONSENT, Kind.LAR_CONSENT, Kind.RE_CONSENT)


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
        sessions={key: visit.session for key, visit in current.visits.items() if visit.session is not None},
    )


@dataclass(slots=True)
class _Facts:
    """What is recorded of one participant in one time in a group."""

    visits: dict[str, str] = field(default_factory=dict)
    session_1: dt.date | None = None
    treated: bool = False
    baseline: bool = False
    value: bool = False
    reason: str = ""


Facts = dict[tuple[int, int], _Facts]  # participant, which of the times in a group (0 is the first)


@dataclass(frozen=True, slots=True)
class _Entry:
    pk: int
    number: str
    site: str
    participant: int | None
    outcome: str
    reason: str


@dataclass(frozen=True, slots=True)
class _Participant:
    pk: int
    group: str
    status: str
    index_date: dt.date | None
    basis: Mapping[str, Any]
    enrolled: bool


def persons(site_ids: Collection[int], *, synthetic: str = "include") -> list[Person]:
    """Everyone screened at the sites, in order of entry."""
    entries = _entries(site_ids, synthetic)
    people = _participants(site_ids, synthetic)
    times, treats = times_of(site_ids), _treats()
    facts = _facts(site_ids, times)
    left = _left(site_ids)
    consented = _consented(site_ids)
    verdicts, out = _verdicts(entries, people, site_ids), left_out()
    found = []
    for entry in entries:
        person = people.get(entry.participant or 0)
        eligible, failing = verdicts[entry.pk]
        if person is None:
            ended = _concluded(entry)
            found.append(Person(entry.number, entry.site, eligible=eligible, failing=failing, ended=ended))
            continue
        if person.pk in out:
            # The same person as another participant, who is counted there.
            found.append(
                Person(
                    entry.number,
                    entry.site,
                    eligible=eligible,
                    consented=person.pk in consented,
                    failing=failing,
                    ended=Ending(ScreeningOutcome.DUPLICATE.value),
                )
            )
            continue
        events = left.get(person.pk, ())
        exit_ = _ending(first_exit(events)) if events else None
        spells = times.of(person.pk) or _one_spell(person, treats)
        # A case who was treated takes part, whether or not a day of enrolment is on record.
        enrolled = person.enrolled or any(
            treats[spell.group] and (person.pk, index) in facts and facts[person.pk, index].treated
            for index, spell in enumerate(spells)
        )
        found.append(
            Person(
                entry=entry.number,
                site=entry.site,
                eligible=eligible,
                consented=person.pk in consented,
                enrolled=enrolled,
                failing=failing,
                ended=exit_ or (None if enrolled else _concluded(entry)),
                groups=_groups(person.pk, spells, facts, exit_, _untreated(events)) if enrolled else (),
            )
        )
    return found


def _entries(site_ids: Collection[int], synthetic: str) -> list[_Entry]:
    rows = _of(ScreeningEntry.objects.order_by("id"), site_ids, synthetic)
    names = ("pk", "number", "site__code", "participant_id", "outcome", "reason_code")
    return [_Entry(*row) for row in rows.values_list(*names)]


def _participants(site_ids: Collection[int], synthetic: str) -> dict[int, _Participant]:
    rows = _of(Participant.objects.all(), site_ids, synthetic).annotate(has_day=Q(enrolled_on__isnull=False))
    names = ("pk", "group", "status", "index_date", "enrolment_basis", "has_day")
    return {row[0]: _Participant(*row) for row in rows.values_list(*names)}


def _one_spell(person: _Participant, groups: Collection[str]) -> tuple[Spell, ...]:
    """Who never crossed over is in the group of today."""
    return (Spell(person.group, None, index_date=person.index_date),) if person.group in groups else ()


def _treats() -> dict[str, bool]:
    return {key: group.treated for key, group in protocol.current().groups.items()}


def _of(rows: QuerySet[Any], site_ids: Collection[int], synthetic: str) -> QuerySet[Any]:
    found = rows.filter(site_id__in=site_ids)
    return found if synthetic == "include" else found.filter(synthetic=synthetic == "only")


def _verdicts(
    entries: Sequence[_Entry], people: Mapping[int, _Participant], site_ids: Collection[int]
) -> dict[int, tuple[bool | None, tuple[str, ...]]]:
    """Entry → found eligible or not (None: not decided, or no record of it), and the criteria that are not met."""
    found: dict[int, tuple[bool | None, tuple[str, ...]]] = {}
    # The enrolled have their verdict in what the enrolment relied on; the others are judged by the answers of today.
    judged = verdicts_of(
        ScreeningEntry.objects.filter(site_id__in=site_ids)
        .exclude(participant__enrolled_on__isnull=False)
        .select_related("participant")
    )
    for entry in entries:
        person = people.get(entry.participant or 0)
        if entry.outcome == ScreeningOutcome.NOT_ELIGIBLE:
            found[entry.pk] = False, judged[entry.pk][0].failing if entry.pk in judged else ()
        elif person is not None and person.enrolled:
            found[entry.pk] = (True if person.basis.get("eligibility") else None), ()
        elif entry.pk in judged and judged[entry.pk][0].state != State.UNDETERMINED:
            found[entry.pk] = judged[entry.pk][0].eligible, judged[entry.pk][0].failing
        else:
            found[entry.pk] = None, ()
    return found


def _concluded(entry: _Entry) -> Ending | None:
    """Why the screening ended without enrolment, None while it is open."""
    if entry.outcome in (ScreeningOutcome.OPEN, ScreeningOutcome.ENROLLED):
        return None
    if entry.outcome == ScreeningOutcome.NOT_ELIGIBLE:
        return Ending("not_eligible")
    return Ending(f"{entry.outcome}:{entry.reason}" if entry.reason else entry.outcome)


def _consented(site_ids: Collection[int]) -> set[int]:
    """Who gave consent to take part at some time, whatever became of it."""
    return set(
        ConsentEvent.objects.filter(site_id__in=site_ids, kind__in=CONSENTS)
        .order_by()
        .values_list("participant_id", flat=True)
        .distinct()
    )


def _left(site_ids: Collection[int]) -> Mapping[int, Sequence[LifeEvent]]:
    """The lives of those who left, or withdrew something."""
    withdrew = ConsentEvent.objects.filter(site_id__in=site_ids, kind=Kind.WITHDRAWAL).order_by()
    return lives_of(
        Participant.objects.filter(site_id__in=site_ids).filter(
            Q(status__in=LEFT) | Q(pk__in=withdrew.values("participant_id"))
        )
    )


def _ending(event: LifeEvent | None) -> Ending | None:
    if event is None:
        return None
    return Ending(event.kind, None if event.on is None else event.on.latest)


def _untreated(events: Iterable[LifeEvent]) -> Ending | None:
    """Treatment alone was withdrawn: follow-up goes on."""
    return next((_ending(event) for event in events if "treatment" in event.scopes), None)


def _groups(
    pk: int, spells: Sequence[Spell], facts: Facts, exit_: Ending | None, untreated: Ending | None
) -> tuple[InGroup, ...]:
    """The times in a group: each with its own Day 0, ended by a later treatment or by leaving."""
    found: list[InGroup] = []
    treats = _treats()
    for index, spell in enumerate(spells):
        own = facts.get((pk, index)) or _Facts()
        day0, placed = spell.index_date, spell.index_date is not None
        if treats[spell.group]:
            crossed = index > 0 and spells[index - 1].ended_by == "treated"
            starts = spell.starts.latest if crossed and spell.starts is not None else None
            day0, placed = own.session_1 or starts, own.treated or crossed
        ended = exit_
        if spell.ended_by == "treated":
            ended = Ending(TREATED_LATER, None if spell.ends is None else spell.ends.earliest)
        found.append(
            InGroup(
                group=spell.group,
                placed=placed,
                day0=day0,
                visits=own.visits,
                ended=ended,
                untreated=untreated,
                baseline=own.baseline,
                value=own.value,
                reason=own.reason,
                came_from=found[-1].group if found else "",
            )
        )
    return tuple(found)


def _facts(site_ids: Collection[int], times: Times) -> Facts:
    """Visits, sessions and values of the primary endpoint, by participant and time in a group."""
    facts: Facts = defaultdict(_Facts)
    _visits(facts, site_ids, times)
    _sessions(facts, site_ids, times)
    _values(facts, site_ids, times)
    _not_analysed(facts, site_ids)
    return facts


def _visits(facts: Facts, site_ids: Collection[int], times: Times) -> None:
    """One row per participant from the database; those with several times in a group visit by visit."""
    planned = [key for key, visit in protocol.current().visits.items() if visit.scheduled]
    settled = Visit.objects.filter(site_id__in=site_ids, key__in=planned).exclude(status=VisitStatus.PLANNED)
    once = (
        settled.exclude(participant_id__in=times.several)
        .order_by()
        .values_list("participant_id")
        .annotate(
            done=ArrayAgg("key", filter=Q(status=VisitStatus.DONE), default=[]),
            missed=ArrayAgg("key", filter=Q(status=VisitStatus.MISSED), default=[]),
        )
    )
    for pk, done, missed in once:
        facts[pk, 0].visits |= dict.fromkeys(missed, MISSED) | dict.fromkeys(done, DONE)
    rows: Any = settled.filter(participant_id__in=times.several).values_list(
        "participant_id", "key", "number", "status", "happened_on"
    )
    for pk, key, number, status, day in rows:
        own = facts[pk, times.index_of(pk, day, number)]
        own.visits[key] = DONE if status == VisitStatus.DONE else MISSED


def _sessions(facts: Facts, site_ids: Collection[int], times: Times) -> None:
    """Session 1: by its visit, which dates Day 0, or by an infusion."""
    keys = [key for key, visit in protocol.current().visits.items() if visit.session == 1]
    given: Any = Visit.objects.filter(
        site_id__in=site_ids, key__in=keys, status=VisitStatus.DONE, participant__group=Group.CASE
    ).values_list("participant_id", "number", "happened_on")
    for pk, number, day in given:
        own = facts[pk, times.index_of(pk, day, number)]
        own.treated, own.session_1 = True, None if day is None else day.latest
    infused = Infusion.objects.filter(
        site_id__in=site_ids, started_at__isnull=False, product__harvest__session__number=1
    ).values_list("participant_id", "started_at__date")
    for pk, day in infused:
        own = facts[pk, times.last(pk)]
        own.treated, own.session_1 = True, own.session_1 or day


def _values(facts: Facts, site_ids: Collection[int], times: Times) -> None:
    """Whether the primary endpoint has its two values, by the rule of the tables: the unit of the protocol."""
    endpoint = primary_endpoint()
    baseline, primary = str(endpoint.baseline), str(endpoint.visits[-1])
    results = LabResult.objects.filter(
        site_id__in=site_ids, analyte=endpoint.analyte, visit__key__in=(baseline, primary)
    )
    results = results.exclude(pk__in=beyond_consent(engine.stops_at(site_ids)))
    names = ("participant_id", "visit__key", "number_canonical", "absent")
    for pk, key, value, absent in results.exclude(participant_id__in=times.several).values_list(*names):
        _take(facts[pk, 0], value, absent, at_baseline=key == baseline)
    dated: Any = results.filter(participant_id__in=times.several).values_list(
        *names, "visit__number", "visit__happened_on"
    )
    for pk, key, value, absent, number, day in dated:
        _take(facts[pk, times.index_of(pk, day, number)], value, absent, at_baseline=key == baseline)
    for own in facts.values():
        if not own.reason and own.visits.get(primary) == MISSED:
            own.reason = "visit missed"


def _not_analysed(facts: Facts, site_ids: Collection[int]) -> None:
    """Who asked for erasure is in the flow, as everybody screened is, and in no analysis."""
    out = engine.left_out_of_analysis(site_ids)
    for (pk, _time), own in facts.items():
        if pk in out:
            stop = out[pk].stop
            own.value, own.reason = False, "" if stop is None else stop.scope


def _take(own: _Facts, value: Any, absent: Mapping[str, str] | None, *, at_baseline: bool) -> None:
    if at_baseline:
        own.baseline = own.baseline or value is not None
        return
    own.value = own.value or value is not None
    own.reason = (absent or {}).get("reported", "") or own.reason
