"""What the pages of oversight show, as plain parts for the components."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any
from urllib.parse import urlencode

from django.http import QueryDict
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from apps.consent import selectors as consent
from apps.consent.models import ConsentEvent, Kind
from apps.enrolment.models import Participant
from apps.oversight import log_lines, selectors
from apps.oversight.items import Item
from apps.oversight.selectors import LogChoice
from studyportal.access.clock import zone_of
from studyportal.access.models import Site, User
from studyportal.access.permissions import Permission
from studyportal.ui.paging import page_by_key
from studyportal.ui.parts import Cell, Column, Filter, Row, TimelineEvent

ROWS = 50
SCREENED_NOT_CONSENTED = 14


def known(value: str | None, among: Iterable[str]) -> str:
    return value if value and value in list(among) else ""


def number_of(text: str | None) -> int:
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 18 else 0


def site_filter(sites: Sequence[Site], chosen: str) -> list[Filter]:
    if len(sites) < 2:
        return []
    choices = [("", _("All")), *((site.code, f"{site.code} {site.name}") for site in sites)]
    return [Filter("site", _("Site"), value=chosen, choices=choices)]


def paging(narrowed: dict[str, Any], *, older: str, newer: str) -> dict[str, str]:
    def url(**key: str) -> str:
        return "?" + urlencode(narrowed | key)

    return {"next_url": url(older=older) if older else "", "previous_url": url(newer=newer) if newer else ""}


def _given(choice: Any) -> dict[str, Any]:
    return {name: value for name, value in vars(choice).items() if value}


# --- findings -------------------------------------------------------------------------------------------


def findings_of(user: User, query: QueryDict) -> dict[str, Any]:
    sites = selectors.sites_with(user, Permission.VIEW_FINDINGS)
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
    sites = selectors.sites_with(user, Permission.VIEW_FINDINGS)
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


# --- the consent log ------------------------------------------------------------------------------------


def log_choice(query: QueryDict, sites: Sequence[Site]) -> LogChoice:
    return LogChoice(
        site=known(query.get("site"), [site.code for site in sites]),
        kind=known(query.get("kind"), Kind.values),
        participant=selectors.clean_code(query.get("participant", "")),
        since=query.get("since", "")[:10],
        until=query.get("until", "")[:10],
    )


def log_of(user: User, query: QueryDict, sites: Sequence[Site]) -> dict[str, Any]:
    choice = log_choice(query, sites)
    zone = zone_of(sites)
    found = selectors.consent_log(user, choice, zone)
    page = page_by_key(
        found, after=number_of(query.get("older")), before=number_of(query.get("newer")), size=ROWS
    )
    narrowed = _given(choice)
    return {
        "narrowed": narrowed,
        "filters": [
            Filter(
                "participant",
                _("Participant"),
                widget="search",
                value=choice.participant,
                placeholder="MUM-0001",
            ),
            Filter("kind", _("Kind of entry"), value=choice.kind, choices=[("", _("All")), *Kind.choices]),
            *site_filter(sites, choice.site),
            Filter("since", _("Entered from"), widget="date", value=choice.since),
            Filter("until", _("Entered until"), widget="date", value=choice.until),
        ],
        "clear_url": reverse("oversight:consent-log") if narrowed else "",
        "csv_url": reverse("oversight:consent-log-csv") + (f"?{urlencode(narrowed)}" if narrowed else ""),
        "columns": log_lines.headings(),
        "rows": [log_lines.cells(event) for event in page.rows],
        "zone": str(zone),
        **paging(narrowed, older=page.after, newer=page.before),
    }


# --- one participant's consent --------------------------------------------------------------------------


def story_of(user: User, participant: Participant) -> dict[str, Any]:
    today = timezone.localdate()
    events = list(consent.events_of(participant))
    for event in events:
        event.participant = participant
    state = consent.state_for(participant, today)
    found = consent.findings_of(participant)
    return {
        "participant": participant,
        "synthetic": participant.synthetic,
        "chip": chip(state) if events else "missing",
        "state": [
            (_("Taking part"), verdict_of(state.in_force)),
            (_("Harvest and infusion"), verdict_of(state.procedure)),
            (_("Sessions covered"), sessions_of(state)),
            (_("Entries"), len(events)),
        ],
        "why": list(state.why),
        "findings": [
            [
                Cell(str(one.number), url=reverse("oversight:finding", args=[one.number])),
                one.title,
                Cell("", state=one.severity),
                verdict_words(one.verdict),
                one.message,
            ]
            for one in found
        ],
        "finding_columns": [
            Column(_("No."), numeric=True),
            _("Question"),
            _("Severity"),
            _("Verdict"),
            _("What"),
        ],
        "line": line_of(participant, events),
        "columns": log_lines.headings(with_participant=False),
        "rows": [log_lines.cells(event, with_participant=False) for event in events],
        "trail_url": f"{reverse('oversight:audit-trail')}?participant={participant.code}"
        if user.may(Permission.VIEW_AUDIT_TRAIL, participant.site_id)
        else "",
    }


def chip(state: consent.ConsentState) -> str:
    if state.in_force == "yes":
        return "partly_withdrawn" if state.withdrawn else "in_force"
    if state.withdrawn:
        return "withdrawn"
    return "consent_unclear" if state.in_force == "indeterminate" else "not_in_force"


def verdict_of(verdict: str) -> str:
    return {"yes": _("in force"), "no": _("not in force")}.get(verdict, _("undecided by the record"))


def sessions_of(state: consent.ConsentState) -> str:
    if state.all_sessions:
        return _("all")
    return ", ".join(str(number) for number in sorted(state.for_sessions)) or _("none")


def line_of(participant: Participant, events: Sequence[ConsentEvent]) -> list[TimelineEvent]:
    """Signatures and what was done, in one order: what a reader compares."""
    placed: list[tuple[tuple[int, str, int], TimelineEvent]] = []
    for event in events:
        when = event.signed_on
        tone = (
            "bad" if event.kind == Kind.WITHDRAWAL else "neutral" if event.kind == Kind.CORRECTION else "good"
        )
        placed.append(
            (
                _order(when, 0),
                TimelineEvent(
                    event.signed_at or when or _("date not recorded"),
                    event.get_kind_display(),
                    text="; ".join(
                        filter(None, [log_lines.words(event, "withdrawal_scopes"), event.note or ""])
                    ),
                    tone=tone,
                    icon="shield",
                    detail=_("entry %(n)d") % {"n": event.pk},
                ),
            )
        )
    for procedure in selectors.procedures_of(participant):
        placed.append(
            (
                _order(procedure.on, 1),
                TimelineEvent(
                    procedure.at or procedure.on or _("date not recorded"),
                    procedure.what,
                    tone="accent" if procedure.is_treatment else "neutral",
                    icon="syringe" if procedure.is_treatment else "calendar",
                ),
            )
        )
    return [event for _key, event in sorted(placed, key=lambda pair: pair[0])]


def _order(when: Any, rank: int) -> tuple[int, str, int]:
    known = when is not None and when.earliest is not None
    return (0 if known else 1, when.earliest.isoformat() if known else "", rank)
