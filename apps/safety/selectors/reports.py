"""Reports of serious events, each version as it was sent."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.db.models import QuerySet

from apps.safety.models import SafetyReport
from apps.safety.rules.clocks import Sent
from studyportal.access.declare import get_visible_or_404
from studyportal.access.models import User
from studyportal.access.permissions import Permission


def safety_reports(user: User, permission: Permission = Permission.VIEW_SAFETY) -> QuerySet[SafetyReport]:
    """All versions that the user may see, those that were corrected too, the newest first."""
    return (
        SafetyReport.objects.visible_to(user, permission)
        .select_related("event", "participant__site", "site", "reported_by", "corrects", "corrected_by")
        .order_by("-id")
    )


def report_or_404(user: User, pk: int, permission: Permission = Permission.VIEW_SAFETY) -> SafetyReport:
    found: SafetyReport = get_visible_or_404(
        SafetyReport.objects.select_related(
            "event__site", "participant__site", "site", "reported_by", "corrects", "corrected_by"
        ),
        user,
        permission,
        pk=pk,
    )
    return found


def without_content() -> QuerySet[SafetyReport]:
    """Reports for the clocks, which need none of what they say."""
    return SafetyReport.objects.defer("content", "clocks", "note")


def effective(reports: Iterable[Any]) -> list[Any]:
    """Those that stand: neither corrected by a later version nor taken back."""
    reports = list(reports)
    corrected = {report.corrects_id for report in reports}
    return [report for report in reports if report.pk not in corrected and not report.taken_back]


def told(reports: Iterable[Any]) -> tuple[Sent, ...]:
    """What the clocks need of the reports of one event."""
    return tuple(
        Sent(number=one.number, kind=one.kind, recipient=one.recipient, sent_at=one.sent_at)
        for one in effective(reports)
    )
