"""Reports, clocks and alerts as the API describes and gives them."""

from __future__ import annotations

import datetime as dt
from typing import Any

from rest_framework import serializers

from apps.safety.models import AlertKind, ReportKind, SafetyAlert, SafetyReport
from apps.safety.rules.clocks import Clock, Count


class SafetyReportSerializer(serializers.Serializer):
    """A report of a serious event: a version, as it was sent."""

    id = serializers.IntegerField(read_only=True)
    site = serializers.CharField(read_only=True)
    participant = serializers.CharField(read_only=True)
    event = serializers.IntegerField(help_text="Id of the adverse event.")
    number = serializers.IntegerField(read_only=True, help_text="Version; counted for each event.")
    kind = serializers.ChoiceField(choices=ReportKind.choices)
    recipient = serializers.CharField(
        help_text="Key of a recipient in the protocol's jurisdiction of the site."
    )
    recipient_label = serializers.CharField(read_only=True)
    sent_at = serializers.DateTimeField(
        help_text="With its offset, or in the time of the site. Of an opinion: when it was received."
    )
    reference = serializers.CharField(max_length=80, required=False, allow_blank=True)
    method = serializers.CharField(max_length=80, required=False, allow_blank=True)
    note = serializers.CharField(max_length=4000, required=False, allow_blank=True)
    late = serializers.BooleanField(read_only=True)
    late_reason = serializers.CharField(
        max_length=4000,
        required=False,
        allow_blank=True,
        help_text="Needed when it is late, or when it cannot be said whether it is.",
    )
    event_version = serializers.IntegerField(
        required=False,
        help_text="The version of the event that you report; refused (412) when it has changed since.",
    )
    clocks = serializers.ListField(read_only=True, child=serializers.DictField())
    corrects = serializers.IntegerField(read_only=True, allow_null=True)
    corrected_by = serializers.IntegerField(read_only=True, allow_null=True)
    correction_reason = serializers.CharField(read_only=True)
    taken_back = serializers.BooleanField(read_only=True)
    content = serializers.DictField(read_only=True, help_text="Only of a single report.")
    content_sha256 = serializers.CharField(read_only=True)
    protocol_version = serializers.CharField(read_only=True)
    reporter_name = serializers.CharField(read_only=True)
    reporter_role = serializers.CharField(read_only=True)
    recorded_at = serializers.DateTimeField(read_only=True)


class CorrectionSerializer(serializers.Serializer):
    """What was recorded wrongly; what is left out stands as it was."""

    reason = serializers.CharField(max_length=4000)
    recipient = serializers.CharField(required=False)
    sent_at = serializers.DateTimeField(required=False)
    reference = serializers.CharField(max_length=80, required=False, allow_blank=True)
    method = serializers.CharField(max_length=80, required=False, allow_blank=True)
    late_reason = serializers.CharField(max_length=4000, required=False, allow_blank=True)
    taken_back = serializers.BooleanField(required=False, help_text="true: it was never sent.")


class CountSerializer(serializers.Serializer):
    """A clock from one of its starts; both bounds are equal when the start is known."""

    started_at_earliest = serializers.DateTimeField(allow_null=True)
    started_at_latest = serializers.DateTimeField(allow_null=True)
    hours_at_least = serializers.FloatField(allow_null=True)
    hours_at_most = serializers.FloatField(allow_null=True)


class ClockSerializer(serializers.Serializer):
    """One clock. Hours are counted until now, or until the report that stopped it."""

    key = serializers.CharField()
    label = serializers.CharField()
    recipient = serializers.CharField()
    allowed_hours = serializers.IntegerField()
    counted_from = serializers.CharField(help_text="awareness or occurrence: by which it is late.")
    state = serializers.CharField(help_text="running, soon, overdue, unclear, conditional or stopped.")
    due_at = serializers.DateTimeField(allow_null=True, help_text="The last moment that is surely in time.")
    due_by = serializers.DateTimeField(allow_null=True, help_text="After it a report is surely late.")
    late = serializers.BooleanField(allow_null=True, help_text="null: it cannot be said.")
    stopped_by = serializers.IntegerField(allow_null=True, help_text="Version of the report.")
    stopped_at = serializers.DateTimeField(allow_null=True)
    from_occurrence = CountSerializer()
    from_awareness = CountSerializer()


