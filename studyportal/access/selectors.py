"""Reading people, sites and the delegation log, each for who may see them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, TypeVar

from django.apps import apps
from django.db.models import Count, F, Model, Prefetch, Q, QuerySet
from django.http import Http404
from django.utils import timezone
from django.utils.translation import gettext as _

from studyportal.access.models import AllSites, Membership, Site, User
from studyportal.access.permissions import Permission
from studyportal.access.roles import ROLES, roles_with

M = TypeVar("M", bound=Model)

PAGE = 50


@dataclass(frozen=True)
class PeopleChoice:
    """What a list of people is narrowed to; "" for no restriction. active: "yes", "no" or ""."""

    q: str = ""
    active: str = ""
    role: str = ""
    site: str = ""


@dataclass(frozen=True)
class LogChoice:
    """What the delegation log is narrowed to. on: the day on which the role was held."""

    site: str = ""
    person: str = ""
    role: str = ""
    on: dt.date | None = None


def in_force(day: dt.date) -> Q:
    """Memberships that hold on the day, as far as it is known now."""
    return Q(valid_from__lte=day, ended_at__isnull=True) & (
        Q(valid_until__isnull=True) | Q(valid_until__gte=day)
    )


def held_during(
    user: User, permission: Permission, site: Site | int, first: dt.date, last: dt.date
) -> tuple[Membership | None, bool]:
    """The role that gave the person the permission at the site on some day between the two, and whether one or another
    gave it on each of them. A role that ended in the course of a day was held on that day."""
    site_id = site.pk if isinstance(site, Site) else site
    held = list(
        Membership.objects.filter(
            Q(site_id=site_id) | Q(site__isnull=True),
            Q(valid_until__isnull=True) | Q(valid_until__gte=first),
            user=user,
            role__in=roles_with(permission),
            valid_from__lte=last,
        )
        .exclude(ended_at__date__lt=F("valid_from"))
        .order_by("valid_from", "id")
    )
    day = first
    for membership in held:
        if membership.valid_from > day:
            break
        day = max(day, (membership.valid_until or last) + dt.timedelta(days=1))
    return (held[-1] if held else None), bool(held) and day > last


def people(choice: PeopleChoice) -> QuerySet[User]:
    """By user name, with the roles of today; two queries."""
    today = timezone.localdate()
    found = User.objects.order_by("username")
    if choice.q:
        found = found.filter(
            Q(username__icontains=choice.q)
            | Q(display_name__icontains=choice.q)
            | Q(email__icontains=choice.q)
        )
    if choice.active:
        found = found.filter(is_active=choice.active == "yes")
    if choice.role or choice.site:
        held = Membership.objects.filter(in_force(today))
        if choice.role:
            held = held.filter(role=choice.role)
        if choice.site:
            held = held.filter(site__code=choice.site)
        found = found.filter(pk__in=held.values("user"))
    roles = Membership.objects.filter(in_force(today)).select_related("site").order_by("site__code", "role")
    return found.prefetch_related(Prefetch("memberships", queryset=roles, to_attr="roles_today"))


def person_or_404(username: str) -> User:
    found = User.objects.select_related("deactivated_by").filter(username=username).first()
    if found is None:
        raise Http404(_("There is no person with this user name."))
    return found


def roles_of(user: User) -> list[Membership]:
    """Every role that the person held, holds or will hold: newest first."""
    return list(user.memberships.select_related("site", "granted_by", "ended_by").order_by("-id"))


def membership_or_404(pk: int) -> Membership:
    found = Membership.objects.select_related("user", "site").filter(pk=pk).first() if pk < 2**63 else None
    if found is None:
        raise Http404(_("There is no such entry in the delegation log."))
    return found


def sites() -> QuerySet[Site]:
    """With the number of people who hold a role there today: one query."""
    today = timezone.localdate()
    held = Q(memberships__valid_from__lte=today, memberships__ended_at__isnull=True) & (
        Q(memberships__valid_until__isnull=True) | Q(memberships__valid_until__gte=today)
    )
    return Site.objects.annotate(staff=Count("memberships__user", filter=held, distinct=True)).order_by(
        "code"
    )


def site_or_404(code: str) -> Site:
    found = Site.objects.filter(code=code).first()
    if found is None:
        raise Http404(_("There is no site with this code."))
    return found


def delegations(user: User, choice: LogChoice | None = None) -> QuerySet[Membership]:
    """The delegation log of the sites whose log the user may read, newest entry first. A role of the whole
    study holds at each site, and is in each site's log."""
    reached = user.sites_with(Permission.VIEW_DELEGATIONS)
    found = Membership.objects.select_related("user", "site", "granted_by", "ended_by").order_by("-id")
    if not isinstance(reached, AllSites):
        found = found.filter(Q(site__in=reached) | Q(site__isnull=True)) if reached else found.none()
    if choice is None:
        return found
    if choice.site:
        found = found.filter(Q(site__code=choice.site) | Q(site__isnull=True))
    if choice.person:
        found = found.filter(
            Q(user__username__icontains=choice.person) | Q(user__display_name__icontains=choice.person)
        )
    if choice.role:
        found = found.filter(role=choice.role)
    if choice.on is not None:
        # Held for a part of the day counts; what was taken back before it began never held.
        found = found.filter(
            Q(valid_until__isnull=True) | Q(valid_until__gte=choice.on), valid_from__lte=choice.on
        ).exclude(ended_at__date__lt=F("valid_from"))
    return found


def delegation_sites(user: User) -> list[Site]:
    """The sites whose log the user may read."""
    reached = user.sites_with(Permission.VIEW_DELEGATIONS)
    found = Site.objects.order_by("code")
    return list(found if isinstance(reached, AllSites) else found.filter(pk__in=reached))


def page_of(rows: QuerySet[M], *, after: Q | None) -> tuple[list[M], bool]:
    """At most PAGE rows after the key, and whether there are more."""
    found = list((rows if after is None else rows.filter(after))[: PAGE + 1])
    return found[:PAGE], len(found) > PAGE


def with_second_factor(users: Iterable[User]) -> set[int] | None:
    """Ids of those who have a second factor; None where the portal has none. One query."""
    if not apps.is_installed("allauth.mfa"):
        return None
    model: Any = apps.get_model("mfa", "Authenticator")
    found = model.objects.filter(user_id__in=[user.pk for user in users]).exclude(type="recovery_codes")
    return set(found.values_list("user_id", flat=True))


def role_choices() -> list[tuple[str, str]]:
    return [(key, str(role.label)) for key, role in ROLES.items()]
