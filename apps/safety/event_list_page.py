"""The list of adverse events as the page shows it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any
from urllib.parse import urlencode

from django.http import QueryDict
from django.urls import reverse
from django.utils.translation import gettext as _

from apps.safety.models import AdverseEvent, Grade, Term
from apps.safety.rules import is_open
from apps.safety.selectors import lists
from studyportal.access.clock import today_at
from studyportal.access.models import Site, User
from studyportal.access.permissions import Permission
from studyportal.ui.parts import Cell, Column, Filter, Row
from studyportal.ui.posted import whole_number
from studyportal.ui.templatetags.ui_tags import human_date_text

YES = [("yes", _("Yes"))]


def choice_of(query: QueryDict, sites: Sequence[Site]) -> lists.Choice:
    def known(name: str, among: Sequence[str]) -> str:
        value = query.get(name, "")
        return value if value in among else ""

    return lists.Choice(
        q=query.get("q", "").strip().replace("\x00", "")[:60],
        state=known("state", ("open", "ended", "due", "unfinished")),
        serious=known("serious", ("yes", "no")),
        term=known("term", Term.values),
        grade=known("grade", Grade.values),
        special=known("special", ("yes",)),
        site=known("site", [site.code for site in sites]),
    )


def page_of(user: User, query: QueryDict, sites: Sequence[Site]) -> dict[str, Any]:
    choice = choice_of(query, sites)
    narrowed = {name: value for name, value in vars(choice).items() if value}
    page = lists.page(
        user, choice, after=whole_number(query.get("after")), before=whole_number(query.get("before"))
    )
    counted = lists.counts(user, choice)
    several = len(sites) > 1

    def url(**more: str) -> str:
        kept = {name: value for name, value in (narrowed | more).items() if value}
        return f"?{urlencode(kept)}" if kept else reverse("safety:events")

    return {
        "filters": _filters(choice, sites),
        "clear_url": reverse("safety:events") if narrowed else "",
        "narrowed": narrowed,
        "stats": [
            (_("Events"), counted["all"], "", url(state="", serious=""), ""),
            (_("Open"), counted["open"], "", url(state="open"), ""),
            (
                _("Serious"),
                counted["serious"],
                _("%(n)d of them open") % {"n": counted["serious_open"]},
                url(serious="yes"),
                "bad" if counted["serious_open"] else "",
            ),
            (
                _("Follow-up overdue"),
                counted["due"],
                "",
                url(state="due"),
                "attention" if counted["due"] else "",
            ),
        ],
        "columns": _columns(several),
        "rows": [_row(user, event, several=several) for event in page.rows],
        "next_url": url(after=page.after) if page.after else "",
        "previous_url": url(before=page.before) if page.before else "",
        "may_report": user.may(Permission.ENTER_DATA),
    }


def _columns(several: bool) -> list[Any]:
    return [
        _("Event"),
        _("Participant"),
        *([_("Site")] if several else []),
        _("Began"),
        Column(_("Grade"), numeric=True),
        _("Seriousness"),
        _("Outcome"),
        _("Next follow-up"),
    ]


def _filters(choice: lists.Choice, sites: Sequence[Site]) -> list[Filter]:
    everything = [("", _("All"))]
    site = [*everything, *((one.code, f"{one.code} {one.name}") for one in sites)]
    return [
        Filter("q", _("Words or code"), widget="search", value=choice.q, placeholder="MUM-0001"),
        Filter(
            "state",
            _("State"),
            value=choice.state,
            choices=[
                *everything,
                ("open", _("Open")),
                ("ended", _("Ended")),
                ("due", _("Follow-up overdue")),
                ("unfinished", _("Form unfinished")),
            ],
        ),
        Filter(
            "serious",
            _("Serious"),
            value=choice.serious,
            choices=[*everything, ("yes", _("Yes")), ("no", _("No"))],
        ),
        Filter("term", _("Term"), value=choice.term, choices=[*everything, *Term.choices]),
        Filter("grade", _("Grade at least"), value=choice.grade, choices=[*everything, *Grade.choices]),
        Filter(
            "special",
            _("Special interest"),
            value=choice.special,
            choices=[*everything, ("yes", _("Only these"))],
        ),
        *([Filter("site", _("Site"), value=choice.site, choices=site)] if len(sites) > 1 else []),
    ]


def _row(user: User, event: AdverseEvent, *, several: bool) -> Row:
    participant: Any = event.participant
    may_open = user.may(Permission.VIEW_DATA, event.site_id)
    term = Term(event.term).label if event.term else ""
    marks = [_("special interest")] * bool(event.special_interest) + [_("form unfinished")] * (
        not event.is_complete
    )
    going_on = is_open(event.outcome)  # type: ignore[arg-type]
    return Row(
        [
            Cell(
                event.verbatim or term or _("not described yet"),
                url=event.page_url,
                detail=" · ".join(filter(None, [str(term), *map(str, marks)])),
            ),
            Cell(participant.code, url=participant.get_absolute_url() if may_open else "", nowrap=True),
            *([event.site.code] if several else []),
            Cell(human_date_text(event.onset_on), nowrap=True) if event.onset_on else _("not recorded"),
            event.grade or "–",
            seriousness(event),
            Cell(AdverseEvent.crf_fields()["outcome"].for_people(event.outcome) or _("not known yet")),
            _due(event) if going_on else "–",
        ],
        tone="bad" if event.serious and going_on else "",
    )


def seriousness(event: AdverseEvent) -> Cell:
    if event.serious is None:
        return Cell(_("not assessed yet"))
    return Cell("", state="serious" if event.serious else "not_serious")


def _due(event: AdverseEvent) -> Cell:
    due: Any = event.follow_up_due_on
    if due is None:
        return Cell(_("not planned"))
    return Cell(human_date_text(due), nowrap=True, state="overdue" if is_overdue(due, event.site) else "")


def is_overdue(due: dt.date, site: Site) -> bool:
    """Whether the day lies before today at the site."""
    return due < today_at(site)
