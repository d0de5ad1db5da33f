"""What the pages of clocks, reports and alerts show: rows and cells, made of what the selectors read."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from typing import Any

from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from apps.safety import clock_words as words
from apps.safety.models import AdverseEvent, SafetyAlert, SafetyReport
from apps.safety.rules.clocks import Clock
from apps.safety.selectors import clocks
from apps.safety.selectors.alerts import standing
from apps.safety.selectors.clocks import Due, FollowUpDue, urgency
from studyportal.access.models import Site, User
from studyportal.access.permissions import Permission
from studyportal.protocol.presentation_safety import hours_text
from studyportal.ui.parts import Cell, Row
from studyportal.ui.templatetags.ui_tags import human_date_text

# Rows of the overview; a site with more has other worries than the length of a page.
SHOWN = 200

STATES = {
    "running": "clock_running",
    "soon": "clock_soon",
    "overdue": "clock_overdue",
    "unclear": "clock_unclear",
    "conditional": "clock_conditional",
}
TONES = {"overdue": "bad", "soon": "attention", "unclear": "attention"}


def state_of(clock: Clock) -> str:
    if clock.state == "stopped":
        return {True: "clock_stopped_late", False: "clock_stopped", None: "clock_stopped_unclear"}[clock.late]
    return STATES[clock.state]


def event_cell(event: AdverseEvent, more: int = 0) -> Cell:
    """more: how many clocks run that the row does not show."""
    detail = _("number %d") % event.pk
    if more:
        detail += " · " + ngettext("%(n)d more clock runs", "%(n)d more clocks run", more) % {"n": more}
    return Cell(
        event.verbatim or _("Adverse event %d") % event.pk,
        url=reverse("safety:event", args=[event.pk]) + ("#clocks" if more else ""),
        detail=detail,
    )


def person_cell(user: User, participant: Any) -> Cell:
    """Linked for those who may open the casebook."""
    url = participant.get_absolute_url() if user.may(Permission.VIEW_DATA, participant.site_id) else ""
    return Cell(
        participant.code, url=url, detail=_("synthetic") if participant.synthetic else "", nowrap=True
    )


def overview(user: User, now: dt.datetime | None = None) -> dict[str, Any]:
    """Everything of the page `/safety/`; a fixed number of queries."""
    now = now or timezone.now()
    due = clocks.due(user, now=now)
    serious = [one for one in due if not one.undecided]
    undecided = [one for one in due if one.undecided]
    alerts = list(standing(user)[:SHOWN])
    follow_ups = clocks.follow_ups_due(user, now=now)
    lost = clocks.without_clocks(user)
    rows = [row for one in serious for row in due_rows(user, one, now)]
    overdue = sum(clock.state == "overdue" for one in serious for clock in one.running)
    return {
        "alerts": [alert_row(user, alert) for alert in alerts],
        "due": rows[:SHOWN],
        "due_events": len(serious),
        "due_columns": [_("Participant"), _("Event"), _("Clock"), _("State"), _("Last moment"), ""],
        "undecided": [undecided_row(user, one, now) for one in undecided[:SHOWN]],
        "undecided_columns": [_("Participant"), _("Event"), _("If it is serious: last moment"), ""],
        "follow_ups": [follow_up_row(user, one) for one in follow_ups[:SHOWN]],
        "without_clocks": [(event.site.country, event.participant.code, event.pk) for event in lost],  # type: ignore[attr-defined]
        "cut": len(rows) > SHOWN or len(undecided) > SHOWN or len(follow_ups) > SHOWN,
        "stats": [
            (_("Alerts that stand"), len(alerts), "#alerts", "bad" if alerts else ""),
            (_("Clocks that ran out"), overdue, "#due", "bad" if overdue else ""),
            (_("Serious events with a running clock"), len(serious), "#due", ""),
            (_("Seriousness not said"), len(undecided), "#undecided", "attention" if undecided else ""),
            (_("Follow-ups due"), len(follow_ups), "#follow-ups", ""),
        ],
    }


def may_report(user: User, event: AdverseEvent) -> bool:
    return user.may(Permission.REPORT_SAFETY, event.site_id)


def due_rows(user: User, due: Due, now: dt.datetime) -> list[Row]:
    """One row for each clock of an event that presses, else for the next one; the others are counted beside the event.

    The event is named in each row, so that a row stands alone."""
    event = due.event
    pressing = [clock for clock in due.running if clock.state in TONES] or [due.first]
    calm = len(due.running) - len(pressing)
    return [
        Row(
            [
                person_cell(user, event.participant),
                event_cell(event, calm),
                Cell(clock.label, detail=_("within %s") % hours_text(clock.hours)),
                Cell(words.left_text(clock, now), state=state_of(clock)),
                words.due_text(clock, event.site),
                Cell(_("Report"), url=report_url(event, clock)) if may_report(user, event) else "",
            ],
            tone=TONES.get(clock.state, ""),
        )
        for clock in pressing
    ]


def report_url(event: AdverseEvent, clock: Clock | None = None) -> str:
    """The page on which it is reported, prepared for what the clock asks for."""
    url = reverse("safety:report-new", args=[event.pk])
    if clock is None:
        return url
    kind = next(
        kind for kind in ("initial", "analysis", "opinion", "final", "follow_up") if kind in clock.stops
    )
    return f"{url}?kind={kind}&recipient={clock.recipient}"


def undecided_row(user: User, due: Due, now: dt.datetime) -> Row:
    event = due.event
    may = user.may(Permission.ENTER_DATA, event.site_id)
    return Row(
        [
            person_cell(user, event.participant),
            event_cell(event),
            Cell(words.due_text(due.first, event.site), detail=words.left_text(due.first, now)),
            Cell(_("Say whether it is serious"), url=reverse("crf:edit", args=["adverse-event", event.pk]))
            if may
            else "",
        ],
        tone="attention",
    )


def follow_up_row(user: User, due: FollowUpDue) -> Row:
    event = due.event
    late = due.days < 0
    return Row(
        [
            person_cell(user, event.participant),
            event_cell(event),
            Cell(
                human_date_text(due.due_on), state="overdue" if late else "due" if due.days == 0 else "soon"
            ),
        ],
        tone="bad" if late else "",
    )


def alert_row(user: User, alert: SafetyAlert) -> Row:
    return Row(
        [
            person_cell(user, alert.participant),
            Cell(alert.message, url=reverse("safety:alert", args=[alert.pk])),
            words.at_site(alert.raised_at, alert.site),
        ],
        tone="bad",
    )


# --- One event -------------------------------------------------------------------------------------------


def clock_rows(all_clocks: Iterable[Clock], site: Site, now: dt.datetime) -> list[Row]:
    """Each clock of an event, from occurrence and from awareness, as it stands."""
    return [
        Row(
            [
                Cell(clock.label, detail=_("within %s") % hours_text(clock.hours)),
                Cell("", state=state_of(clock), detail=_state_detail(clock, now)),
                _count(clock, "occurrence", site, now),
                _count(clock, "awareness", site, now),
                words.due_text(clock, site),
            ],
            tone=TONES.get(clock.state, ""),
        )
        for clock in all_clocks
    ]


def pressing(all_clocks: Iterable[Clock], site: Site, now: dt.datetime) -> list[tuple[str, str, str]]:
    """Title, tone and text of each clock that presses, the most urgent first."""
    found = sorted((one for one in all_clocks if one.state in TONES), key=urgency)
    return [
        (
            f"{one.label}: {words.left_text(one, now)}",
            TONES[one.state],
            _("Last moment: %s") % words.due_text(one, site),
        )
        for one in found
    ]


def _state_detail(clock: Clock, now: dt.datetime) -> str:
    if clock.stopped_by is not None:
        return _("version %d") % clock.stopped_by
    return words.left_text(clock, now)


def _count(clock: Clock, origin: str, site: Site, now: dt.datetime) -> Cell:
    """Hours since one of the two starts; that by which lateness is judged says so."""
    count = clock.from_awareness if origin == "awareness" else clock.from_occurrence
    counts = _("counts") if clock.start == origin else ""
    start = words.start_text(count, site)
    return Cell(
        words.elapsed_text(count, clock.stopped_at or now), detail=f"{start} · {counts}" if counts else start
    )


def report_row(report: SafetyReport) -> Row:
    state = "clock_stopped_late" if report.late else ""
    if report.taken_back:
        state = "report_taken_back"
    elif getattr(report, "corrected_by", None) is not None:
        state = "report_corrected"
    return Row(
        [
            Cell(str(report.number), url=reverse("safety:report", args=[report.pk])),
            Cell(report.get_kind_display(), state=state),
            report.recipient_label,
            words.at_site(report.sent_at, report.site),
            Cell(report.reporter_name, detail=report.reporter_role),
            Cell("PDF", url=reverse("safety:report-pdf", args=[report.pk])),
        ]
    )


def report_columns() -> list[str]:
    return [_("Version"), _("Kind"), _("Recipient"), _("Sent or received"), _("Recorded by"), _("File")]


def event_panel(event: AdverseEvent, user: User) -> dict[str, Any]:
    """What the page of an event shows of clocks, reports and alerts: three queries."""
    now = timezone.now()
    held = list(
        SafetyReport.objects.filter(event=event).select_related("site", "corrected_by").order_by("number")
    )
    running = clocks.clocks_of_event(event, held, now)
    jurisdiction = clocks.jurisdiction_of(event.site)
    return {
        "event": event,
        "clock_columns": [
            _("Clock"),
            _("State"),
            _("Since occurrence"),
            _("Since awareness"),
            _("Last moment"),
        ],
        "clock_rows": clock_rows(running, event.site, now),
        "jurisdiction": jurisdiction,
        "no_jurisdiction": event.serious is True and jurisdiction is None,
        "report_columns": report_columns(),
        "report_rows": [report_row(one) for one in held],
        "event_alerts": [alert_row(user, alert) for alert in standing(user).filter(event=event)],
        "reminders": list(event.reminders.order_by("id")),  # type: ignore[attr-defined]
        "may_report": may_report(user, event)
        and event.serious is True
        and jurisdiction is not None
        and not event.participant.retrospective,  # type: ignore[attr-defined]
        "report_url": report_url(event),
        "retrospective": event.participant.retrospective,  # type: ignore[attr-defined]
    }
