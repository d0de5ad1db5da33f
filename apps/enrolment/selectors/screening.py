"""Reading the screening log, always within what the user may see."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

from django.db.models import Count, Q, QuerySet
from django.utils.translation import gettext as _

from apps.enrolment.models import Group, ScreeningEntry, ScreeningOutcome
from apps.enrolment.rules import eligibility as rules
from apps.enrolment.selectors import eligibility
from studyportal import protocol
from studyportal.access.clock import today_at
from studyportal.access.declare import get_visible_or_404
from studyportal.access.models import AllSites, Site, User
from studyportal.access.permissions import Permission
from studyportal.ui.paging import page_by_key

MONTH = re.compile(r"\d{4}-(0[1-9]|1[0-2])\Z", re.ASCII)
# After so many days somebody who is still being screened stands on the worklist.
UNDECIDED_DAYS = 14


@dataclass(frozen=True)
class LogChoice:
    """What the log is narrowed to. month: 2026-11; undecided: only those without an outcome."""

    q: str = ""
    site: str = ""
    outcome: str = ""
    month: str = ""
    undecided: str = ""


@dataclass(frozen=True)
class Page:
    """Entries, newest first, with their verdicts, and the keys of the neighbouring pages ("" for none)."""

    rows: Sequence[ScreeningEntry]
    verdicts: dict[int, Any]
    older: str = ""
    newer: str = ""


def entries(user: User, permission: Permission = Permission.VIEW_SCREENING_LOG) -> QuerySet[ScreeningEntry]:
    """The entries of the sites where the user holds the permission."""
    return ScreeningEntry.objects.visible_to(user, permission).select_related(
        "site", "participant__site", "entered_by"
    )


def entry_or_404(
    user: User, number: str, permission: Permission = Permission.VIEW_SCREENING_LOG
) -> ScreeningEntry:
    """The entry with this number; Http404 when there is none or it is another site's."""
    found: ScreeningEntry = get_visible_or_404(
        ScreeningEntry.objects.select_related("site", "participant__site", "entered_by"),
        user,
        permission,
        number=number,
    )
    return found


def person_of(entry: ScreeningEntry) -> str:
    """Age and sex, as far as known."""
    said = [
        _("%(n)d years") % {"n": entry.age} if entry.age is not None else "",
        entry.get_sex_display() if entry.sex else "",
    ]
    return ", ".join(str(one) for one in said if one) or _("not recorded")


def log(user: User, choice: LogChoice) -> QuerySet[ScreeningEntry]:
    found = _at(entries(user), choice)
    if choice.outcome in ScreeningOutcome.values:
        found = found.filter(outcome=choice.outcome)
    if choice.undecided:
        found = found.filter(outcome=ScreeningOutcome.OPEN)
    if text := choice.q.strip().replace("\x00", "")[:40]:
        found = found.filter(
            Q(number__icontains=text) | Q(source_key__iexact=text) | Q(participant__code__icontains=text)
        )
    return found


def _at(found: QuerySet[ScreeningEntry], choice: LogChoice) -> QuerySet[ScreeningEntry]:
    if choice.site:
        found = found.filter(site__code=choice.site)
    if MONTH.match(choice.month):
        found = found.filter(screened_on__startswith=choice.month)
    return found


def page_of_log(user: User, choice: LogChoice, *, older: int = 0, newer: int = 0, size: int = 50) -> Page:
    """A fixed number of queries, whatever the depth: older than a key, or newer than one."""
    page = page_by_key(log(user, choice), after=older, before=newer, size=size)
    return Page(page.rows, eligibility.verdicts_of(page.rows), older=page.after, newer=page.before)


def with_verdicts(found: Iterable[ScreeningEntry], size: int = 500) -> Iterator[tuple[ScreeningEntry, Any]]:
    """Entry by entry with its verdict: two queries for each `size` of them."""
    coming = iter(found)
    while some := list(islice(coming, size)):
        verdicts = eligibility.verdicts_of(some)
        for entry in some:
            yield entry, verdicts[entry.pk][0]


def counts(user: User, choice: LogChoice) -> dict[str, dict[str, int]]:
    """Outcome → reason → how many, at the sites and in the month chosen. One query."""
    rows = (
        _at(ScreeningEntry.objects.visible_to(user, Permission.VIEW_SCREENING_LOG), choice)
        .order_by()
        .values_list("outcome", "reason_code")
        .annotate(Count("id"))
    )
    found: dict[str, dict[str, int]] = {}
    for outcome, reason, number in rows:
        found.setdefault(outcome, {})[reason] = number
    return found


def sites_with(user: User, permission: Permission, *, active: bool = False) -> list[Site]:
    """The sites where the user holds the permission, by code."""
    reached = user.sites_with(permission)
    found = Site.objects.order_by("code")
    if active:
        found = found.filter(is_active=True)
    return list(found if isinstance(reached, AllSites) else found.filter(pk__in=reached))


# --- What waits ------------------------------------------------------------------------------------------


def undecided(user: User, *, days: int = UNDECIDED_DAYS) -> QuerySet[ScreeningEntry]:
    """Those who are being screened for longer than that, the longest first."""
    found = entries(user, Permission.REGISTER_PARTICIPANTS).filter(
        outcome=ScreeningOutcome.OPEN, retrospective=False
    )
    late = Q(pk__in=())
    for site in sites_with(user, Permission.REGISTER_PARTICIPANTS, active=True):
        # Written as 2026-11-03, 2026-11 or 2026, so the order of the texts is that of the days.
        late |= Q(site=site, screened_on__lt=str(today_at(site) - dt.timedelta(days=days)))
    return found.filter(late).order_by("screened_on", "id")


def unanswered(user: User) -> QuerySet[ScreeningEntry]:
    """Registered participants, not enrolled yet, of whom a criterion of their group has no answer at all.

    While the group is open, the criteria of one group are enough.
    """
    wanted = {
        group: [one.key for one in rules.applying(eligibility.criteria().values(), group)]
        for group in protocol.current().groups
    }
    found = (
        entries(user, Permission.REGISTER_PARTICIPANTS)
        .filter(outcome=ScreeningOutcome.OPEN, retrospective=False, participant__isnull=False)
        .annotate(
            **{
                f"answered_{group}": Count("answers", filter=Q(answers__criterion__in=keys))
                for group, keys in wanted.items()
            }
        )
    )
    lacking, none_complete, no_group = Q(pk__in=()), Q(), Q()
    for group, keys in wanted.items():
        lacks = Q(**{f"answered_{group}__lt": len(keys)})
        assigned = Q(participant__group=group)
        considered = Q(participant__group=Group.UNASSIGNED, considered_for=group)
        lacking |= lacks & (assigned | considered)
        none_complete &= lacks
        no_group &= ~(assigned | considered)
    return found.filter(lacking | (none_complete & no_group)).order_by("id")
