"""The delegation log: who held which role where, from when to when, given by whom, and why."""

from __future__ import annotations

import datetime as dt
from typing import Any
from urllib.parse import urlencode

from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from studyportal.access import selectors
from studyportal.access.clock import in_own_zone
from studyportal.access.declare import requires
from studyportal.access.models import Membership, Site, User
from studyportal.access.permissions import Permission
from studyportal.access.roles import ROLES
from studyportal.access.selectors import LogChoice
from studyportal.api.csv_cells import as_csv
from studyportal.ui.parts import Cell, Filter
from studyportal.ui.templatetags.ui_tags import human_date_text

CSV_HEADER = (
    "id", "username", "name", "role", "site", "valid_from", "valid_until", "state", "granted_by", "granted_at",
    "reason", "ended_by", "ended_at", "end_reason",
)  # fmt: skip


@requires(Permission.VIEW_DELEGATIONS)
@require_safe
@in_own_zone
def delegation_log(request: HttpRequest) -> HttpResponse:
    user: Any = request.user
    sites = selectors.delegation_sites(user)
    choice, problems = _choice(request, sites)
    before = request.GET.get("before", "")
    beyond = Q(pk__lt=int(before)) if before.isascii() and before.isdigit() and len(before) < 19 else None
    found, more = selectors.page_of(selectors.delegations(user, choice), after=beyond)
    narrowed = _as_query(choice)
    today = timezone.localdate()
    everything = ("", _("All"))
    context = {
        "problems": problems,
        "filters": [
            Filter("person", _("Person"), widget="search", value=choice.person),
            Filter(
                "site",
                _("Site"),
                value=choice.site,
                choices=[everything, *((site.code, f"{site.code} {site.name}") for site in sites)],
            ),
            Filter("role", _("Role"), value=choice.role, choices=[everything, *selectors.role_choices()]),
            Filter("on", _("Held on"), widget="date", value=narrowed.get("on", "")),
        ],
        "clear_url": reverse("access:delegations") if narrowed or before else "",
        "csv_url": reverse("access:delegations-csv") + (f"?{urlencode(narrowed)}" if narrowed else ""),
        "columns": [
            _("Person"),
            _("Role"),
            _("Where"),
            _("From"),
            _("Until"),
            _("State"),
            _("Given"),
            _("Ended"),
        ],
        "rows": [_row(held, today, user) for held in found],
        "next_url": "?" + urlencode(narrowed | {"before": found[-1].pk}) if more else "",
        "first_url": "?" + urlencode(narrowed) if before else "",
    }
    return render(request, "access/delegations.html", context, status=400 if problems else 200)


@requires(Permission.VIEW_DELEGATIONS)
@require_safe
def delegation_csv(request: HttpRequest) -> HttpResponse:
    """The entries that the filters leave, as CSV; moments in UTC."""
    user: Any = request.user
    choice, problems = _choice(request, selectors.delegation_sites(user))
    if problems:
        return HttpResponse(problems[0][2], status=400, content_type="text/plain; charset=utf-8")
    today = timezone.localdate()
    rows = (
        (
            held.pk, held.user.username, str(held.user), held.role, held.site.code if held.site else "",
            held.valid_from, held.valid_until, held.state_on(today), _name(held.granted_by),
            held.granted_at.isoformat(timespec="seconds"), held.reason, _name(held.ended_by),
            held.ended_at.isoformat(timespec="seconds") if held.ended_at else "", held.end_reason,
        )
        for held in selectors.delegations(user, choice).iterator(chunk_size=2000)
    )  # fmt: skip
    name = f"delegation_log_{today.isoformat()}.csv"
    return HttpResponse(
        as_csv(CSV_HEADER, rows),
        headers={
            "Content-Type": "text/csv; charset=utf-8",
            "Content-Disposition": f'attachment; filename="{name}"',
            "Cache-Control": "no-store",
        },
    )


def _choice(request: HttpRequest, sites: list[Site]) -> tuple[LogChoice, list[tuple[str, str, str]]]:
    """The filters of the query string; a site that is not the reader's is as one that does not exist."""
    query = request.GET
    problems = []
    site, role = query.get("site", ""), query.get("role", "")
    if site and site not in {one.code for one in sites}:
        problems.append(("", _("Site"), _("There is no such site among yours.")))
        site = ""
    if role and role not in ROLES:
        problems.append(("", _("Role"), _("There is no such role.")))
        role = ""
    on = None
    if text := query.get("on", ""):
        try:
            on = dt.date.fromisoformat(text) if len(text) == 10 else None
        except ValueError:
            on = None
        if on is None:
            problems.append(("", _("Held on"), _("Write the day as 2026-11-03.")))
    person = query.get("person", "").strip()[:80]
    return LogChoice(site=site, person=person, role=role, on=on), problems


def _as_query(choice: LogChoice) -> dict[str, str]:
    given = {"site": choice.site, "person": choice.person, "role": choice.role}
    return {name: value for name, value in given.items() if value} | (
        {"on": choice.on.isoformat()} if choice.on else {}
    )


def _name(user: User | None) -> str:
    return "" if user is None else user.username


def _row(held: Membership, today: dt.date, reader: User) -> list[Any]:
    manages = reader.may(Permission.MANAGE_USERS)
    return [
        Cell(
            str(held.user),
            url=reverse("access:person", args=[held.user.username]) if manages else "",
            detail=held.user.username,
        ),
        str(ROLES[held.role].label),
        held.where,
        human_date_text(held.valid_from),
        human_date_text(held.valid_until) if held.valid_until else "",
        Cell("", state=f"role_{held.state_on(today)}"),
        Cell(
            _("%(when)s by %(who)s")
            % {"when": human_date_text(held.granted_at.date()), "who": held.granted_by or _("the set-up")},
            detail=held.reason,
        ),
        Cell(
            _("by %s") % held.ended_by if held.ended_by else "",
            detail=" · ".join(
                [*([human_date_text(held.ended_at)] if held.ended_at else []), held.end_reason]
            ).strip(" ·"),
        ),
    ]
