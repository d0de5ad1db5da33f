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
from apps.oversight.findings_choice import verdict_words
from apps.oversight.selectors import LogChoice
from studyportal.access.clock import zone_of
from studyportal.access.models import Site, User
from studyportal.access.permissions import Permission
from studyportal.ui.paging import page_by_key
from studyportal.ui.parts import Cell, Column, Filter, TimelineEvent

ROWS = 50


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
