"""The consent log as a page: narrowed, counted, by pages; and as a print."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from django.http import QueryDict
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from apps.consent.models import ChainHead, ConsentEvent, Kind
from apps.oversight import log_choice, log_lines
from apps.oversight.log_choice import LogChoice
from apps.oversight.narrowing import ROWS, address, given, number_of, paging
from studyportal.access.models import Site, User
from studyportal.ui.paging import page_by_key
from studyportal.ui.parts import Row
from studyportal.ui.templatetags.ui_tags import human_date_text

# A print of more than this is a book: the PDF has it, with page numbers.
MOST_PRINTED = 500


@dataclass(frozen=True)
class Provenance:
    """What a copy of the log says of itself: who made it and when, of what, and the head of the chain at that time."""

    by: str
    username: str
    at: str
    zone: str
    sites: str
    narrowed: Sequence[tuple[str, str]]
    entries: int
    head_count: int
    head_sha256: str

    def lines(self) -> list[tuple[str, str]]:
        head = _("%(n)d entries in the whole study") % {"n": self.head_count}
        return [
            (_("Made by"), f"{self.by} ({self.username})"),
            (_("Made at"), f"{self.at} ({self.zone})"),
            (_("Sites"), self.sites),
            (_("Narrowed to"), "; ".join(f"{label}: {value}" for label, value in self.narrowed) or _("nothing: all entries")),
            (_("Entries in this copy"), str(self.entries)),
            (_("Head of the chain"), f"{self.head_sha256}, {head}" if self.head_sha256 else _("no entry is chained yet")),
        ]  # fmt: skip


def provenance(
    user: User, choice: LogChoice, sites: Sequence[Site], zone: ZoneInfo, entries: int
) -> Provenance:
    head = ChainHead.objects.first()
    with timezone.override(zone):
        at = human_date_text(timezone.now())
    return Provenance(
        by=str(user),
        username=user.get_username(),
        at=at,
        zone=str(zone),
        sites=", ".join(site.code for site in sites if choice.site in ("", site.code)),
        narrowed=log_choice.said(choice, sites),
        entries=entries,
        head_count=head.count if head else 0,
        head_sha256=head.sha256 if head else "",
    )


def files(narrowed: dict[str, Any]) -> dict[str, str]:
    """The addresses of the log as a file and as a print, with the narrowing of the page."""
    return {
        f"{name}_url": address(reverse(f"oversight:consent-log-{name}"), narrowed)
        for name in ("csv", "jsonl", "pdf", "print")
    }


def context_of(user: User, query: QueryDict, sites: Sequence[Site], zone: ZoneInfo) -> dict[str, Any]:
    choice = log_choice.choice_of(query, sites)
    found = log_choice.events(user, choice, zone)
    page = page_by_key(
        found, after=number_of(query.get("older")), before=number_of(query.get("newer")), size=ROWS
    )
    narrowed = given(choice)
    versions, spoken = log_choice.documents_named(user, choice)
    controls = log_choice.controls(choice, sites, versions=versions, spoken=spoken)
    more = controls[-log_choice.MORE :]
    return {
        "narrowed": narrowed,
        "filters": controls[: -log_choice.MORE],
        "more_filters": more,
        "more_open": any(one.value for one in more),
        "clear_url": reverse("oversight:consent-log") if narrowed else "",
        "counts": counts_words(log_choice.counts_of(found), choice, narrowed),
        "columns": log_lines.headings(),
        "rows": [row(event) for event in page.rows],
        "zone": str(zone),
        **files(narrowed),
        **paging(narrowed, older=page.after, newer=page.before),
    }


def row(event: ConsentEvent) -> Row:
    """A line of the log; the edge of a correction, a withdrawal and a broken rule is drawn, the words say the same."""
    broken = bool(event.as_it_happened)
    tone = "attention" if broken or event.kind == Kind.CORRECTION else ""
    if event.kind == Kind.WITHDRAWAL:
        tone = "bad"
    return Row(log_lines.cells(event), tone=tone)


def counts_words(
    counts: log_choice.Counts, choice: LogChoice, narrowed: dict[str, Any]
) -> list[tuple[str, int, str]]:
    """(words, number, address that narrows to them) of what the narrowed log holds."""
    here = reverse("oversight:consent-log")

    def further(**more: str) -> str:
        return address(here, narrowed | more)

    return [
        (ngettext("entry", "entries", counts.entries), counts.entries, ""),
        (ngettext("participant", "participants", counts.participants), counts.participants, ""),
        (_("entered a day or more after the signature"), counts.delayed, further(delay="1")),
        (_("without a day of signature"), counts.undated, further(delay=log_choice.NOT_KNOWN)),
        (
            ngettext("correction", "corrections", counts.corrections),
            counts.corrections,
            further(special="corrections"),
        ),
        (
            _("recorded although a rule was broken"),
            counts.as_it_happened,
            further(special="as_it_happened"),
        ),
    ]


def print_context(user: User, query: QueryDict, sites: Sequence[Site], zone: ZoneInfo) -> dict[str, Any]:
    """The newest entries that fit, each in full, oldest first as a log is read."""
    choice = log_choice.choice_of(query, sites)
    found = log_choice.events(user, choice, zone)
    entries = found.order_by().count()
    newest = list(found.order_by("-id")[:MOST_PRINTED])
    narrowed = given(choice)
    return {
        "narrowed": narrowed,
        "provenance": provenance(user, choice, sites, zone, min(entries, MOST_PRINTED)).lines(),
        "entries": [printed(event) for event in reversed(newest)],
        "cut": entries > MOST_PRINTED,
        "total": entries,
        "most": MOST_PRINTED,
        "back_url": address(reverse("oversight:consent-log"), narrowed),
        **files(narrowed),
    }


def printed(event: ConsentEvent) -> dict[str, Any]:
    """One entry as a print and a PDF have it: nothing that was stated is left out."""
    stated = [one for _key, _title, names in log_lines.TOPICS for one in log_lines.stated(event, names)]
    missing: dict[str, list[str]] = {}
    for one in stated:
        if one.absent:
            missing.setdefault(one.text, []).append(one.label)
    hashes = (
        (_("Document"), event.document_sha256),
        (_("Signed sheet"), event.paper_sha256),
        (_("Entry"), event.sha256 or ""),
    )
    return {
        "number": log_lines.number_of(event),
        "what": log_lines.what(event),
        "participant": event.participant.code,
        "site": event.site.code,
        "synthetic": event.participant.synthetic,
        "entered": _("Entered %(at)s by %(by)s. From signature to entry: %(delay)s")
        % {
            "at": human_date_text(event.entered_at),
            "by": event.entered_by,
            "delay": log_lines.lag_words(event),
        },
        "stated": [(one.label, one.text) for one in stated if not one.absent],
        "absent": [(reason, ", ".join(labels)) for reason, labels in missing.items()],
        "hashes": [(label, value) for label, value in hashes if value],
    }
