"""What the pages of findings show, as plain parts for the components."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.http import QueryDict
from django.urls import reverse
from django.utils.translation import gettext as _

from apps.oversight import selectors
from apps.oversight.items import Item
from apps.oversight.narrowing import ROWS, known, number_of, site_filter, sites_with
from studyportal.access.models import User
from studyportal.access.permissions import Permission
from studyportal.ui.parts import Cell, Column, Filter, Row

SCREENED_NOT_CONSENTED = 14


# --- findings -------------------------------------------------------------------------------------------


def findings_of(user: User, query: QueryDict) -> dict[str, Any]:
    sites = sites_with(user, Permission.VIEW_FINDINGS)
    site = known(query.get("site"), [one.code for one in sites])
    found = selectors.findings(user, site=site)
    counted = selectors.counted(found)
    failed = [one for one in found if one.finding.verdict == "fail"]
    suffix = f"?{urlencode({'site': site})}" if site else ""
    return {
        "narrowed": {"site": site} if site else {},
        "filters": site_filter(sites, site),
        "clear_url": reverse("oversight:findings") if site else "",
        "stats": [
            (_("Critical"), sum(one.finding.severity == "critical" for one in failed), "bad"),
            (_("Major"), sum(one.finding.severity == "major" for one in failed), "attention"),
            (_("Minor"), sum(one.finding.severity == "minor" for one in failed), "info"),
            (_("Undecided by the record"), len(found) - len(failed), ""),
            (_("Participants with a finding"), len({one.participant.pk for one in found}), ""),
        ],
        "columns": [
            Column(_("No."), numeric=True),
            _("Question"),
            _("Gravest found"),
            Column(_("Found"), numeric=True),
            Column(_("Undecided"), numeric=True),
            Column(_("Participants"), numeric=True),
        ],
        "items": [
            {
                "one": one,
                "url": reverse("oversight:finding", args=[one.item.number]) + suffix,
                "tone": {"critical": "bad", "major": "attention"}.get(one.gravest, "") if one.failed else "",
            }
            for one in counted
        ],
    }


def finding_of(user: User, item: Item, query: QueryDict) -> dict[str, Any]:
    sites = sites_with(user, Permission.VIEW_FINDINGS)
    site = known(query.get("site"), [one.code for one in sites])
    verdict = known(query.get("verdict"), ["fail", "indeterminate"])
    found = [
        one
        for one in selectors.findings(user, site=site)
        if one.finding.number == item.number and verdict in ("", one.finding.verdict)
    ]
    page = max(number_of(query.get("page")), 1)
    shown = found[(page - 1) * ROWS : page * ROWS]
    narrowed = {name: value for name, value in (("site", site), ("verdict", verdict)) if value}

    def url(number: int) -> str:
        return "?" + urlencode(narrowed | {"page": number})

    # The people of question 14 are those of the screening log, registered or not.
    may_read_log = item.number == SCREENED_NOT_CONSENTED and user.may(Permission.VIEW_SCREENING_LOG)
    return {
        "item": item,
        "log_url": reverse("enrolment:screening") + (f"?{urlencode({'site': site})}" if site else "")
        if may_read_log
        else "",
        "narrowed": narrowed,
        "filters": [
            *site_filter(sites, site),
            Filter(
                "verdict",
                _("Verdict"),
                value=verdict,
                choices=[
                    ("", _("All")),
                    ("fail", _("Found")),
                    ("indeterminate", _("Undecided by the record")),
                ],
            ),
        ],
        "clear_url": reverse("oversight:finding", args=[item.number]) if narrowed else "",
        "columns": [_("Participant"), _("Severity"), _("Verdict"), _("What")],
        "rows": [finding_row(one) for one in shown],
        "shown": f"{(page - 1) * ROWS + 1}–{(page - 1) * ROWS + len(shown)}" if shown else "",
        "total": len(found),
        "previous_url": url(page - 1) if page > 1 else "",
        "next_url": url(page + 1) if len(found) > page * ROWS else "",
    }


def finding_row(one: Any) -> Row:
    return Row(
        [
            Cell(
                one.participant.code,
                url=reverse("oversight:consent-story", args=[one.participant.code]),
                detail=_("synthetic") if one.participant.synthetic else "",
                nowrap=True,
            ),
            Cell("", state=one.finding.severity),
            verdict_words(one.finding.verdict),
            one.finding.message,
        ],
        tone="bad" if one.finding.severity == "critical" and one.finding.verdict == "fail" else "",
    )


def verdict_words(verdict: str) -> str:
    return _("Found") if verdict == "fail" else _("Undecided by the record")
