"""Reading queries, each for who may see them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.db.models import Case, Count, DateField, F, Func, IntegerField, Q, QuerySet, Value, When
from django.db.models.functions import Coalesce
from django.utils import timezone

from studyportal.access.declare import get_visible_or_404
from studyportal.access.models import AllSites, Membership, User
from studyportal.access.permissions import Permission
from studyportal.access.roles import roles_with
from studyportal.access.selectors import in_force
from studyportal.queries.models import Query, QueryOrigin, QueryState
from studyportal.queries.rules import BANDS, Age, band
from studyportal.ui.paging import KeyPage, page_by_key

SEES = Permission.VIEW_DATA
# Who asks: those who manage queries, and those who answer for the data of a site.
ASKS = (Permission.MANAGE_QUERIES, Permission.SIGN_RECORDS)
ASSIGNS = (Permission.MANAGE_QUERIES, Permission.ENTER_DATA)
MINE, NOBODY = "me", "nobody"


@dataclass(frozen=True)
class Choice:
    """What the board is narrowed to; "" for no restriction, state "" for everything that is not closed.

    assignee: "me" (or a role that one holds), "nobody", or a user name. age: of what is not closed.
    """

    state: str = ""
    site: str = ""
    form: str = ""
    origin: str = ""
    assignee: str = ""
    code: str = ""
    age: str = ""
    q: str = ""


class _LocalDay(Func):
    """The day on which a moment falls in a zone."""

    function = "timezone"
    template = "(%(function)s(%(expressions)s)::date)"
    output_field = DateField()


class _DaysBetween(Func):
    """Whole days from the second day to the first."""

    arg_joiner = " - "
    template = "greatest(0, %(expressions)s)"
    output_field = IntegerField()


def with_age(found: QuerySet[Query], *, now: dt.datetime | None = None) -> QuerySet[Query]:
    """With `age`: days since it was last asked, by the calendar of its site (`rules.age_in_days`)."""
    moment = Value(now or timezone.now())
    zone = F("site__timezone")
    return found.annotate(
        age=_DaysBetween(_LocalDay(zone, moment), _LocalDay(zone, Coalesce(F("reopened_at"), F("opened_at"))))
    )


def within(found: QuerySet[Any], user: User, permissions: Iterable[Permission]) -> QuerySet[Any]:
    """The rows of the sites where the user holds one of the permissions."""
    reached: frozenset[int] = frozenset()
    for permission in permissions:
        sites = user.sites_with(permission)
        if isinstance(sites, AllSites):
            return found
        reached |= sites
    return found.filter(site_id__in=reached)


def one_or_404(found: QuerySet[Any], user: User, *permissions: Permission, **lookup: Any) -> Any:
    """The one row of a SiteScoped model that the user reaches by any of the permissions; Http404 otherwise."""
    return get_visible_or_404(within(found, user, permissions), user, SEES, **lookup)


def query_or_404(user: User, pk: int, *permissions: Permission) -> Query:
    """With everything said in it and its age. permissions: of which one is enough."""
    found: Query = one_or_404(shown(with_age(Query.objects.all())), user, *permissions, pk=pk)
    return found


def mine(user: User) -> Q:
    """Assigned to the person, or to a role that the person holds at the site of the query."""
    found = Q(assigned_to=user)
    for role, sites in user.grants.items():
        at = Q(assigned_role=role)
        found |= at if isinstance(sites, AllSites) else at & Q(site_id__in=sites)
    return found


def assignees(site_id: int) -> list[User]:
    """Those who may be asked at a site: who enters data there or manages its queries today. By name; one query."""
    roles = roles_with(Permission.ENTER_DATA) | roles_with(Permission.MANAGE_QUERIES)
    holds = Membership.objects.filter(
        in_force(timezone.localdate()), Q(site_id=site_id) | Q(site__isnull=True), role__in=roles
    )
    return list(
        User.objects.filter(is_active=True, pk__in=holds.values("user")).order_by("display_name", "username")
    )


def queries(
    user: User, choice: Choice, permission: Permission = SEES, *, now: dt.datetime | None = None
) -> QuerySet[Query]:
    """The queries of the user's sites that fit the choice, with their age."""
    found = with_age(Query.objects.visible_to(user, permission), now=now)
    if choice.state in QueryState.values:
        found = found.filter(state=choice.state)
    elif choice.state != "all":
        found = found.exclude(state=QueryState.CLOSED)
    if choice.site:
        found = found.filter(site__code=choice.site)
    if choice.form:
        # Those about the participant have no form.
        found = found.filter(form="" if choice.form == "participant" else choice.form)
    if choice.origin:
        found = found.filter(origin=choice.origin)
    if choice.code:
        found = found.filter(code=choice.code)
    if choice.assignee:
        found = answered_by(found, user, choice.assignee)
    if choice.age in list(Age):
        found = as_old_as(found, Age(choice.age))
    if choice.q:
        found = found.filter(participant__code__contains=choice.q.strip().upper().replace("\x00", "")[:20])
    return found


