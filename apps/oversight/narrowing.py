"""What a page of oversight is narrowed to: reading it from the address, and the controls for it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from typing import Any
from urllib.parse import urlencode

from django.utils.translation import gettext as _

from apps.enrolment.models import Participant
from studyportal.access.declare import get_visible_or_404
from studyportal.access.models import AllSites, Site, User
from studyportal.access.permissions import Permission
from studyportal.ui.parts import Filter

ROWS = 50


def sites_with(user: User, permission: Permission) -> list[Site]:
    sites = user.sites_with(permission)
    found = Site.objects.order_by("code")
    return list(found if isinstance(sites, AllSites) else found.filter(pk__in=sites))


def participant_or_404(user: User, code: str) -> Participant:
    """A participant whose consent the user may read."""
    found: Participant = get_visible_or_404(
        Participant.objects.select_related("site"), user, Permission.VIEW_CONSENT_LOG, code=code
    )
    return found


def known(value: str | None, among: Iterable[str]) -> str:
    return value if value and value in list(among) else ""


def number_of(text: str | None) -> int:
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 18 else 0


def clean_code(text: str) -> str:
    return text.strip().upper().replace("\x00", "")[:20]


def clean_words(text: str) -> str:
    return text.replace("\x00", "").strip()[:80]


def clean_day(text: str | None) -> str:
    """The day as it was given when it is one, otherwise nothing: a page never narrows by what it does not show."""
    try:
        return dt.date.fromisoformat((text or "").strip()[:10]).isoformat()
    except ValueError:
        return ""


def moment(day: str, zone: dt.tzinfo, *, end: bool = False) -> dt.datetime | None:
    """The beginning of a day (end: of the day after) in the zone; None when the text is no day."""
    try:
        found = dt.date.fromisoformat(day)
        return dt.datetime.combine(found + dt.timedelta(days=1 if end else 0), dt.time.min, zone)
    except (ValueError, OverflowError):
        return None


def site_filter(sites: Sequence[Site], chosen: str) -> list[Filter]:
    if len(sites) < 2:
        return []
    choices = [("", _("All")), *((site.code, f"{site.code} {site.name}") for site in sites)]
    return [Filter("site", _("Site"), value=chosen, choices=choices)]


def given(choice: Any) -> dict[str, Any]:
    """The narrowing that says something, as the members of an address."""
    return {name: value for name, value in vars(choice).items() if value}


def address(url: str, narrowed: dict[str, Any]) -> str:
    return f"{url}?{urlencode(narrowed)}" if narrowed else url


def paging(narrowed: dict[str, Any], *, older: str, newer: str) -> dict[str, str]:
    def url(**key: str) -> str:
        return "?" + urlencode(narrowed | key)

    return {"next_url": url(older=older) if older else "", "previous_url": url(newer=newer) if newer else ""}
