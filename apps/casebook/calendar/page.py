"""The calendar as the page shows it: a month as a table of days, and the load of the weeks."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.http import urlencode
from django.utils.translation import gettext as _

from apps.casebook.calendar import feeds, months, reading
from apps.casebook.calendar.reading import Entry
from apps.visits.selectors import sites_of
from studyportal.access.clock import today_at
from studyportal.access.models import Site, User
from studyportal.access.permissions import Permission
from studyportal.ui.parts import Cell, Column, Filter, Row, Tab
from studyportal.ui.templatetags.ui_tags import human_date_text

LOAD_WEEKS = 12
# In one day's cell; the rest is a number that leads to the list of the day below.
SHOWN_IN_A_DAY = 6


@dataclass(frozen=True)
class Day:
    on: dt.date
    inside: bool
    today: bool
    entries: list[Entry]

    @property
    def shown(self) -> list[Entry]:
        return self.entries[:SHOWN_IN_A_DAY]

    @property
    def more(self) -> int:
        return len(self.entries) - len(self.shown)


def calendar_of(user: User, asked: Mapping[str, str]) -> dict[str, Any]:
    """asked: month, site, show (load). Four queries, whatever the number of visits."""
    sites = sites_of(user, Permission.VIEW_DATA)
    chosen = [site for site in sites if site.code == asked.get("site")] or sites
    today = max((today_at(site) for site in sites), default=timezone.localdate())
    month = months.read_month(asked.get("month", ""), today)
    load = asked.get("show") == "load"
    own = {"site": chosen[0].code} if len(chosen) == 1 and len(sites) > 1 else {}
    context = {
        "tabs": [
            Tab(_("Month"), _url(own, month=month.key), active=not load),
            Tab(_("Load of the weeks"), _url(own, month=month.key, show="load"), active=load),
        ],
        "filters": [
            Filter(
                "site",
                _("Site"),
                value=own.get("site", ""),
                choices=[("", _("All sites")), *((site.code, site.name) for site in sites)],
            )
        ]
        if len(sites) > 1
        else [],
        "month_key": month.key,
        "title": date_format(month.first, "F Y"),
        "sites": ", ".join(site.code for site in chosen),
        "load": load,
        "before_url": _url(own, month=month.before.key, show="load" if load else ""),
        "after_url": _url(own, month=month.after.key, show="load" if load else ""),
        "today_url": _url(own, show="load" if load else ""),
        "feed": feeds.feed_of(user),
    }
    return context | (_load_of(chosen, month) if load else _month_of(chosen, month, today))


def _url(own: Mapping[str, str], **values: str) -> str:
    query = urlencode({name: value for name, value in {**own, **values}.items() if value})
    return f"{reverse('casebook:calendar')}?{query}" if query else reverse("casebook:calendar")


def _month_of(sites: list[Site], month: months.Month, today: dt.date) -> dict[str, Any]:
    weeks = month.weeks
    found = reading.by_day(reading.entries(sites, weeks[0][0], weeks[-1][-1]))
    around = reading.open_now(sites, month.first, month.last)
    return {
        "weekdays": [date_format(day, "D") for day in weeks[0]],
        "weeks": [
            [Day(day, month.first <= day <= month.last, day == today, found.get(day, [])) for day in week]
            for week in weeks
        ],
        "days": [
            Day(day, True, day == today, found[day])
            for day in sorted(found)
            if month.first <= day <= month.last
        ],
        "around_columns": [
            Column(label) for label in (_("Participant"), _("Visit"), _("State"), _("Window"))
        ],
        "around": [
            Row(
                [
                    Cell(
                        line.code,
                        url=reverse("casebook:participant", args=[line.code]),
                        detail=_("synthetic") if line.synthetic else "",
                        nowrap=True,
                    ),
                    Cell(line.label, url=reading.entry_of(line).url),
                    Cell("", state=line.state),
                    f"{human_date_text(line.earliest)} – {human_date_text(line.latest)}",
                ],
                tone="bad" if line.state == "overdue" else "",
            )
            for line in around
        ],
    }


def _load_of(sites: list[Site], month: months.Month) -> dict[str, Any]:
    first = months.monday_of(month.first)
    last = first + LOAD_WEEKS * months.WEEK - dt.timedelta(days=1)
    due = reading.to_be_held(sites, first, last)
    held = reading.held(sites, first, last)
    weeks = months.load_of(
        first,
        LOAD_WEEKS,
        [site.code for site in sites],
        [(one.site, one.day) for one in due],
        [(one.site, one.day) for one in held],
    )
    most = max((week.total for week in weeks), default=0)
    return {
        "load_columns": [
            Column(_("Site")),
            Column(_("Week")),
            Column(_("From")),
            Column(_("To be held"), numeric=True),
            Column(_("Held"), numeric=True),
            Column(_("Together"), numeric=True),
        ],
        "load_rows": [
            Row(
                [
                    week.site,
                    Cell(str(week.number), nowrap=True),
                    Cell(
                        human_date_text(week.monday),
                        url=_url({}, month=months.month_of(week.monday).key, site=week.site),
                        nowrap=True,
                    ),
                    week.due,
                    week.held,
                    Cell(
                        str(week.total),
                        detail=_("most of these weeks") if most and week.total == most else "",
                    ),
                ]
            )
            for week in weeks
        ],
    }
