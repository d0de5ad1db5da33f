"""`/api/v1/safety-reports/`: reports of serious events, each version as it was sent."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any
from zoneinfo import ZoneInfo

from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.urls import path
from django.utils import timezone
from django.utils.translation import gettext as _
from django_filters import rest_framework as filters
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import generics
from rest_framework.response import Response

from apps.safety import report_pdf
from apps.safety.actions import reports as actions
from apps.safety.api.shapes import CorrectionSerializer, SafetyReportSerializer, report_json
from apps.safety.models import AdverseEvent, SafetyReport
from apps.safety.selectors.reports import report_or_404, safety_reports
from studyportal.access.permissions import Permission
from studyportal.api.filters import SinceFilter
from studyportal.audit.looks import log_look
from studyportal.crf.api import payload
from studyportal.crf.errors import CrfInvalid
from studyportal.crf.fields import MomentField
from studyportal.crf.outcomes import Problem
from studyportal.crf.refusals import as_problems

SENT = (
    "event",
    "kind",
    "recipient",
    "sent_at",
    "late_reason",
    "reference",
    "method",
    "note",
    "event_version",
)
CORRECTED = ("reason", "recipient", "sent_at", "reference", "method", "late_reason", "taken_back")


class ReportFilters(filters.FilterSet):
    site = filters.CharFilter(field_name="site__code")
    participant = filters.CharFilter(field_name="participant__code")
    event = filters.NumberFilter(field_name="event_id")
    kind = filters.CharFilter()
    recipient = filters.CharFilter()
    late = filters.BooleanFilter()
    recorded_since = SinceFilter("recorded_at")

    class Meta:
        model = SafetyReport
        fields: list[str] = []


def texts_of(
    raw: Mapping[str, Any], names: Sequence[str], known: Sequence[str], problems: list[Problem]
) -> dict[str, str]:
    """The texts of a body, "" for those that are left out; what is unknown or no text becomes a problem."""
    problems += [
        Problem(str(name)[:80], "unknown_field", _("There is no such field. Fields: %s.") % ", ".join(known))
        for name in raw
        if name not in known
    ]
    found = {}
    for name in names:
        value = raw.get(name)
        if value is not None and (not isinstance(value, str) or "\x00" in value):
            problems.append(Problem(name, "text", _("Give a text.")))
        found[name] = value if isinstance(value, str) else ""
    return found


def moment_of(raw: Any, zone: str, problems: list[Problem]) -> dt.datetime | None:
    """A moment with its offset, or in the time of the site."""
    try:
        with timezone.override(ZoneInfo(zone)):
            return MomentField(_("Sent at")).parse(raw)
    except ValidationError as error:
        problems.append(Problem("sent_at", str(error.code or "invalid"), " ".join(error.messages)))
        return None


def _whole(raw: Any) -> int | None:
    return raw if isinstance(raw, int) and not isinstance(raw, bool) and 0 < raw < 2**63 else None


@extend_schema(tags=["safety-reports"])
class SafetyReports(generics.GenericAPIView):
    """List the reports of your sites, every version; record that an event was reported."""

    permissions = {"GET": Permission.VIEW_SAFETY, "POST": Permission.REPORT_SAFETY}
    serializer_class = SafetyReportSerializer
    filterset_class = ReportFilters

    def get_queryset(self) -> Any:
        return safety_reports(self.request.user)  # type: ignore[arg-type]

    @extend_schema(operation_id="safety_reports_list", responses=SafetyReportSerializer(many=True))
    def get(self, request: Any) -> Response:
        page = self.paginate_queryset(self.filter_queryset(self.get_queryset()))
        return self.get_paginated_response([report_json(one) for one in page or []])

    @extend_schema(operation_id="safety_reports_create", responses={201: SafetyReportSerializer})
    def post(self, request: Any) -> Response:
        raw = dict(payload(request))
        with as_problems():
            problems: list[Problem] = []
            texts = texts_of(
                raw, ("kind", "recipient", "late_reason", "reference", "method", "note"), SENT, problems
            )
            event = self._event(raw.get("event"), problems)
            seen = raw.get("event_version")
            if seen is not None and _whole(seen) is None:
                problems.append(Problem("event_version", "whole_number", _("Give a whole number.")))
            sent_at = moment_of(raw.get("sent_at"), event.site.timezone, problems) if event else None
            if problems or event is None:
                raise CrfInvalid(problems)
            made = actions.send(
                event=event, sent_at=sent_at, by=request.user, expected_version=_whole(seen), **texts
            )
        fresh = report_or_404(request.user, made.pk)
        return Response(report_json(fresh, content=True), status=201)

    def _event(self, raw: Any, problems: list[Problem]) -> AdverseEvent | None:
        pk = _whole(raw)
        found = None
        if pk is not None:
            user: Any = self.request.user
            found = (
                AdverseEvent.objects.visible_to(user, Permission.REPORT_SAFETY)
                .select_related("site")
                .filter(pk=pk)
                .first()
            )
        if found is None:
            problems.append(
                Problem("event", "not_found", _("Give the id of an adverse event that you may report."))
            )
        return found


@extend_schema(tags=["safety-reports"])
class SafetyReportDetail(generics.GenericAPIView):
    """One version with its content."""

    permission = Permission.VIEW_SAFETY
    serializer_class = SafetyReportSerializer

    @extend_schema(operation_id="safety_reports_retrieve", responses=SafetyReportSerializer)
    def get(self, request: Any, pk: int) -> Response:
        return Response(report_json(report_or_404(request.user, pk), content=True))


@extend_schema(tags=["safety-reports"])
class SafetyReportPdf(generics.GenericAPIView):
    """The version as PDF: the same bytes each time. The download is logged."""

    permission = Permission.VIEW_SAFETY
    serializer_class = SafetyReportSerializer

    @extend_schema(
        operation_id="safety_reports_pdf", responses={(200, "application/pdf"): OpenApiTypes.BINARY}
    )
    def get(self, request: Any, pk: int) -> HttpResponse:
        found = report_or_404(request.user, pk)
        code = found.participant.code  # type: ignore[attr-defined]
        log_look(
            what="safety_report_file",
            by=request.user,
            site=found.site,
            participant_code=code,
            detail=f"{found.event_id}/{found.number}",
        )
        return report_pdf.answer(
            report_pdf.pdf_of(found), f"safety-report-{code}-{found.event_id}-{found.number}.pdf"
        )


@extend_schema(tags=["safety-reports"])
class SafetyReportCorrect(generics.GenericAPIView):
    """Record that a version was written down wrongly, or never sent: a further version stands in its place."""

    permission = Permission.REPORT_SAFETY
    serializer_class = CorrectionSerializer

    @extend_schema(
        operation_id="safety_reports_correct",
        request=CorrectionSerializer,
        responses={201: SafetyReportSerializer},
    )
    def post(self, request: Any, pk: int) -> Response:
        found = report_or_404(request.user, pk, Permission.REPORT_SAFETY)
        raw = dict(payload(request))
        with as_problems():
            problems: list[Problem] = []
            names = ("reason", "recipient", "reference", "method", "late_reason")
            texts = texts_of(raw, names, CORRECTED, problems)
            back = raw.get("taken_back", False)
            if not isinstance(back, bool):
                problems.append(Problem("taken_back", "boolean", _("Give true or false.")))
            sent_at = moment_of(raw["sent_at"], found.site.timezone, problems) if raw.get("sent_at") else None
            if problems:
                raise CrfInvalid(problems)
            given: dict[str, Any] = {name: texts[name] for name in names[1:] if raw.get(name) is not None}
            made = actions.correct(
                report=found,
                reason=texts["reason"],
                by=request.user,
                sent_at=sent_at,
                taken_back=back,
                **given,
            )
        fresh = report_or_404(request.user, made.pk)
        return Response(report_json(fresh, content=True), status=201)


api_urls = [
    path("safety-reports/", SafetyReports.as_view(), name="safety-reports"),
    path("safety-reports/<int:pk>/", SafetyReportDetail.as_view(), name="safety-report"),
    path("safety-reports/<int:pk>/pdf/", SafetyReportPdf.as_view(), name="safety-report-pdf"),
    path("safety-reports/<int:pk>/correct/", SafetyReportCorrect.as_view(), name="safety-report-correct"),
]
