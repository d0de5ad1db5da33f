"""Reports of serious events: sent once, kept as versions, never changed; what was recorded wrongly is corrected by a
further version that stands in its place."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from apps.safety import clock_words as words
from apps.safety.actions.lateness import agree_lateness
from apps.safety.models import AdverseEvent, ReportKind, SafetyReport
from apps.safety.report_content import content_of
from apps.safety.rules import reports as rules
from apps.safety.rules.clocks import Clock
from apps.safety.rules.events import OPEN_OUTCOMES
from apps.safety.rules.reports import Stated
from apps.safety.selectors import EventFile, with_files
from apps.safety.selectors.clocks import clocks_of_event, facts_of, jurisdiction_of
from apps.safety.selectors.reports import told
from studyportal import protocol
from studyportal.access.models import User
from studyportal.access.permissions import Permission
from studyportal.access.roles import ROLES, roles_with
from studyportal.audit import acting
from studyportal.crf.errors import CrfInvalid, Refused, StaleVersion
from studyportal.crf.outcomes import Problem
from studyportal.identity.selectors import mentioned_in
from studyportal.protocol.safety import Jurisdiction
from studyportal.signatures.content import sha256_of


def send(
    *,
    event: AdverseEvent,
    kind: str,
    recipient: str,
    sent_at: dt.datetime | None,
    by: User,
    late_reason: str = "",
    reference: str = "",
    method: str = "",
    note: str = "",
    expected_version: int | None = None,
) -> SafetyReport:
    """Record that the event, as it stands now, was reported to a recipient of the protocol.

    kind: initial, follow_up, analysis, final, or opinion (which comes from the recipient, and sent_at is when it came).
    The content is kept as it was sent. expected_version: of the event, that the reporter saw. Raises CrfInvalid (a value
    is wrong, or `late_reason` is missing), Refused (not serious, retrospective, no first report yet) and StaleVersion.
    """
    stated = Stated(kind, recipient, sent_at, late_reason, reference, method, note)
    with transaction.atomic(), acting(user=by):
        event = _locked(event, expected_version)
        number, clocks, label, content = _prepared(event, stated, by)
        report = _create(event, stated, number, label, clocks, content, by)
        agree_lateness(event=event, by=by)
    return report


def preview(*, event: AdverseEvent, stated: Stated, by: User) -> tuple[int, dict[str, Any]]:
    """What would be kept: number and content. Records nothing. Raises as `send` does."""
    with transaction.atomic():
        number, _clocks, _label, content = _prepared(_fetched(event.pk), stated, by, reason=False)
    return number, content


def correct(
    *,
    report: SafetyReport,
    reason: str,
    by: User,
    sent_at: dt.datetime | None = None,
    recipient: str | None = None,
    reference: str | None = None,
    method: str | None = None,
    late_reason: str | None = None,
    taken_back: bool = False,
) -> SafetyReport:
    """Record that a version was written down wrongly: what is given replaces it, what is None stands as it was.

    taken_back: it was never sent, and stops no clock. The event's content stays that of the corrected version: what was
    sent was sent. Raises CrfInvalid and Refused (corrected already).
    """
    with transaction.atomic(), acting(user=by, reason=reason.strip() or None):
        event = _locked(report.event, None)
        report = SafetyReport.objects.select_related("participant", "site").get(pk=report.pk)
        newer = SafetyReport.objects.filter(corrects=report).first()
        if newer is not None:
            raise Refused(
                [
                    Problem(
                        None,
                        "already_corrected",
                        _("Version %(old)d was corrected by version %(new)d. Correct that one.")
                        % {"old": report.number, "new": newer.number},
                    )
                ]
            )
        if report.taken_back:
            raise Refused([Problem(None, "taken_back", _("This version was taken back; send a new report."))])
        stated = Stated(
            kind=report.kind,
            recipient=report.recipient if recipient is None else recipient,
            sent_at=report.sent_at if sent_at is None else sent_at,
            late_reason=report.late_reason if late_reason is None else late_reason,
            reference=report.reference if reference is None else reference,
            method=report.method if method is None else method,
            note=report.note,
        )
        made = _corrected(event, report, stated, reason.strip(), taken_back, by)
        agree_lateness(event=event, by=by)
    return made


# --- How -------------------------------------------------------------------------------------------------


def _fetched(pk: int) -> AdverseEvent:
    return with_files(AdverseEvent.objects.all()).get(pk=pk)


def _locked(event: AdverseEvent, expected_version: int | None) -> AdverseEvent:
    """The event as it is now; whoever reports it at the same time waits, so that versions are numbered one by one."""
    current = AdverseEvent.objects.select_for_update(of=("self",)).only("pk", "version").get(pk=event.pk)
    if expected_version is not None and current.version != expected_version:
        raise StaleVersion(current)
    return _fetched(event.pk)


def _prepared(
    event: AdverseEvent, stated: Stated, by: User, *, reason: bool = True
) -> tuple[int, list[Clock], str, dict[str, Any]]:
    """Number, the clocks that it stops, the recipient in words and the content of a new report."""
    file = EventFile.of(event)
    jurisdiction = _jurisdiction(event)
    now = timezone.now()
    sent = told(file.reports)
    problems = [
        *rules.wrong(stated, tuple(jurisdiction.recipients), now),
        *_names_nobody(event, stated, by),
    ]
    if problems:
        raise CrfInvalid(problems)
    facts = facts_of(event)
    blocks = list(
        rules.refused(
            stated,
            facts,
            sent,
            retrospective=event.participant.retrospective,  # type: ignore[attr-defined]
            resolved=event.is_complete and event.outcome not in (None, *OPEN_OUTCOMES),
        )
    )
    if blocks:
        raise Refused(blocks)
    clocks = clocks_of_event(event, file.reports, now)
    stops = rules.stops(stated, clocks)
    problems = list(rules.contradicts(stated, facts, sent))
    if reason:
        problems += rules.reason_needed(stated, stops)
    if problems:
        raise CrfInvalid(problems)
    number = max((one.number for one in file.reports), default=0) + 1
    label = jurisdiction.recipients[stated.recipient].label
    content = content_of(
        file=file,
        stated=stated,
        number=number,
        recipient_label=label,
        clocks=clocks,
        reporter_name=str(by),
        reporter_role=role_at(by, event.site_id),
    )
    return number, stops, label, content


def _jurisdiction(event: AdverseEvent) -> Jurisdiction:
    found = jurisdiction_of(event.site)
    if found is None:
        raise Refused(
            [
                Problem(
                    None,
                    "no_jurisdiction",
                    _(
                        "The protocol has no reporting rules for the country %s of this site. They are added in its"
                        " section “safety”."
                    )
                    % event.site.country,
                )
            ]
        )
    return found


def _names_nobody(event: AdverseEvent, stated: Stated, by: User) -> list[Problem]:
    """A report leaves the site: it holds the code of the participant and never a name."""
    return [
        Problem(
            name,
            "identity_in_text",
            _("This text names the participant. A report holds the code only; leave the name out."),
        )
        for name in ("late_reason", "note", "reference", "method")
        if getattr(stated, name) and mentioned_in(event.participant, getattr(stated, name), by)
    ]


def role_at(user: User, site_id: int) -> str:
    """The roles by which the person reports at the site, in the language of the study."""
    with translation.override(settings.LANGUAGE_CODE):
        held = [
            str(ROLES[key].label)
            for key in roles_with(Permission.REPORT_SAFETY)
            if site_id in user.grants.get(key, ())
        ]
    return ", ".join(sorted(held))


def _kept(clock: Clock, at: dt.datetime) -> dict[str, Any]:
    """A clock as it is kept with the report that stops it; hours as text, in hundredths, [at least, at most]."""

    def span(count: Any) -> list[str | None]:
        return [None if hours is None else f"{hours:.2f}" for hours in count.hours_until(at)]

    return {
        "key": clock.key,
        "label": clock.label,
        "start": clock.start,
        "allowed_hours": clock.hours,
        "due_at": clock.due_at.isoformat() if clock.due_at else None,
        "due_by": clock.due_by.isoformat() if clock.due_by else None,
        "from_occurrence_hours": span(clock.from_occurrence),
        "from_awareness_hours": span(clock.from_awareness),
        "late": clock.count.late(at),
    }


def _create(
    event: AdverseEvent,
    stated: Stated,
    number: int,
    label: str,
    stops: Sequence[Clock],
    content: dict[str, Any],
    by: User,
    **more: Any,
) -> SafetyReport:
    at = stated.sent_at
    assert at is not None  # `rules.wrong` asked for it
    late = rules.lateness(stops, at) is True
    return SafetyReport.objects.create(
        site_id=event.site_id,
        event=event,
        participant_id=event.participant_id,
        number=number,
        kind=stated.kind,
        recipient=stated.recipient,
        recipient_label=label,
        sent_at=at,
        reference=stated.reference.strip(),
        method=stated.method.strip(),
        note=stated.note.strip(),
        clocks=[_kept(clock, at) for clock in stops],
        late=late,
        late_reason=stated.late_reason.strip(),
        content=content,
        content_sha256=sha256_of(content),
        protocol_version=protocol.current().version,
        reported_by=by,
        reporter_name=str(by),
        reporter_role=role_at(by, event.site_id),
        **{"event_version": event.version} | more,
    )


def _corrected(
    event: AdverseEvent, report: SafetyReport, stated: Stated, reason: str, taken_back: bool, by: User
) -> SafetyReport:
    file = EventFile.of(event)
    jurisdiction = _jurisdiction(event)
    others = [one for one in file.reports if one.pk != report.pk]
    sent = told(others)
    problems = [
        *rules.wrong(stated, tuple(jurisdiction.recipients), timezone.now()),
        *_names_nobody(event, replace(stated, note=reason), by),
    ]
    if not reason:
        problems.append(
            Problem(
                "reason", "reason_required", _("Say why it is corrected; the version before stays readable.")
            )
        )
    before = (report.recipient, report.sent_at, report.late_reason, report.reference, report.method)
    if not taken_back and before == (
        stated.recipient,
        stated.sent_at,
        stated.late_reason,
        stated.reference,
        stated.method,
    ):
        problems.append(Problem(None, "nothing_changed", _("Nothing is changed by this correction.")))
    if problems:
        raise CrfInvalid(problems)
    stops: list[Clock] = []
    if not taken_back:
        initial = next(
            (one for one in sent if one.kind == "initial" and one.recipient == stated.recipient), None
        )
        if stated.kind == "initial" and initial is not None:
            raise Refused(
                [
                    Problem(
                        "recipient",
                        "initial_twice",
                        _("Version %d is the initial report to this recipient.") % initial.number,
                    )
                ]
            )
        if stated.kind != "initial" and initial is None:
            # Else the clocks of a recipient could be stopped who was never told of the event.
            raise Refused(
                [
                    Problem(
                        "recipient",
                        "initial_missing",
                        _(
                            "This recipient has no initial report: what was sent to them cannot be a later one."
                        ),
                    )
                ]
            )
        stops = rules.stops(stated, clocks_of_event(event, others))
        problems = [*rules.contradicts(stated, facts_of(event), sent), *rules.reason_needed(stated, stops)]
        if problems:
            raise CrfInvalid(problems)
    number = max(one.number for one in file.reports) + 1
    label = jurisdiction.recipients[stated.recipient].label
    content = _content_of_correction(event, report, stated, number, label, reason, taken_back, by)
    return _create(
        event,
        stated,
        number,
        label,
        stops,
        content,
        by,
        corrects=report,
        correction_reason=reason,
        taken_back=taken_back,
        event_version=report.event_version,
    )


def _content_of_correction(
    event: AdverseEvent,
    report: SafetyReport,
    stated: Stated,
    number: int,
    label: str,
    reason: str,
    taken_back: bool,
    by: User,
) -> dict[str, Any]:
    """What was sent stays; beside it stands what is corrected, from what to what."""
    site = event.site
    assert stated.sent_at is not None
    pairs = [
        [_("Corrects version"), str(report.number)],
        [_("Version of the report"), str(number)],
        [_("Reason"), reason],
        [_("Corrected by"), f"{by}, {role_at(by, event.site_id)}"],
    ]
    if taken_back:
        pairs.append([_("Taken back"), _("This report was never sent.")])
    for name, was, now in (
        (_("Recipient"), report.recipient_label, label),
        (_("Time"), words.at_site(report.sent_at, site), words.at_site(stated.sent_at, site)),
        (_("Reference number"), report.reference, stated.reference),
        (_("By"), report.method, stated.method),
        (_("Late: reason"), report.late_reason, stated.late_reason),
    ):
        if was != now:
            pairs.append([name, f"{was or '–'} → {now or '–'}"])
    return {
        **report.content,
        "title": _("Correction of a report: %s") % str(ReportKind(report.kind).label),
        "correction": pairs,
    }
