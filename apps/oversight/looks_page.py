"""Who looked at what: the page and its file."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import tzinfo
from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from django.db.models import Q, QuerySet
from django.http import QueryDict
from django.urls import reverse
from django.utils.translation import gettext as _

from apps.oversight.narrowing import ROWS, clean_code, clean_day, given, known, moment, number_of, paging
from studyportal.access.models import AllSites, User
from studyportal.access.permissions import Permission
from studyportal.api import csv_cells
from studyportal.audit import looks as log_of_looks
from studyportal.audit.models import Look
from studyportal.ui.paging import page_by_key
from studyportal.ui.parts import Cell, Filter
from studyportal.ui.templatetags.ui_tags import road as road_words

# Looks at consent: the log, its entries, files, stories and findings, signed sheets, and the documents.
CONSENT = "consent"
ABOUT_CONSENT = ("consent", "finding", "participant_findings", "signed_sheet")


@dataclass(frozen=True)
class LooksChoice:
    """What the looks are narrowed to; since and until are days, both included."""

    user: str = ""
    participant: str = ""
    what: str = ""
    about: str = ""
    since: str = ""
    until: str = ""


def looks(user: User, choice: LooksChoice, zone: tzinfo) -> QuerySet[Look]:
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
    if choice.about:
        found = found.filter(what__in=codes_about(choice.about))
    since, until = moment(choice.since, zone), moment(choice.until, zone, end=True)
    if since:
        found = found.filter(at__gte=since)
    if until:
        found = found.filter(at__lt=until)
    return found


def codes_about(about: str) -> list[str]:
    """The codes of what can be looked at that belong to a topic, those of other apps included."""
    return (
        [code for code, _label in log_of_looks.choices() if code.startswith(ABOUT_CONSENT)] if about else []
    )


def choice_of(query: QueryDict) -> LooksChoice:
    return LooksChoice(
        user=query.get("user", "").strip().replace("\x00", "")[:150],
        participant=clean_code(query.get("participant", "")),
        what=known(query.get("what"), [code for code, _label in log_of_looks.choices()]),
        about=known(query.get("about"), [CONSENT]),
        since=clean_day(query.get("since")),
        until=clean_day(query.get("until")),
    )


def context_of(user: User, query: QueryDict, zone: ZoneInfo) -> dict[str, Any]:
    choice = choice_of(query)
    page = page_by_key(
        looks(user, choice, zone),
        after=number_of(query.get("older")),
        before=number_of(query.get("newer")),
        size=ROWS,
    )
    narrowed = given(choice)
    return {
        "narrowed": narrowed,
        "filters": [
            Filter("user", _("Sign-in name"), widget="search", value=choice.user),
            Filter(
                "participant",
                _("Participant"),
                widget="search",
                value=choice.participant,
                placeholder="MUM-0001",
            ),
            Filter("what", _("What"), value=choice.what, choices=[("", _("All")), *log_of_looks.choices()]),
            Filter(
                "about",
                _("About"),
                value=choice.about,
                choices=[("", _("Everything")), (CONSENT, _("Consent, with signed sheets"))],
            ),
            Filter("since", _("From"), widget="date", value=choice.since),
            Filter("until", _("Until"), widget="date", value=choice.until),
        ],
        "clear_url": reverse("oversight:views") if narrowed else "",
        "csv_url": reverse("oversight:views-csv") + (f"?{urlencode(narrowed)}" if narrowed else ""),
        "columns": headings(),
        "rows": [row(one) for one in page.rows],
        "zone": str(zone),
        **paging(narrowed, older=page.after, newer=page.before),
    }


def headings() -> list[str]:
    return [_("When"), _("Who"), _("What"), _("Participant"), _("Road"), _("Narrowed to")]


def row(one: Look) -> Sequence[Any]:
    return [
        one.at,
        Cell(str(one.user), detail=one.user.get_username()),
        log_of_looks.label_of(one.what),
        one.participant_code,
        road_words(one.road),
        one.detail,
    ]


HEADER = ("look", "at", "user", "what", "participant", "site", "road", "request", "detail")


def as_csv(user: User, choice: LooksChoice, zone: ZoneInfo) -> Iterator[str]:
    """Oldest first, in UTC. Runs after the request: nothing is read before the first line is asked for."""
    found = looks(user, choice, zone).select_related("site").order_by("id")
    return csv_cells.lines(
        HEADER,
        (
            (
                one.pk,
                one.at.isoformat(),
                one.user.get_username(),
                one.what,
                one.participant_code,
                one.site.code if one.site else "",
                one.road,
                one.request,
                one.detail,
            )
            for one in found.iterator(chunk_size=2000)
        ),
    )
