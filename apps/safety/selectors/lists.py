"""The list of adverse events: what is chosen, a page of it, and how many there are. A fixed number of queries."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, Q, QuerySet
from django.utils import timezone

from apps.safety.models import AdverseEvent
from apps.safety.rules import ENDED_OUTCOMES
from apps.safety.selectors.events import adverse_events
from studyportal.access.models import User
from studyportal.access.permissions import Permission
from studyportal.ui.paging import KeyPage, page_by_key

OPEN = ~Q(outcome__in=ENDED_OUTCOMES) | Q(outcome=None)


@dataclass(frozen=True)
class Choice:
    """state: open, ended, due (follow-up overdue) or unfinished; grade: at least; "" for all."""

    q: str = ""
    state: str = ""
    serious: str = ""
    term: str = ""
    grade: str = ""
    special: str = ""
    site: str = ""


def page(user: User, choice: Choice, *, after: int = 0, before: int = 0) -> KeyPage:
    """Newest first, by entry."""
    return page_by_key(_chosen(user, choice), after=after, before=before)


def counts(user: User, choice: Choice) -> Mapping[str, int]:
    """all, open, serious, serious_open and due, with the choice of site and words, whatever else is chosen."""
    found = _chosen(user, Choice(q=choice.q, site=choice.site))
    # An alias that is the name of a column would be read as the aggregate in the filters behind it.
    counted = found.order_by().aggregate(
        n_all=Count("pk"),
        n_open=Count("pk", filter=OPEN),
        n_serious=Count("pk", filter=Q(serious=True)),
        n_serious_open=Count("pk", filter=Q(serious=True) & OPEN),
        n_due=Count("pk", filter=overdue_by(today())),
    )
    return {name.removeprefix("n_"): number for name, number in counted.items()}


def overdue_by(day: dt.date) -> Q:
    """Followed up no later than the day before."""
    return OPEN & Q(follow_up_due_on__lt=day)


def follow_ups_due(
    user: User, *, within_days: int = 0, permission: Permission = Permission.ENTER_DATA
) -> QuerySet[AdverseEvent]:
    """Open events whose next follow-up is due within so many days, the longest overdue first."""
    last = today() + dt.timedelta(days=within_days)
    return (
        adverse_events(user, permission)
        .filter(OPEN, follow_up_due_on__lte=last, participant__retrospective=False)
        .order_by("follow_up_due_on", "id")
    )


def today() -> dt.date:
    """In the zone that is active: the site's on its pages."""
    return timezone.localdate()


def _chosen(user: User, choice: Choice) -> QuerySet[AdverseEvent]:
    found: Any = adverse_events(user, Permission.VIEW_SAFETY)
    if choice.q:
        found = found.filter(Q(verbatim__icontains=choice.q) | Q(participant__code__icontains=choice.q))
    if choice.site:
        found = found.filter(site__code=choice.site)
    if choice.term:
        found = found.filter(term=choice.term)
    if choice.grade:
        found = found.filter(grade__gte=choice.grade)
    if choice.special:
        found = found.filter(special_interest=True)
    if choice.serious:
        found = found.filter(serious=choice.serious == "yes")
    match choice.state:
        case "open":
            found = found.filter(OPEN)
        case "ended":
            found = found.filter(outcome__in=ENDED_OUTCOMES)
        case "due":
            found = found.filter(overdue_by(today()))
        case "unfinished":
            found = found.filter(status="incomplete")
    return found  # type: ignore[no-any-return]