class EventClocksSerializer(serializers.Serializer):
    """An event that is serious, or of which it is not said, with its clocks."""

    event = serializers.IntegerField()
    participant = serializers.CharField()
    site = serializers.CharField()
    serious = serializers.BooleanField(allow_null=True)
    jurisdiction = serializers.CharField(allow_null=True)
    clocks = ClockSerializer(many=True)


class SafetyAlertSerializer(serializers.Serializer):
    """What must not be overlooked, until a person says what is done."""

    id = serializers.IntegerField(read_only=True)
    site = serializers.CharField(read_only=True)
    participant = serializers.CharField(read_only=True)
    kind = serializers.ChoiceField(choices=AlertKind.choices, read_only=True)
    product = serializers.IntegerField(read_only=True)
    event = serializers.IntegerField(read_only=True, allow_null=True)
    message = serializers.CharField(read_only=True)
    raised_at = serializers.DateTimeField(read_only=True)
    acknowledged_at = serializers.DateTimeField(read_only=True, allow_null=True)
    acknowledged_by = serializers.CharField(read_only=True, allow_null=True)
    what_is_done = serializers.CharField(read_only=True)
    version = serializers.IntegerField(read_only=True)


class AcknowledgementSerializer(serializers.Serializer):
    what_is_done = serializers.CharField(max_length=4000)


# --- As JSON ---------------------------------------------------------------------------------------------


def report_json(report: SafetyReport, *, content: bool = False) -> dict[str, Any]:
    newer = getattr(report, "corrected_by", None)
    body: dict[str, Any] = {
        "id": report.pk,
        "site": report.site.code,
        "participant": report.participant.code,  # type: ignore[attr-defined]
        "event": report.event_id,
        "number": report.number,
        "kind": report.kind,
        "recipient": report.recipient,
        "recipient_label": report.recipient_label,
        "sent_at": report.sent_at,
        "reference": report.reference,
        "method": report.method,
        "note": report.note,
        "late": report.late,
        "late_reason": report.late_reason,
        "event_version": report.event_version,
        "clocks": report.clocks,
        "corrects": report.corrects_id,
        "corrected_by": None if newer is None else newer.pk,
        "correction_reason": report.correction_reason,
        "taken_back": report.taken_back,
        "content_sha256": report.content_sha256,
        "protocol_version": report.protocol_version,
        "reporter_name": report.reporter_name,
        "reporter_role": report.reporter_role,
        "recorded_at": report.recorded_at,
    }
    return body | {"content": report.content} if content else body


def alert_json(alert: SafetyAlert) -> dict[str, Any]:
    return {
        "id": alert.pk,
        "site": alert.site.code,
        "participant": alert.participant.code,  # type: ignore[attr-defined]
        "kind": alert.kind,
        "product": alert.product_id,
        "event": alert.event_id,
        "message": alert.message,
        "raised_at": alert.raised_at,
        "acknowledged_at": alert.acknowledged_at,
        "acknowledged_by": None if alert.acknowledged_by is None else alert.acknowledged_by.username,
        "what_is_done": alert.what_is_done,
        "version": alert.version,
    }


def clock_json(clock: Clock, now: dt.datetime) -> dict[str, Any]:
    at = clock.stopped_at or now

    def count(one: Count) -> dict[str, Any]:
        least, most = one.hours_until(at)
        return {
            "started_at_earliest": one.first,
            "started_at_latest": one.last,
            "hours_at_least": None if least is None else round(least, 2),
            "hours_at_most": None if most is None else round(most, 2),
        }

    return {
        "key": clock.key,
        "label": clock.label,
        "recipient": clock.recipient,
        "allowed_hours": clock.hours,
        "counted_from": clock.start,
        "state": clock.state,
        "due_at": clock.due_at,
        "due_by": clock.due_by,
        "late": clock.late,
        "stopped_by": clock.stopped_by,
        "stopped_at": clock.stopped_at,
        "from_occurrence": count(clock.from_occurrence),
        "from_awareness": count(clock.from_awareness),
    }
