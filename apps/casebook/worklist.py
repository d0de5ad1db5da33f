"""What waits to be done at the user's sites. Each list is one query, whatever the number of participants."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db import connection
from django.db.models import QuerySet

from apps.celldose.selectors import waiting
from apps.consent.rules import Task
from apps.consent.selectors import tasks as consent_tasks
from apps.consent.selectors.documents import documents_due
from apps.enrolment.models import Participant
from apps.enrolment.rules import participation
from apps.enrolment.selectors import approvals_due, screening
from apps.safety.selectors import clocks as safety_clocks
from apps.safety.selectors.lists import follow_ups_due
from apps.visits.models import Visit
from apps.visits.rules import VisitState
from apps.visits.selectors import due_lines, sites_of
from apps.visits.selectors.holdings import Expectations
from studyportal import protocol
from studyportal.access.models import Site, User
from studyportal.access.permissions import Permission
from studyportal.crf.registry import all_specs
from studyportal.crf.spec import CrfSpec
from studyportal.deviations import selectors as deviations
from studyportal.queries import selectors as queries

SOON_DAYS = 14
FOLLOW_UP_DAYS = 7
FOLLOWED = participation.FOLLOWED


@dataclass(frozen=True)
class Listing:
    """The first rows of a list, and how many there are in all; counts: state → how many."""

    rows: Sequence[Any]
    total: int
    counts: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class DueVisit:
    code: str
    synthetic: bool
    key: str
    label: str
    visit_id: int | None
    earliest: dt.date
    target: dt.date
    latest: dt.date
    state: str  # overdue, due, soon
    days: int  # until the target day: negative when it has passed


@dataclass(frozen=True)
class UnfinishedForm:
    code: str
    synthetic: bool
    form: str
    record_id: int
    updated_at: dt.datetime


@dataclass(frozen=True)
class VisitWithoutForms:
    code: str
    synthetic: bool
    visit_id: int
    key: str
    number: int
    forms: tuple[str, ...]


def visits_due(sites: Sequence[Site], *, limit: int, now: dt.datetime | None = None) -> Listing:
    """Visits whose window has passed, is open, or opens within SOON_DAYS; by the last day of the window.

    Without an anchor to the day a visit has no due date; transcribed cases have nothing due. One query.
    """
    found = due_lines(sites, within_days=SOON_DAYS, limit=limit, now=now)
    rows = [
        DueVisit(
            line.code,
            line.synthetic,
            line.key,
            line.label,
            line.visit_id,
            line.earliest,
            line.target,
            line.latest,
            "soon" if line.state == VisitState.UPCOMING else line.state,
            line.days,
        )
        for line in found.lines
    ]
    counts = {name: found.counts.get(name, 0) for name in ("overdue", "due")}
    return Listing(rows, found.total, counts | {"soon": found.counts.get("upcoming", 0)})


def unfinished_forms(sites: Sequence[Site], *, limit: int) -> Listing:
    """Forms that were saved as incomplete, the oldest first."""
    specs = all_specs()
    ids = [site.pk for site in sites]
    branches = " UNION ALL ".join(
        f"SELECT %s::text AS form, t.id, t.participant_id, t.updated_at FROM {spec.model._meta.db_table} t"
        " WHERE t.status = 'incomplete' AND t.site_id = ANY(%s::bigint[])"
        for spec in specs
    )
    if not sites or not specs:
        return Listing((), 0)
    sql = f"""
    SELECT p.code, p.synthetic, u.form, u.id, u.updated_at, count(*) OVER ()
    FROM ({branches}) u JOIN {Participant._meta.db_table} p ON p.id = u.participant_id
    ORDER BY u.updated_at, u.form, u.id LIMIT %s
    """
    rows = _fetch(sql, [*(value for spec in specs for value in (spec.key, ids)), limit])
    return Listing([UnfinishedForm(*row[:5]) for row in rows], rows[0][5] if rows else 0)


def visits_without_forms(sites: Sequence[Site], *, limit: int) -> Listing:
    """Visits that took place and of which a form that the protocol expects was not begun: each by the version that it
    was held under, so that an amendment asks nothing of the visits before it.

    Transcribed cases are left out: their source says no more.
    """
    editions = [Expectations(plan) for plan in protocol.known()]
    forms = _expected_forms(editions)
    if not sites or not forms:
        return Listing((), 0)
    # Which forms each visit is to have, as one line of booleans for a version, visit and group. The first form that is
    # missing settles that a visit is listed; what else it lacks is looked up for the visits that are shown.
    lines = [
        (
            expectations.plan.version,
            visit.key,
            group,
            *(spec.key in expectations.forms(visit.key, group) for spec in forms),
        )
        for expectations in editions
        for visit in expectations.plan.visits.values()
        for group in visit.groups
    ]
    columns = [f"form_{i}" for i in range(len(forms))]
    lacks = [
        f"(plan.{column} AND NOT EXISTS (SELECT 1 FROM {spec.model._meta.db_table} t WHERE t.visit_id = v.id))"
        for column, spec in zip(columns, forms, strict=True)
    ]
    names = ", ".join(f"CASE WHEN {lack} THEN %s END" for lack in lacks)
    source = f"""{Visit._meta.db_table} v JOIN {Participant._meta.db_table} p ON p.id = v.participant_id
        JOIN plan ON plan.key = v.key AND plan.grp = p."group"
            AND plan.version = CASE WHEN v.protocol_version = ANY(%s) THEN v.protocol_version ELSE %s END"""
    versions = [[one.plan.version for one in editions], protocol.current().version]
    sql = f"""
    WITH plan (version, key, grp, {", ".join(columns)})
        AS (VALUES {_rows(lines, f"(%s, %s, %s{', %s' * len(forms)})")}),
    missing AS MATERIALIZED (
        SELECT v.id FROM {source}
        WHERE v.status = 'done' AND v.site_id = ANY(%s::bigint[]) AND NOT p.retrospective
            AND p.status <> 'withdrawn' AND ({" OR ".join(lacks)})
    )
    SELECT p.code, p.synthetic, v.id, v.key, v.number, array_remove(ARRAY[{names}], NULL),
        (SELECT count(*) FROM missing)
    FROM {source}
    WHERE v.id = ANY(ARRAY(SELECT id FROM missing ORDER BY id LIMIT %s)) ORDER BY v.id
    """
    params = [*_flat(lines), *versions, [site.pk for site in sites]]
    rows = _fetch(sql, [*params, *(spec.key for spec in forms), *versions, limit])
    return Listing(
        [VisitWithoutForms(*row[:5], forms=tuple(row[5])) for row in rows], rows[0][6] if rows else 0
    )


def _expected_forms(editions: Sequence[Expectations]) -> list[CrfSpec]:
    """Forms of visits that a version of the protocol expects somewhere."""
    expected = {
        form
        for expectations in editions
        for visit in expectations.plan.visits.values()
        for group in visit.groups
        for form in expectations.forms(visit.key, group)
    }
    return [spec for spec in all_specs() if "visit" in spec.parents and spec.key in expected]


def open_queries(user: User, *, limit: int) -> Listing:
    """Queries that somebody who enters data is to answer: those assigned to the user first, then the oldest."""
    found = queries.to_answer(user)
    return Listing(list(found[:limit]), found.count(), {"mine": found.filter(queries.mine(user)).count()})


def screened_undecided(user: User, *, limit: int) -> Listing:
    """Those who are being screened for longer than two weeks, the longest first."""
    waiting = screening.undecided(user)
    return Listing(list(waiting[:limit]), waiting.count())


def criteria_unanswered(user: User, *, limit: int) -> Listing:
    """Registered participants with criteria that nobody answered, the oldest first."""
    waiting = screening.unanswered(user)
    return Listing(list(waiting[:limit]), waiting.count())


def deviations_to_settle(user: User, *, limit: int) -> Listing:
    """Major and critical deviations that are open, the gravest first."""
    found = deviations.to_settle(user)
    return Listing(list(found[:limit]), found.count())


def answered_queries(user: User) -> int:
    """Queries that were answered and wait for a data manager."""
    return queries.to_accept(user).count()


@dataclass(frozen=True)
class ConsentDue:
    code: str
    synthetic: bool
    task: Task


def consent_asked(user: User) -> QuerySet[Participant]:
    """Those of whose consent something may have to be done."""
    return Participant.objects.visible_to(user, Permission.RECORD_CONSENT).filter(
        status__in=FOLLOWED, retrospective=False
    )


def consent_due(user: User, *, limit: int) -> Listing:
    """What of consent is to be done at the user's sites, what is overdue first, then by its last day.

    A fixed number of queries; the consent of each person is folded, which takes a while for thousands.
    """
    people = {one.pk: one for one in consent_asked(user).select_related("site")}
    found = [task for tasks in consent_tasks(people.values(), by=user).values() for task in tasks]
    found.sort(
        key=lambda task: (not task.overdue, task.due_on or dt.date.max, people[task.participant_id].code)
    )
    overdue = sum(task.overdue for task in found)
    rows = [
        ConsentDue(people[task.participant_id].code, people[task.participant_id].synthetic, task)
        for task in found[:limit]
    ]
    return Listing(rows, len(found), {"overdue": overdue})


def products_waiting(user: User, *, limit: int) -> Listing:
    """Products that wait for a decision, a signature or a discard, or that grew after their release; urgent ones first."""
    found = waiting.waiting(user)
    return Listing(found[:limit], len(found), {"urgent": sum(one.urgent for one in found)})


def cultures_to_read(user: User, *, limit: int) -> Listing:
    """Cultures of products that are not read, the most overdue first."""
    found = waiting.cultures_to_read(user)
    return Listing(found[:limit], len(found), {"overdue": sum(one.state == "overdue" for one in found)})


def events_to_follow(user: User, *, limit: int) -> Listing:
    """Adverse events that go on and whose next follow-up is due within a week, the longest overdue first."""
    due = follow_ups_due(user, within_days=FOLLOW_UP_DAYS)
    return Listing(list(due[:limit]), due.count())


def events_to_report(user: User, *, limit: int) -> Listing:
    """Serious events of which no report stands, the oldest first."""
    unreported = safety_clocks.unreported(user)
    rows = unreported.select_related("participant", "site").order_by("id")[:limit]
    return Listing(list(rows), unreported.count())


def approvals_to_renew(user: User, *, limit: int) -> Listing:
    """Approvals that do not hold at the user's sites, or lapse within the protocol's days of warning."""
    held = user.sites_with(Permission.VIEW_APPROVALS)
    due = approvals_due([site for site in sites_of(user, Permission.ENTER_DATA) if site.pk in held])
    return Listing(due[:limit], len(due))


def documents_to_settle(user: User, *, limit: int) -> Listing:
    """Consent documents whose approval does not hold or soon will not, and drafts, at the sites where they are kept."""
    held = user.sites_with(Permission.MANAGE_CONSENT_DOCUMENTS)
    due = documents_due([site for site in sites_of(user, Permission.ENTER_DATA) if site.pk in held])
    return Listing(due[:limit], len(due))


def _rows(values: Sequence[Any], one: str) -> str:
    return ", ".join([one] * len(values))


def _flat(rows: Sequence[Sequence[Any]]) -> list[Any]:
    return [value for row in rows for value in row]


def _fetch(sql: str, params: list[Any]) -> list[Any]:
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        return cursor.fetchall()