def answered_by(found: QuerySet[Query], user: User, who: str) -> QuerySet[Query]:
    """who: "me" (or a role that the user holds), "nobody", or a user name."""
    if who == MINE:
        return found.filter(mine(user))
    if who == NOBODY:
        return found.filter(assigned_to__isnull=True, assigned_role="")
    return found.filter(assigned_to__username=who)


def as_old_as(found: QuerySet[Query], age: Age) -> QuerySet[Query]:
    """Of queries with their age, those that are not closed and wait for so long."""
    asked = band(age)
    found = found.exclude(state=QueryState.CLOSED).filter(age__gte=asked.first)
    return found if asked.last is None else found.filter(age__lte=asked.last)


def shown(found: QuerySet[Query]) -> QuerySet[Query]:
    """With what a card or the API shows of each: three queries, whatever their number."""
    return found.select_related("participant", "site", "assigned_to", "raised_by").prefetch_related(
        "messages__author"
    )


def page_of(user: User, choice: Choice, *, after: int = 0, before: int = 0, size: int = 25) -> KeyPage:
    """A page of the board, newest first, with everything said in each query."""
    return page_by_key(shown(queries(user, choice)), after=after, before=before, size=size)


def counts(user: User) -> dict[str, int]:
    """State → how many queries at the sites of the user, and "mine": how many are open and assigned to the user."""
    found = Query.objects.visible_to(user, SEES).order_by()
    states = dict(found.values_list("state").annotate(Count("id")))
    return states | {"mine": found.filter(mine(user), state=QueryState.OPEN).count()}


@dataclass(frozen=True)
class Line:
    """One line of the table: a form at a site. ages: band → how many are open; answered: wait to be accepted."""

    site: str
    form: str
    open: int
    answered: int
    closed: int
    ages: dict[Age, int]


def counts_by_form(user: User, choice: Choice, *, now: dt.datetime | None = None) -> list[Line]:
    """Site × form → how many queries of each state, and how long the open ones wait: one query."""
    everything = Choice(**{**vars(choice), "state": "all", "age": ""})
    is_open = Q(state=QueryState.OPEN)
    ages = {
        f"age_{one.age}": Count(
            "id",
            filter=is_open & Q(age__gte=one.first) & (Q() if one.last is None else Q(age__lte=one.last)),
        )
        for one in BANDS
    }
    rows: Any = (
        queries(user, everything, now=now)
        .order_by()
        .values("site__code", "form")
        .annotate(
            n_open=Count("id", filter=is_open),
            n_answered=Count("id", filter=Q(state=QueryState.ANSWERED)),
            n_closed=Count("id", filter=Q(state=QueryState.CLOSED)),
            **ages,
        )
        .order_by("site__code", "form")
    )
    return [
        Line(
            site=row["site__code"],
            form=row["form"],
            open=row["n_open"],
            answered=row["n_answered"],
            closed=row["n_closed"],
            ages={one.age: row[f"age_{one.age}"] for one in BANDS},
        )
        for row in rows
    ]


def to_answer(user: User) -> QuerySet[Query]:
    """Open queries at the sites where the user enters data: those assigned to the user first, then the oldest; those
    that somebody else is to answer come last."""
    return (
        with_age(Query.objects.visible_to(user, Permission.ENTER_DATA))
        .filter(state=QueryState.OPEN)
        .annotate(
            whose=Case(
                When(mine(user), then=Value(0)),
                When(assigned_to__isnull=True, assigned_role="", then=Value(1)),
                default=Value(2),
                output_field=IntegerField(),
            )
        )
        .select_related("participant", "assigned_to")
        .order_by("whose", Coalesce(F("reopened_at"), F("opened_at")), "id")
    )


def to_accept(user: User) -> QuerySet[Query]:
    """Answered, and waiting for who manages queries."""
    return Query.objects.visible_to(user, Permission.MANAGE_QUERIES).filter(state=QueryState.ANSWERED)


def of_record(form: str, object_id: int) -> list[Query]:
    """The queries of a record in the order in which they were asked: three queries."""
    return list(shown(with_age(Query.objects.filter(form=form, object_id=object_id))).order_by("id"))


def of_participant(participant_id: int) -> list[Query]:
    """The queries of a participant that are not closed, the open ones first: three queries."""
    found = Query.objects.filter(participant_id=participant_id).exclude(state=QueryState.CLOSED)
    return list(shown(with_age(found)).order_by("-state", "id"))


def asked_about(user: User) -> tuple[list[str], list[str], list[tuple[str, str]]]:
    """What the board can be narrowed to: the forms and the codes of checks that have queries, and the people to whom any
    is assigned (user name, name). Two queries."""
    seen = Query.objects.visible_to(user, SEES).order_by()
    pairs = list(seen.values_list("form", "code", "origin").distinct())
    people = User.objects.filter(
        pk__in=seen.filter(assigned_to__isnull=False).values("assigned_to")
    ).order_by("display_name", "username")
    return (
        sorted({form for form, _code, _origin in pairs}),
        sorted({code for _form, code, origin in pairs if origin == QueryOrigin.CHECK}),
        [(one.username, str(one)) for one in people],
    )
