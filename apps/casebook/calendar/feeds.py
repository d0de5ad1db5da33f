"""The feed of a person: a secret address, and what a calendar program reads there.

It holds codes of participants and labels of visits, as the worklist does: no name, no birth date, nothing that somebody
typed. Whoever has the address reads what its owner may see at that moment; it ends with the owner's account or roles.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import secrets
from collections.abc import Collection

import icalendar
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from apps.casebook.calendar.reading import Entry, entry_of, study_title
from apps.visits.models import CalendarFeed
from apps.visits.selectors import due_between, sites_of
from studyportal.access.clock import zone_for
from studyportal.access.models import Site, User
from studyportal.access.permissions import Permission

# Visits whose window was open within so many days, up to those of the next year and a month.
DAYS_BACK, DAYS_AHEAD = 90, 396


@transaction.atomic
def make(*, by: User) -> str:
    """A new secret for the person, shown once; the one of before ends."""
    secret = secrets.token_urlsafe(32)
    CalendarFeed.objects.update_or_create(user=by, defaults={"secret_sha256": _hash(secret), "read_on": None})
    return secret


@transaction.atomic
def take_back(*, by: User) -> bool:
    """Whether there was one."""
    gone, _models = CalendarFeed.objects.filter(user=by).delete()
    return bool(gone)


def feed_of(user: User) -> CalendarFeed | None:
    return CalendarFeed.objects.filter(user=user).first()


def owner_of(secret: str) -> User | None:
    """Whose feed the secret opens; None for a wrong one, one that was taken back, or the one of a closed account."""
    feed = (
        CalendarFeed.objects.select_related("user")
        .filter(secret_sha256=_hash(secret), user__is_active=True)
        .first()
    )
    if feed is None:
        return None
    user: User = feed.user
    today = timezone.localdate(timezone=zone_for(user))
    if feed.read_on != today:
        CalendarFeed.objects.filter(pk=feed.pk).update(read_on=today)
    return user


def calendar_of(user: User, *, address: str, now: dt.datetime | None = None) -> bytes:
    """The visits to be held at the person's sites, as an iCalendar (RFC 5545) of whole days.

    address: of the portal, before the address of a page. Each visit keeps its UID, so that a program that reads the feed
    again moves it and adds nothing.
    """
    moment = now or timezone.now()
    today = moment.astimezone(zone_for(user)).date()
    sites = sites_of(user, Permission.VIEW_DATA)
    lines = due_between(
        sites, today - dt.timedelta(days=DAYS_BACK), today + dt.timedelta(days=DAYS_AHEAD), now=moment
    )
    calendar = icalendar.Calendar()
    calendar.add("prodid", "-//StudyPortal//Visits//EN")
    calendar.add("version", "2.0")
    calendar.add("method", "PUBLISH")
    calendar.add("x-wr-calname", _("Visits: %s") % study_title())
    calendar.add("refresh-interval", dt.timedelta(hours=6), parameters={"VALUE": "DURATION"})
    for line in lines:
        calendar.add_component(_event(entry_of(line), f"{line.code}-{line.key}", address, moment, sites))
    return bytes(calendar.to_ical())


def _event(
    entry: Entry, name: str, address: str, moment: dt.datetime, sites: Collection[Site]
) -> icalendar.Event:
    assert entry.window is not None
    event = icalendar.Event()
    event.add("uid", f"{name}@studyportal")
    event.add("dtstamp", moment.astimezone(dt.UTC).replace(microsecond=0))
    event.add("dtstart", entry.day)
    event.add("dtend", entry.day + dt.timedelta(days=1))
    overdue = f"{_('Overdue')}: " if entry.state == "overdue" else ""
    event.add("summary", f"{overdue}{entry.code} {entry.label}")
    if len(sites) > 1:
        event.add("location", entry.site)
    event.add(
        "description",
        _("Window: %(first)s to %(last)s")
        % {"first": entry.window[0].isoformat(), "last": entry.window[1].isoformat()},
    )
    event.add("url", f"{address}{entry.url}")
    event.add("transp", "TRANSPARENT")
    event.add("categories", [entry.site])
    return event


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode(errors="replace")).hexdigest()
