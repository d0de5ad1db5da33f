"""Reading for oversight: findings, the consent log, and what was looked at; always within the user's sites."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import Q, QuerySet

from apps.consent.models import ConsentEvent, Kind
from apps.consent.selectors import Procedure
from apps.consent.signals import procedures_asked
from apps.enrolment.models import Participant
from studyportal.access.declare import get_visible_or_404
from studyportal.access.models import AllSites, Site, User
from studyportal.access.permissions import Permission
from studyportal.audit.models import Look


def sites_with(user: User, permission: Permission) -> list[Site]:
    sites = user.sites_with(permission)
    found = Site.objects.order_by("code")
    return list(found if isinstance(sites, AllSites) else found.filter(pk__in=sites))


def participant_or_404(user: User, code: str) -> Participant:
    """A participant whose consent the user may read."""
    found: Participant = get_visible_or_404(
        Participant.objects.select_related("site"), user, Permission.VIEW_CONSENT_LOG, code=code
    )
    return found


def procedures_of(participant: Participant) -> list[Procedure]:
    """What was done to the participant and when, as the findings see it: no clinical values."""
    known: list[Procedure] = []
    for _receiver, answer in procedures_asked.send(sender=ConsentEvent, participant_ids=[participant.pk]):
        found: Any = answer or {}
        known += found.get(participant.pk, [])
    return sorted(
        known, key=lambda one: (one.on.earliest if one.on and one.on.earliest else dt.date.max, one.what)
    )


# --- the consent log ------------------------------------------------------------------------------------


@dataclass(frozen=True)
class LogChoice:
    """What the consent log is narrowed to; since and until are days of entry, both included."""

    site: str = ""
    kind: str = ""
    participant: str = ""
    since: str = ""
    until: str = ""


def consent_log(user: User, choice: LogChoice, zone: ZoneInfo) -> QuerySet[ConsentEvent]:
    found = ConsentEvent.objects.visible_to(user, Permission.VIEW_CONSENT_LOG).select_related(
        "participant", "site", "entered_by"
    )
    if choice.site:
        found = found.filter(site__code=choice.site)
    if choice.kind in Kind.values:
        found = found.filter(kind=choice.kind)
    if choice.participant:
        found = found.filter(participant__code__contains=clean_code(choice.participant))
    since, until = moment(choice.since, zone), moment(choice.until, zone, end=True)
    if since:
        found = found.filter(entered_at__gte=since)
    if until:
        found = found.filter(entered_at__lt=until)
    return found


def clean_code(text: str) -> str:
    return text.strip().upper().replace("\x00", "")[:20]


def moment(day: str, zone: ZoneInfo, *, end: bool = False) -> dt.datetime | None:
    """The beginning of a day (end: of the day after) in the zone; None when the text is no day."""
    try:
        found = dt.date.fromisoformat(day)
        return dt.datetime.combine(found + dt.timedelta(days=1 if end else 0), dt.time.min, zone)
    except (ValueError, OverflowError):
        return None


@dataclass(frozen=True)
class LooksChoice:
    """What the looks are narrowed to; since and until are days, both included."""

    user: str = ""
    participant: str = ""
    what: str = ""
    since: str = ""
    until: str = ""


def looks(user: User, choice: LooksChoice, zone: ZoneInfo) -> QuerySet[Look]:
    """What was looked at: at the user's sites, and pages about no single participant."""
    sites = user.sites_with(Permission.VIEW_FINDINGS)
    found = Look.objects.select_related("user")
    if not isinstance(sites, AllSites):
        found = found.filter(Q(site__isnull=True) | Q(site_id__in=sites))
    if choice.user:
        found = found.filter(user__username=choice.user)
    if choice.participant:
        found = found.filter(participant_code__startswith=choice.participant)
    if choice.what:
        found = found.filter(what=choice.what)
    since, until = moment(choice.since, zone), moment(choice.until, zone, end=True)
    if since:
        found = found.filter(at__gte=since)
    if until:
        found = found.filter(at__lt=until)
    return found
