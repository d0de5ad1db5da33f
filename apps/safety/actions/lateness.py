"""A report that is late, or was never sent in its time, is a deviation: it agrees with the clocks whenever they change."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from zoneinfo import ZoneInfo

from django.utils import timezone
from django.utils.translation import gettext as _

from apps.safety import clock_words as words
from apps.safety.models import AdverseEvent, SafetyReport
from apps.safety.rules.clocks import Clock
from apps.safety.selectors.clocks import clocks_of_event, jurisdiction_of
from apps.safety.selectors.reports import effective, without_content
from studyportal.access.models import User
from studyportal.deviations.actions import Found, agree
from studyportal.deviations.models import Deviation
from studyportal.protocol.presentation_safety import hours_text

FORM = "adverse-event"
CODE = "safety_report_late:"


def agree_lateness(*, event: AdverseEvent, by: User | None, now: dt.datetime | None = None) -> None:
    """Make the deviations of the event's clocks agree with how they stand: one for each clock that is late.

    Three queries, and those of what changes. Sites, languages and clocks that come and go leave no deviation behind.
    """
    now = now or timezone.now()
    reports = list(without_content().filter(event=event))
    clocks = clocks_of_event(event, reports, now)
    found: dict[str, Found | None] = {
        f"{CODE}{clock.key}": _found(event, clock, reports, now) for clock in clocks
    }
    held = Deviation.objects.filter(
        form=FORM, object_id=event.pk, code__startswith=CODE, raised_by__isnull=True
    ).values_list("code", flat=True)
    for code in {*held, *(code for code, one in found.items() if one is not None)}:
        agree(participant=event.participant, form=FORM, code=code, found={event.pk: found.get(code)}, by=by)


def _found(
    event: AdverseEvent, clock: Clock, reports: Iterable[SafetyReport], now: dt.datetime
) -> Found | None:
    if clock.late is not True or clock.conditional:
        return None
    jurisdiction = jurisdiction_of(event.site)
    due = clock.due_by or clock.due_at
    assert jurisdiction is not None and due is not None  # else nothing of it could be late
    said = {
        "clock": clock.label,
        "allowed": hours_text(clock.hours),
        "due": words.at_site(due, event.site),
        "to": jurisdiction.recipients[clock.recipient].label,
    }
    if clock.stopped_by is None:
        text = _("%(clock)s: not done within %(allowed)s; the last moment was %(due)s.") % said
    else:
        reason = next((one.late_reason for one in effective(reports) if one.number == clock.stopped_by), "")
        text = _(
            "%(clock)s: version %(number)d came %(span)s after the last moment (%(due)s). Reason: %(reason)s"
        ) % {
            **said,
            "number": clock.stopped_by,
            "span": words.span_text((clock.stopped_at or now) - due),
            "reason": reason or _("none was needed by the clock as it stood then"),
        }
    day = due.astimezone(ZoneInfo(event.site.timezone)).date()
    return Found(f"{CODE}{clock.key}", text, "major", kind="safety", occurred_on=day)
