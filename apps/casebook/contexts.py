"""The list of participants, as plain parts for the components."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from urllib.parse import urlencode

from django.http import QueryDict
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from apps.casebook import selectors
from apps.casebook.selectors import Choice, Page
from apps.consent.selectors.places import chip_of
from apps.enrolment.models import Group, ParticipantStatus
from studyportal.access.models import Site, User
from studyportal.access.permissions import Permission
from studyportal.ui.parts import Cell, Column, Filter
from studyportal.ui.templatetags.ui_tags import human_date_text


def participants_of(user: User, query: QueryDict) -> dict[str, Any]:
    sites = selectors.sites_with(user, Permission.VIEW_DATA)
    choice = Choice(
        q=query.get("q", ""),
        group=_known(query.get("group"), Group.values),
        status=_known(query.get("status"), ParticipantStatus.values),
        site=_known(query.get("site"), [site.code for site in sites]),
    )
    page = selectors.page_of_participants(
        user,
        choice,
        on=timezone.localdate(),
        after=query.get("after", "")[:20],
        before=query.get("before", "")[:20],
    )
    narrowed = {name: value for name, value in vars(choice).items() if value}
    return {
        "filters": [
            Filter("q", _("Code"), widget="search", value=choice.q, placeholder="MUM-0001"),
            Filter("group", _("Group"), value=choice.group, choices=[("", _("All")), *Group.choices]),
            Filter(
                "status",
                _("Status"),
                value=choice.status,
                choices=[("", _("All")), *ParticipantStatus.choices],
            ),
            *_site_filter(sites, choice.site),
        ],
        "clear_url": reverse("casebook:participants") if narrowed else "",
        "columns": [
            _("Participant"),
            _("Group"),
            _("Status"),
            _("Consent"),
            Column(_("Forms complete"), numeric=True),
            Column(_("Open queries"), numeric=True),
            _("Last visit"),
        ],
        "rows": [_participant_row(line) for line in page.lines],
        **_neighbours(page, narrowed),
        "narrowed": bool(narrowed),
        "may_register": user.may(Permission.REGISTER_PARTICIPANTS),
        "may_find_by_number": user.may(Permission.VIEW_IDENTITY),
    }


def _site_filter(sites: list[Site], chosen: str) -> list[Filter]:
    if len(sites) < 2:
        return []
    choices = [("", _("All")), *((site.code, f"{site.code} {site.name}") for site in sites)]
    return [Filter("site", _("Site"), value=chosen, choices=choices)]


def _known(value: str | None, among: Iterable[str]) -> str:
    return value if value and value in list(among) else ""


def _neighbours(page: Page, narrowed: dict[str, Any]) -> dict[str, str]:
    def url(**key: str) -> str:
        return "?" + urlencode(narrowed | key)

    return {
        "next_url": url(after=page.after) if page.after else "",
        "previous_url": url(before=page.before) if page.before else "",
    }


def _participant_row(line: selectors.Line) -> list[Any]:
    participant = line.participant
    marks = [_("synthetic")] * participant.synthetic + [_("published case")] * participant.retrospective
    return [
        Cell(
            participant.code,
            url=participant.get_absolute_url(),
            detail=" · ".join(
                [*marks, *([participant.label] if participant.label.lower() not in (*marks, "") else [])]
            ),
            nowrap=True,
        ),
        participant.get_group_display(),
        Cell(
            participant.get_status_display(),
            detail=_("since %(day)s") % {"day": human_date_text(participant.status_since)}
            if participant.status_since
            else "",
        ),
        Cell("", state=chip_of(line.consent)),
        line.progress.text,
        line.open_queries,
        Cell(
            line.last_visit.label if line.last_visit else "",
            detail=human_date_text(line.last_visit.happened_on)
            if line.last_visit and line.last_visit.happened_on
            else "",
        ),
    ]
