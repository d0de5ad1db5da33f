"""Which visits are to be held, over all participants of some sites: one query, whatever their number.

The same dates and states as `schedules`, in SQL: a test holds the two together. It asks those who take part: nothing
is due of somebody who has left, of a transcribed case, or while the anchor of a visit is not known to the day.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import Any
from zoneinfo import ZoneInfo

from django.db import connection
from django.utils import timezone

from apps.enrolment.models import Group, GroupEvent, GroupEventKind, Participant
from apps.enrolment.rules.participation import FOLLOWED
from apps.visits.models import Anchor, Visit, VisitStatus
from apps.visits.selectors.anchors import dating_visits, session_visits
from studyportal import protocol
from studyportal.access.models import AllSites, Site, User
from studyportal.access.permissions import Permission
from studyportal.protocol.schedule import PREVIOUS_VISIT
from studyportal.protocol.schedule import Visit as Planned

# A partial date that is known to the day; the last and the first day that one can mean (an age: none).
_EXACT = "CASE WHEN length({0}) = 10 THEN {0}::date END"
_LATEST = (
    "CASE WHEN {0} LIKE 'age%%' THEN NULL WHEN length({0}) = 10 THEN {0}::date WHEN length({0}) = 7"
    " THEN ({0} || '-01')::date + interval '1 month' - interval '1 day' WHEN length({0}) = 4"
    " THEN ({0} || '-12-31')::date END"
)
_EARLIEST = (
    "CASE WHEN {0} LIKE 'age%%' THEN NULL WHEN length({0}) = 10 THEN {0}::date WHEN length({0}) = 7"
    " THEN ({0} || '-01')::date WHEN length({0}) = 4 THEN ({0} || '-01-01')::date END"
)


@dataclass(frozen=True)
class DueLine:
    """One visit that is to be held. code, site: of the participant and of his or her site. state: upcoming, due or
    overdue (`rules.VisitState`), today at the site. visit_id: its record when it was planned. days: from today to the
    target day, negative when that has passed."""

    code: str
    synthetic: bool
    site: str
    key: str
    label: str
    earliest: dt.date
    target: dt.date
    latest: dt.date
    state: str
    visit_id: int | None
    days: int


@dataclass(frozen=True)
class DueLines:
    """The first lines, by the last day of the window, and how many there are in all and in each state."""

    lines: Sequence[DueLine]
    total: int
    counts: dict[str, int] = field(default_factory=dict)


def due_between(
    who: User | Collection[Site],
    first: dt.date,
    last: dt.date,
    *,
    permission: Permission = Permission.VIEW_DATA,
    now: dt.datetime | None = None,
) -> list[DueLine]:
    """Visits to be held whose window touches the days first…last, at the sites where the user holds the permission,
    by target day and code. Visits that took place or were missed are in the table of visits. Two queries, or one.
    """
    sites = sites_of(who, permission) if isinstance(who, User) else list(who)
    found = due_lines(sites, first=first, last=last, now=now)
    return sorted(found.lines, key=lambda line: (line.target, line.code, line.key))


def sites_of(user: User, permission: Permission) -> list[Site]:
    """The active sites where the user holds the permission, by code: one query."""
    held = user.sites_with(permission)
    found = Site.objects.filter(is_active=True).order_by("code")
    return list(found if isinstance(held, AllSites) else found.filter(pk__in=held))


def due_lines(
    sites: Sequence[Site],
    *,
    first: dt.date | None = None,
    last: dt.date | None = None,
    within_days: int | None = None,
    limit: int | None = None,
    now: dt.datetime | None = None,
) -> DueLines:
    """Visits to be held: those whose window touches first…last, or opens within so many days from today at the site.
    Without any of these, all of them. limit: of the lines; the counts are of all. One query.
    """
    moment = now or timezone.now()
    plans, assigned = _plans(timezone.localdate(moment))
    numbers = {key: n for n, key in enumerate(dict.fromkeys(key for plan in plans for key in plan.visits))}
    dating = sorted({key for plan in plans for key in dating_visits(plan)})
    slots = _Slots(dating)
    lines = [
        (
            edition,
            numbers[visit.key],
            visit.key,
            group,
            slots.of(plan, visit, group),
            visit.target_day,
            visit.window_before,
            visit.window_after,
        )
        for edition, plan in enumerate(plans)
        for visit in plan.visits.values()
        if visit.scheduled
        for group in visit.groups
    ]
    if not sites or not lines:
        return DueLines((), 0, dict.fromkeys(("overdue", "due", "upcoming"), 0))
    clock = [(site.pk, moment.astimezone(ZoneInfo(site.timezone)).date(), site.code) for site in sites]
    participant, visit_table = Participant._meta.db_table, Visit._meta.db_table
    # One pass over the visits gives each participant the days that others are counted from, and which visits are
    # settled: a scheduled visit is held once, so no visit has to be looked up for each line of the plan.
    days = "".join(
        f", max({_EXACT.format('v.happened_on')}) FILTER (WHERE v.key = %s AND v.status = 'done') AS day_{i},"
        f" bool_or(v.status = 'done') FILTER (WHERE v.key = %s) AS held_{i}"
        for i in range(len(dating))
    )
    sql = f"""
    WITH plan (edition, number, key, grp, slot, target, before, after)
        AS (VALUES {_rows(lines, "(%s::int, %s::int, %s, %s, %s::int, %s::int, %s::int, %s::int)")}),
    assigned (version, edition) AS (VALUES {_rows(assigned, "(%s, %s::int)")}),
    clock (site_id, today, site) AS (VALUES {_rows(clock, "(%s::bigint, %s::date, %s)")}),
    numbers (key, number) AS (VALUES {_rows(list(numbers.items()), "(%s, %s::int)")}),
    crossed AS (
        SELECT DISTINCT ON (g.participant_id) g.participant_id, {_EXACT.format("g.effective_on")} AS day,
            {_EARLIEST.format("g.effective_on")} AS earliest, g.previous_index_date
        FROM {GroupEvent._meta.db_table} g JOIN {participant} p ON p.id = g.participant_id AND p."group" = %s
        WHERE g.kind = %s ORDER BY g.participant_id, g.id DESC
    ),
    held AS (
        SELECT v.participant_id, array_agg(numbers.number) AS settled{days}
        FROM {visit_table} v JOIN numbers ON numbers.key = v.key
        LEFT JOIN crossed c ON c.participant_id = v.participant_id
        WHERE v.status <> %s AND v.site_id = ANY(%s::bigint[])
            AND CASE WHEN c.participant_id IS NULL THEN v.number = 1
                ELSE NOT coalesce({_LATEST.format("v.happened_on")} < c.earliest, false) END
        GROUP BY v.participant_id
    ),
    people AS (
        SELECT p.id, p.code, p.synthetic, p."group" AS grp, clock.today, clock.site,
            coalesce(a.edition, 0) AS edition, coalesce(p.index_date, c.previous_index_date) AS index_date,
            c.day AS crossed_on, {_EXACT.format("p.enrolled_on")} AS enrolled_on, h.*
        FROM {participant} p
        JOIN clock ON clock.site_id = p.site_id
        LEFT JOIN assigned a ON a.version = p.protocol_version
        LEFT JOIN crossed c ON c.participant_id = p.id
        LEFT JOIN held h ON h.participant_id = p.id
        WHERE p.status = ANY(%s) AND NOT p.retrospective
    ),
    dated AS (
        SELECT h.id, h.code, h.synthetic, h.site, h.today, plan.edition, plan.key, plan.target, plan.before,
            plan.after, {slots.sql} AS day
        FROM people h JOIN plan ON plan.grp = h.grp AND plan.edition = h.edition
        WHERE plan.number <> ALL(coalesce(h.settled, '{{}}'))
    ),
    listed AS MATERIALIZED (
        SELECT id, code, synthetic, site, edition, key, today, day + (target - before) AS earliest,
            day + target AS target, day + (target + after) AS latest,
            CASE WHEN today > day + (target + after) THEN 'overdue'
            WHEN today >= day + (target - before) THEN 'due' ELSE 'upcoming' END AS state
        FROM dated
        WHERE day IS NOT NULL AND (%s::date IS NULL OR day + (target + after) >= %s::date)
            AND (%s::date IS NULL OR day + (target - before) <= %s::date)
            AND (%s::int IS NULL OR day + (target - before) <= today + %s::int)
    ),
    first AS (SELECT * FROM listed ORDER BY latest, code, target LIMIT %s),
    counts AS (
        SELECT count(*), count(*) FILTER (WHERE state = 'overdue'), count(*) FILTER (WHERE state = 'due'),
            count(*) FILTER (WHERE state = 'upcoming')
        FROM listed
    )
    SELECT first.code, first.synthetic, first.site, first.key, first.edition, first.earliest, first.target,
        first.latest, first.state, planned.id, first.target - first.today, counts.*
    FROM first CROSS JOIN counts
    LEFT JOIN LATERAL (
        SELECT v.id FROM {visit_table} v
        WHERE v.participant_id = first.id AND v.key = first.key AND v.status = %s ORDER BY v.number DESC LIMIT 1
    ) planned ON true
    ORDER BY first.latest, first.code, first.target
    """
    params = [
        *_flat(lines),
        *_flat(assigned),
        *_flat(clock),
        *_flat(list(numbers.items())),
        Group.CASE.value,
        GroupEventKind.CROSSED_OVER.value,
        *(key for key in dating for _twice in range(2)),
        VisitStatus.PLANNED.value,
        [site.pk for site in sites],
        list(FOLLOWED),
        first,
        first,
        last,
        last,
        within_days,
        within_days,
        limit,
        VisitStatus.PLANNED.value,
    ]
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        rows = cursor.fetchall()
    if not rows:
        return DueLines((), 0, dict.fromkeys(("overdue", "due", "upcoming"), 0))
    total, overdue, due, upcoming = rows[0][11:]
    labels = [{key: str(visit.label) for key, visit in plan.visits.items()} for plan in plans]
    found = [
        DueLine(code, synthetic, site, key, labels[edition][key], *rest)
        for code, synthetic, site, key, edition, *rest in (row[:11] for row in rows)
    ]
    return DueLines(found, total, {"overdue": overdue, "due": due, "upcoming": upcoming})


def _plans(today: dt.date) -> tuple[list[protocol.Protocol], list[tuple[str, int]]]:
    """The versions that count for anybody, and assigned version → its place among them. The first: for everybody else.

    The text of a version is looked up only while an amendment leaves some participants under the one before.
    """
    plans = [protocol.at("", today)]
    now = protocol.current()
    assigned = [("", 0)]
    if protocol.version_takes_over_all(now, today):
        return plans, assigned
    for known in protocol.known():
        plan = protocol.at(known.version, today)
        if plan.version not in [one.version for one in plans]:
            plans.append(plan)
        assigned.append((known.version, [one.version for one in plans].index(plan.version)))
    return plans, assigned


class _Slots:
    """The ways in which the visits of the protocols are counted, each once: what the SQL chooses among."""

    def __init__(self, dating: list[str]) -> None:
        self._column = {key: number for number, key in enumerate(dating)}
        self._found: dict[str, int] = {}

    def of(self, plan: protocol.Protocol, visit: Planned, group: str) -> int:
        return self._found.setdefault(self._day(plan, visit, group), len(self._found))

    @property
    def sql(self) -> str:
        # Made of column names and whole numbers only; nothing that a protocol or a person wrote is in it.
        return "CASE plan.slot " + " ".join(f"WHEN {n} THEN {sql}" for sql, n in self._found.items()) + " END"

    def _day(self, plan: protocol.Protocol, visit: Planned, group: str) -> str:
        anchor = dict(visit.anchor).get(group, "")
        if anchor == PREVIOUS_VISIT and visit.after is not None:
            before: Planned = plan.visits[visit.after]
            column = self._column[before.key]
            planned = f"({self._day(plan, before, group)}) + {int(before.target_day or 0)}"
            return f"CASE WHEN coalesce(h.held_{column}, false) THEN h.day_{column} ELSE {planned} END"
        if anchor == Anchor.INDEX:
            return "h.index_date"
        if anchor == Anchor.ENROLMENT:
            return "h.enrolled_on"
        dates = [self._column[key] for key, dated in session_visits(plan).items() if dated == anchor]
        given = [f"h.day_{column}" for column in dates]
        if anchor == Anchor.SESSION_1:
            # Until the session of a control who was treated is recorded, the day of the treatment stands for it.
            held = " OR ".join(f"coalesce(h.held_{column}, false)" for column in dates)
            if not given:
                return "h.crossed_on"
            return f"CASE WHEN h.grp = 'case' THEN CASE WHEN {held} THEN coalesce({', '.join(given)}) ELSE h.crossed_on END END"
        return f"CASE WHEN h.grp = 'case' THEN coalesce({', '.join(given)}) END" if given else "NULL::date"


def _rows(values: Sequence[Any], one: str) -> str:
    return ", ".join([one] * len(values))


def _flat(rows: Sequence[Sequence[Any]]) -> list[Any]:
    return [value for row in rows for value in row]
