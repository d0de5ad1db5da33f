"""Clocks in words: for pages, mails, deviations and the report itself."""

from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from apps.safety.rules.clocks import Clock, Count
from studyportal.access.models import Site


def at_site(moment: dt.datetime, site: Site) -> str:
    """12 Nov 2016 14:05 (UTC+05:30): the offset says which of two equal times it is when clocks are put back."""
    local = timezone.localtime(moment, ZoneInfo(site.timezone))
    offset = local.strftime("%z")
    return f"{date_format(local, 'j M Y H:i')} (UTC{offset[:3]}:{offset[3:5]})"


def span_text(span: dt.timedelta) -> str:
    """3 d 4 h, 5 h 20 min, 40 min; never a sign."""
    minutes = int(abs(span).total_seconds()) // 60
    hours, minutes = divmod(minutes, 60)
    days, rest = divmod(hours, 24)
    if days >= 3:
        return _("%(days)d d %(hours)d h") % {"days": days, "hours": rest}
    if hours:
        return _("%(hours)d h %(minutes)d min") % {"hours": hours, "minutes": minutes}
    return _("%(minutes)d min") % {"minutes": minutes}


def left_text(clock: Clock, now: dt.datetime) -> str:
    """How long is left, or how long ago the last moment passed."""
    if clock.state == "overdue":
        passed = clock.due_by or clock.due_at
        return "" if passed is None else _("passed %s ago") % span_text(now - passed)
    if clock.state in ("unclear", "conditional"):
        due = clock.earliest_due
        if due is None:
            return ""
        return (
            _("%s left at the most") % span_text(due - now)
            if due >= now
            else _("may have passed %s ago") % span_text(now - due)
        )
    return "" if clock.due_at is None else _("%s left") % span_text(clock.due_at - now)


def due_text(clock: Clock, site: Site) -> str:
    """The last moment that is in time; where the start is not known, what is known of it."""
    if clock.due_at is not None and clock.due_at == clock.due_by:
        return at_site(clock.due_at, site)
    if clock.due_at is not None and clock.due_by is not None:
        return _("%(first)s at the earliest, %(last)s at the latest") % {
            "first": at_site(clock.due_at, site),
            "last": at_site(clock.due_by, site),
        }
    if clock.due_by is not None:
        return _("start unknown; %s at the latest") % at_site(clock.due_by, site)
    return _("start unknown")


def start_text(count: Count, site: Site) -> str:
    """When a clock started, as far as it is known."""
    if count.first is not None and count.first == count.last:
        return at_site(count.first, site)
    if count.first is not None and count.last is not None:
        return _("between %(first)s and %(last)s") % {
            "first": at_site(count.first, site),
            "last": at_site(count.last, site),
        }
    if count.last is not None:
        return _("unknown; %s at the latest") % at_site(count.last, site)
    return _("unknown")


def elapsed_text(count: Count, at: dt.datetime) -> str:
    """Hours from the start to a moment, as far as they are known."""
    least, most = count.hours_until(at)
    if least is not None and most is not None:
        if abs(most - least) < 1 / 3600:
            return _("%s h") % _hours(most)
        return _("%(least)s to %(most)s h") % {"least": _hours(least), "most": _hours(most)}
    if least is not None:
        return _("at least %s h; the start is unknown") % _hours(least)
    return _("unknown; the start is unknown")


def _hours(hours: float) -> str:
    # A minute is shown without its seconds: just now is 0.0 hours ago, never -0.0.
    return f"{max(hours, 0.0):.1f}"


def late_text(late: bool | None) -> str:
    if late is None:
        return _("cannot be said")
    return _("late") if late else _("in time")
