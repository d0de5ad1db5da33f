"""Who looked at what: the page and its file."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from django.http import QueryDict
from django.urls import reverse
from django.utils.translation import gettext as _

from apps.oversight import selectors
from apps.oversight.contexts import ROWS, known, number_of, paging
from apps.oversight.selectors import LooksChoice
from apps.oversight.words import road_words
from studyportal.access.models import User
from studyportal.api import csv_cells
from studyportal.audit import looks
from studyportal.audit.models import Look
from studyportal.ui.paging import page_by_key
from studyportal.ui.parts import Cell, Filter


def choice_of(query: QueryDict) -> LooksChoice:
    return LooksChoice(
        user=query.get("user", "").strip().replace("\x00", "")[:150],
        participant=selectors.clean_code(query.get("participant", "")),
        what=known(query.get("what"), [code for code, _label in looks.choices()]),
        since=query.get("since", "")[:10],
        until=query.get("until", "")[:10],
    )


def context_of(user: User, query: QueryDict, zone: ZoneInfo) -> dict[str, Any]:
    choice = choice_of(query)
    page = page_by_key(
        selectors.looks(user, choice, zone),
        after=number_of(query.get("older")),
        before=number_of(query.get("newer")),
        size=ROWS,
    )
    narrowed = {name: value for name, value in vars(choice).items() if value}
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
            Filter("what", _("What"), value=choice.what, choices=[("", _("All")), *looks.choices()]),
            Filter("since", _("From"), widget="date", value=choice.since),
            Filter("until", _("Until"), widget="date", value=choice.until),
        ],
        "clear_url": reverse("oversight:views") if narrowed else "",
        "csv_url": reverse("oversight:views-csv") + (f"?{urlencode(narrowed)}" if narrowed else ""),
        "columns": [_("When"), _("Who"), _("What"), _("Participant"), _("Road"), _("Narrowed to")],
        "rows": [_row(one) for one in page.rows],
        "zone": str(zone),
        **paging(narrowed, older=page.after, newer=page.before),
    }


def _row(one: Look) -> Sequence[Any]:
    return [
        one.at,
        Cell(str(one.user), detail=one.user.get_username()),
        looks.label_of(one.what),
        one.participant_code,
        road_words(one.road),
        one.detail,
    ]


HEADER = ("look", "at", "user", "what", "participant", "site", "road", "request", "detail")


def as_csv(user: User, choice: LooksChoice, zone: ZoneInfo) -> Iterator[str]:
    """Oldest first, in UTC. Runs after the request: nothing is read before the first line is asked for."""
    found = selectors.looks(user, choice, zone).select_related("site").order_by("id")
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
