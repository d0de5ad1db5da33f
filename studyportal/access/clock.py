"""In which zone a person reads the times of a page."""

from __future__ import annotations

import datetime as dt
import functools
from collections.abc import Callable, Iterable
from typing import Any
from zoneinfo import ZoneInfo

from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from studyportal.access.models import Site, User

UTC = ZoneInfo("UTC")


def zone_of(sites: Iterable[Site]) -> ZoneInfo:
    """That of the sites when they share one, else UTC."""
    names = {site.timezone for site in sites}
    return ZoneInfo(names.pop()) if len(names) == 1 else UTC


def today_at(site: Site) -> dt.date:
    """The day that it is at the site."""
    return timezone.localdate(timezone=ZoneInfo(site.timezone))


def day_at(site: Site, moment: dt.datetime) -> dt.date:
    """The day on which a moment falls at the site."""
    return timezone.localdate(moment, timezone=ZoneInfo(site.timezone))


def latest_day(moment: dt.datetime | None = None) -> dt.date:
    """The latest day that a moment falls on at any site: what is dated by it somewhere lies no later. Now without one."""
    zones = {ZoneInfo(name) for name in Site.objects.values_list("timezone", flat=True)} or {UTC}
    return max(timezone.localdate(moment, timezone=zone) for zone in zones)


def zone_for(user: User) -> ZoneInfo:
    """That of the sites where the person holds a role."""
    held = user.grants.values()
    return zone_of(site for site in Site.objects.all() if any(site.pk in sites for sites in held))


def in_own_zone(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """A page about no single site: its times are those of the reader."""

    @functools.wraps(view)
    def at_home(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        with timezone.override(zone_for(request.user)):  # type: ignore[arg-type]
            return view(request, *args, **kwargs)

    return at_home
