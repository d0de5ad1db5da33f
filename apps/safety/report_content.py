"""What a report of a serious event says: everything that its PDF shows, as plain data that is kept and hashed.

It is in the words of the moment at which it was sent, in the zone of the site, so that it can be printed again
unchanged whatever becomes of the event, the forms or the protocol.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any
from zoneinfo import ZoneInfo

from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from apps.celldose.models import Infusion, Release
from apps.safety import clock_words as words
from apps.safety.models import ReportKind
from apps.safety.rules.clocks import Clock
from apps.safety.rules.reports import Stated
from apps.safety.selectors import EventFile
from apps.safety.selectors.reports import effective
from studyportal import protocol
from studyportal.crf import display
from studyportal.crf.registry import spec_for
from studyportal.protocol.presentation_safety import hours_text

FORMAT = "safety-report/1"

Pairs = list[list[str]]


def content_of(
    *,
    file: EventFile,
    stated: Stated,
    number: int,
    recipient_label: str,
    clocks: Sequence[Clock],
    reporter_name: str,
    reporter_role: str,
    correction: Pairs | None = None,
) -> dict[str, Any]:
    """The content of a version. clocks: all of the event as they stood before it was sent."""
    event = file.event
    zone = ZoneInfo(event.site.timezone)
    with timezone.override(zone):
        return {
            "format": FORMAT,
            "language": get_language() or "en",
            "zone": event.site.timezone,
            "title": _("Serious adverse event: %s") % str(ReportKind(stated.kind).label),
            "head": _head(file, stated, number, recipient_label, reporter_name, reporter_role),
            "correction": correction or [],
            "clocks": [_clock(clock, stated, event.site) for clock in clocks],
            "sections": [*_event(file), *_follow_ups(file), *_episodes(file), *_product(file)],
            "before": _before(file, number),
        }


def _head(file: EventFile, stated: Stated, number: int, recipient_label: str, name: str, role: str) -> Pairs:
    event = file.event
    participant: Any = event.participant
    plan = protocol.current()
    received = stated.kind == "opinion"
    assert stated.sent_at is not None
    pairs = [
        (_("Study"), f"{plan.study.title}"),
        (_("Protocol version"), plan.version),
        (_("Site"), str(event.site)),
        (_("Participant"), participant.code),
        (_("Group"), plan.groups[participant.group].label if participant.group in plan.groups else ""),
        (_("Event"), _("number %(id)d, version %(version)d") % {"id": event.pk, "version": event.version}),
        (_("Version of the report"), str(number)),
        (_("From") if received else _("To"), recipient_label),
        (_("Received at") if received else _("Sent at"), words.at_site(stated.sent_at, event.site)),
        (_("Reference number"), stated.reference),
        (_("By"), stated.method),
        (_("Recorded by") if received else _("Reported by"), f"{name}, {role}" if role else name),
        (_("Late: reason"), stated.late_reason.strip()),
        (_("Note"), stated.note.strip()),
    ]
    if getattr(participant, "synthetic", False):
        pairs.insert(0, (_("SYNTHETIC DATA"), _("No person stands behind this report.")))
    return [[label, text] for label, text in pairs if text]


def _clock(clock: Clock, stated: Stated, site: Any) -> dict[str, Any]:
    """One clock at the moment of the report, in words; whether it stops it, and whether that is late."""
    at = stated.sent_at
    assert at is not None
    stops = clock.runs and clock.recipient == stated.recipient and stated.kind in clock.stops
    if stops:
        state = _("stopped by this report: %s") % words.late_text(clock.count.late(at))
    elif clock.stopped_by is not None:
        state = _("stopped by version %(number)d: %(late)s") % {
            "number": clock.stopped_by,
            "late": words.late_text(clock.late),
        }
    else:
        state = _("running")
    moment = clock.stopped_at or at
    return {
        "label": clock.label,
        "allowed": hours_text(clock.hours),
        "counted": _("from awareness") if clock.start == "awareness" else _("from occurrence"),
        "occurrence": words.elapsed_text(clock.from_occurrence, moment),
        "awareness": words.elapsed_text(clock.from_awareness, moment),
        "due": words.due_text(clock, site),
        "state": state,
    }


def _lines(record: Any) -> Pairs:
    """What a form says: a value, or why there is none; a field that says nothing is left out."""
    return [
        [line.label, line.text or f"– ({line.absent})"]
        for _title, shown in display.lines(spec_for(type(record)), record)
        for line in shown
        if line.text or line.absent
    ]


def _section(title: str, pairs: Pairs) -> dict[str, Any]:
    return {"title": title, "pairs": pairs}


def _event(file: EventFile) -> Iterable[dict[str, Any]]:
    for title, shown in display.lines(spec_for(type(file.event)), file.event):
        pairs = [
            [line.label, line.text or (f"– ({line.absent})" if line.absent else _("not stated"))]
            for line in shown
            if line.text or line.absent or not line.derived
        ]
        yield _section(title, pairs)


def _follow_ups(file: EventFile) -> Iterable[dict[str, Any]]:
    for follow_up in file.follow_ups:
        yield _section(str(follow_up), _lines(follow_up))


def _episodes(file: EventFile) -> Iterable[dict[str, Any]]:
    for episode in (file.dka, file.hypoglycaemia):
        if episode is not None:
            yield _section(str(episode), _lines(episode))


def _product(file: EventFile) -> Iterable[dict[str, Any]]:
    """The cell product that the event may be linked to, with its release and infusion."""
    product = file.product
    if product is None:
        if file.session is not None:
            yield _section(_("Cell session"), [[_("Session"), str(file.session)]])
        return
    yield _section(_("Cell product"), [[_("Product"), str(product)], *_lines(product)])
    for model, title in ((Release, _("Release")), (Infusion, _("Infusion"))):
        record = model._default_manager.filter(product=product).order_by("-pk").first()
        if record is not None:
            yield _section(title, _lines(record))


def _before(file: EventFile, number: int) -> list[list[str]]:
    """The versions that stood before: number, kind, recipient, time, whether late."""
    return [
        [
            str(one.number),
            one.get_kind_display(),
            one.recipient_label,
            words.at_site(one.sent_at, file.event.site),
            _("late: %s") % one.late_reason if one.late else "",
        ]
        for one in effective(file.reports)
        if one.number < number
    ]
