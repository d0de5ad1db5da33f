"""Reading deviations: lists for people, those of some records, counts. The caller names the user or has asked before."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, Q, QuerySet

from studyportal.access.declare import get_visible_or_404
from studyportal.access.models import User
from studyportal.access.permissions import Permission
from studyportal.deviations.models import Classification, Deviation, DeviationState, Kind
from studyportal.ui.paging import KeyPage, page_by_key

ALL = "all"
BY_RULE, BY_PERSON = "rule", "person"
# What is still to be done with an open one.
OVERDUE, UNASSESSED, UNPLANNED, UNREPORTED = "overdue", "unassessed", "unplanned", "unreported"


@dataclass(frozen=True)
class Choice:
    """What the list of deviations is narrowed to; state "" is what is open, "all" everything."""

    state: str = ""
    classification: str = ""
    kind: str = ""
    todo: str = ""
    raised: str = ""
    site: str = ""
    q: str = ""


def deviation_or_404(user: User, pk: Any, permission: Permission = Permission.VIEW_SAFETY) -> Deviation:
    """A deviation at a site where the user holds the permission."""
    found = Deviation.objects.select_related("site", "participant", "raised_by", "closed_by")
    deviation: Deviation = get_visible_or_404(found, user, permission, pk=pk)
    return deviation


def all_of(user: User) -> QuerySet[Deviation]:
    """Every deviation that the user may see, in order of entry, with what its answer needs."""
    found: QuerySet[Deviation] = Deviation.objects.visible_to(user, Permission.VIEW_SAFETY)
    return found.select_related("site", "participant", "raised_by", "closed_by").order_by("id")


def still_to_do(found: QuerySet[Deviation], todo: str, *, today: dt.date) -> QuerySet[Deviation]:
    """Those with which that (one of TODO) is to be done."""
    return found.filter(_to_do(todo, today))


def deviations(user: User, choice: Choice, *, today: dt.date) -> QuerySet[Deviation]:
    """Those that the user may see, narrowed. today: by which an action is overdue."""
    found = Deviation.objects.visible_to(user, Permission.VIEW_SAFETY)
    if choice.todo in TODO:
        found = found.filter(_to_do(choice.todo, today))
    elif choice.state in DeviationState.values:
        found = found.filter(state=choice.state)
    elif choice.state != ALL:
        found = found.filter(state=DeviationState.OPEN)
    if choice.classification in Classification.values:
        found = found.filter(classification=choice.classification)
    if choice.kind in Kind.values:
        found = found.filter(kind=choice.kind)
    if choice.raised in (BY_RULE, BY_PERSON):
        found = found.filter(raised_by__isnull=choice.raised == BY_RULE)
    if choice.site:
        found = found.filter(site__code=choice.site)
    if choice.q:
        found = found.filter(participant__code__contains=code_of(choice.q))
    return found


TODO = (OVERDUE, UNASSESSED, UNPLANNED, UNREPORTED)
_GRAVE = Q(state=DeviationState.OPEN, classification__in=(Classification.MAJOR, Classification.CRITICAL))


def _to_do(todo: str, today: dt.date) -> Q:
    """The rules of `rules.next_step` and `rules.overdue` as a question to the database."""
    assessed = ~Q(root_cause="")
    planned = ~Q(corrective_action="") & ~Q(preventive_action="")
    told = Q(reported_to_committee_on__isnull=False) | ~Q(not_reported_because="")
    if todo == OVERDUE:
        return Q(state=DeviationState.OPEN, action_due_on__lt=today)
    if todo == UNASSESSED:
        return _GRAVE & ~assessed
    if todo == UNPLANNED:
        return _GRAVE & assessed & ~planned
    return _GRAVE & assessed & planned & ~told


def code_of(text: str) -> str:
    """What was typed of a participant code."""
    return text.strip().upper().replace("\x00", "")[:20]


def page_of(found: QuerySet[Any], *, after: int = 0, before: int = 0, size: int = 25) -> KeyPage:
    """A page of a list, newest first."""
    return page_by_key(found, after=after, before=before, size=size)


def counts(user: User, *, today: dt.date) -> Mapping[str, int]:
    """How many are open, open by class (minor, major, critical) and to be done (TODO), at the sites of the user."""
    found = Deviation.objects.visible_to(user, Permission.VIEW_SAFETY).filter(state=DeviationState.OPEN)
    asked: dict[str, Any] = {
        "open": Count("id"),
        **{one: Count("id", filter=Q(classification=one)) for one in Classification.values},
        **{todo: Count("id", filter=_to_do(todo, today)) for todo in TODO},
    }
    return found.order_by().aggregate(**asked)


def count_to_settle(user: User) -> int:
    """How many grave ones are open where the user settles them; one query."""
    return Deviation.objects.visible_to(user, Permission.MANAGE_DEVIATIONS).filter(_GRAVE).count()


def to_settle(user: User) -> QuerySet[Deviation]:
    """The grave ones that are open where the user settles them, the gravest and oldest first."""
    found: QuerySet[Deviation] = Deviation.objects.visible_to(user, Permission.MANAGE_DEVIATIONS)
    # Their words happen to be in this order: critical, major.
    return found.filter(_GRAVE).select_related("participant").order_by("classification", "id")


def of_records(records: Mapping[str, Collection[int]]) -> list[Deviation]:
    """The deviations of some records, by form key → ids, without those no longer present; newest first. One query.

    For pages that show a thing with what went wrong with it: the caller has asked whether the reader may see it.
    """
    asked = Q()
    for form, ids in records.items():
        if ids:
            asked |= Q(form=form, object_id__in=ids)
    if not asked:
        return []
    found = Deviation.objects.filter(asked).exclude(state=DeviationState.WITHDRAWN)
    return list(found.order_by("-id"))
