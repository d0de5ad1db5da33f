"""`/api/v1/safety-clocks/` and `/api/v1/safety-alerts/`."""

from __future__ import annotations

from typing import Any

from django.urls import path
from django.utils import timezone
from django_filters import rest_framework as filters
from drf_spectacular.utils import extend_schema
from rest_framework import generics
from rest_framework.response import Response

from apps.safety.actions import alerts as actions
from apps.safety.api.reports import texts_of
from apps.safety.api.shapes import (
    AcknowledgementSerializer,
    EventClocksSerializer,
    SafetyAlertSerializer,
    alert_json,
    clock_json,
)
from apps.safety.models import AdverseEvent, SafetyAlert
from apps.safety.selectors.alerts import alert_or_404, safety_alerts
from apps.safety.selectors.clocks import clocks_of_event, jurisdiction_of, watched
from studyportal.access.permissions import Permission
from studyportal.api.concurrency import etag_of, version_seen
from studyportal.crf.api import payload
from studyportal.crf.errors import CrfInvalid
from studyportal.crf.outcomes import Problem
from studyportal.crf.refusals import as_problems


class ClockFilters(filters.FilterSet):
    site = filters.CharFilter(field_name="site__code")
    participant = filters.CharFilter(field_name="participant__code")
    event = filters.NumberFilter(field_name="pk")
    serious = filters.BooleanFilter()

    class Meta:
        model = AdverseEvent
        fields: list[str] = []


@extend_schema(tags=["safety-clocks"])
class SafetyClocks(generics.GenericAPIView):
    """The clocks of every event that is serious, or of which it is not said, at your sites: running and stopped."""

    permission = Permission.VIEW_SAFETY
    serializer_class = EventClocksSerializer
    filterset_class = ClockFilters

    def get_queryset(self) -> Any:
        user: Any = self.request.user
        return watched(AdverseEvent.objects.visible_to(user, Permission.VIEW_SAFETY)).order_by("id")

    @extend_schema(operation_id="safety_clocks_list", responses=EventClocksSerializer(many=True))
    def get(self, request: Any) -> Response:
        now = timezone.now()
        page = self.paginate_queryset(self.filter_queryset(self.get_queryset()))
        return self.get_paginated_response([_of_event(event, now) for event in page or []])


def _of_event(event: Any, now: Any) -> dict[str, Any]:
    jurisdiction = jurisdiction_of(event.site)
    return {
        "event": event.pk,
        "participant": event.participant.code,
        "site": event.site.code,
        "serious": event.serious,
        "jurisdiction": None if jurisdiction is None else jurisdiction.key,
        "clocks": [clock_json(clock, now) for clock in clocks_of_event(event, event.reports.all(), now)],
    }


class AlertFilters(filters.FilterSet):
    site = filters.CharFilter(field_name="site__code")
    participant = filters.CharFilter(field_name="participant__code")
    standing = filters.BooleanFilter(field_name="acknowledged_at", lookup_expr="isnull")

    class Meta:
        model = SafetyAlert
        fields: list[str] = []


@extend_schema(tags=["safety-alerts"])
class SafetyAlerts(generics.GenericAPIView):
    """Alerts at your sites, those that were acknowledged too (`?standing=true`: only those that stand)."""

    permission = Permission.VIEW_SAFETY
    serializer_class = SafetyAlertSerializer
    filterset_class = AlertFilters

    def get_queryset(self) -> Any:
        return safety_alerts(self.request.user)  # type: ignore[arg-type]

    @extend_schema(operation_id="safety_alerts_list", responses=SafetyAlertSerializer(many=True))
    def get(self, request: Any) -> Response:
        page = self.paginate_queryset(self.filter_queryset(self.get_queryset()))
        return self.get_paginated_response([alert_json(alert) for alert in page or []])


@extend_schema(tags=["safety-alerts"])
class SafetyAlertDetail(generics.GenericAPIView):
    """One alert; its ETag is asked for when it is acknowledged."""

    permission = Permission.VIEW_SAFETY
    serializer_class = SafetyAlertSerializer

    @extend_schema(operation_id="safety_alerts_retrieve", responses=SafetyAlertSerializer)
    def get(self, request: Any, pk: int) -> Response:
        alert = alert_or_404(request.user, pk)
        return Response(alert_json(alert), headers={"ETag": etag_of(alert.version)})


@extend_schema(tags=["safety-alerts"])
class SafetyAlertAcknowledge(generics.GenericAPIView):
    """Say what is done about an alert (If-Match: the version that you saw); it leaves the pages."""

    permission = Permission.REPORT_SAFETY
    serializer_class = AcknowledgementSerializer

    @extend_schema(
        operation_id="safety_alerts_acknowledge",
        request=AcknowledgementSerializer,
        responses=SafetyAlertSerializer,
    )
    def post(self, request: Any, pk: int) -> Response:
        alert = alert_or_404(request.user, pk, Permission.REPORT_SAFETY)
        seen = version_seen(request)
        raw = dict(payload(request))
        with as_problems():
            problems: list[Problem] = []
            texts = texts_of(raw, ("what_is_done",), ("what_is_done",), problems)
            if problems:
                raise CrfInvalid(problems)
            actions.acknowledge(
                alert=alert, what_is_done=texts["what_is_done"], by=request.user, expected_version=seen
            )
        fresh = alert_or_404(request.user, pk)
        return Response(alert_json(fresh), headers={"ETag": etag_of(fresh.version)})


api_urls = [
    path("safety-clocks/", SafetyClocks.as_view(), name="safety-clocks"),
    path("safety-alerts/", SafetyAlerts.as_view(), name="safety-alerts"),
    path("safety-alerts/<int:pk>/", SafetyAlertDetail.as_view(), name="safety-alert"),
    path(
        "safety-alerts/<int:pk>/acknowledge/",
        SafetyAlertAcknowledge.as_view(),
        name="safety-alert-acknowledge",
    ),
]
