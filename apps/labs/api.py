"""`/api/v1/glucose-readings/`: the readings of glucose charts. Results and charts have their form endpoints."""

from __future__ import annotations

from typing import Any

from django.urls import path
from django.utils.translation import gettext as _
from django_filters import rest_framework as filters
from drf_spectacular.utils import extend_schema
from rest_framework import generics, serializers
from rest_framework.response import Response

from apps.labs import actions, selectors
from apps.labs.models import GlucoseChart, GlucoseReading, GlucoseSlot, GlucoseUnit
from studyportal.access.permissions import Permission
from studyportal.audit.serializers import ReasonField
from studyportal.crf.api import payload
from studyportal.crf.errors import CrfInvalid
from studyportal.crf.outcomes import Problem
from studyportal.crf.refusals import as_problems


class GlucoseReadingSerializer(serializers.Serializer):
    """One reading of a glucose chart."""

    id = serializers.IntegerField(read_only=True)
    participant = serializers.CharField(read_only=True)
    site = serializers.CharField(read_only=True)
    chart = serializers.IntegerField(read_only=True)
    measured_on = serializers.DateField()
    slot = serializers.ChoiceField(choices=GlucoseSlot.choices)
    value = serializers.DecimalField(max_digits=6, decimal_places=2)
    unit = serializers.ChoiceField(choices=GlucoseUnit.choices, required=False)
    version = serializers.IntegerField(read_only=True)


class GlucoseReadingsSerializer(serializers.Serializer):
    """Readings for one chart, saved all or none. A day and slot that is there already needs a reason to change."""

    chart = serializers.IntegerField(help_text="Id of the glucose chart.")
    readings = GlucoseReadingSerializer(many=True)
    reason = ReasonField()


def as_json(reading: GlucoseReading) -> dict[str, Any]:
    return {
        "id": reading.pk,
        "participant": reading.participant.code,
        "site": reading.site.code,
        "chart": reading.chart_id,
        "measured_on": reading.measured_on,
        "slot": reading.slot,
        "value": str(reading.value),
        "unit": reading.unit,
        "version": reading.version,
    }


class GlucoseReadingFilters(filters.FilterSet):
    participant = filters.CharFilter(field_name="participant__code")
    site = filters.CharFilter(field_name="site__code")
    chart = filters.NumberFilter(field_name="chart_id", min_value=0, max_value=2**62)
    slot = filters.ChoiceFilter(choices=GlucoseSlot.choices)
    measured_from = filters.DateFilter(field_name="measured_on", lookup_expr="gte")
    measured_to = filters.DateFilter(field_name="measured_on", lookup_expr="lte")

    class Meta:
        model = GlucoseReading
        fields: list[str] = []


class GlucoseReadings(generics.GenericAPIView):
    """List the readings of your sites; add readings to a chart."""

    serializer_class = GlucoseReadingSerializer
    filterset_class = GlucoseReadingFilters
    permissions = {"GET": Permission.VIEW_DATA, "POST": Permission.ENTER_DATA}

    @property
    def user(self) -> Any:
        return self.request.user

    def get_queryset(self) -> Any:
        return selectors.readings(self.user)

    @extend_schema(
        operation_id="glucose_readings_list",
        responses=GlucoseReadingSerializer(many=True),
        tags=["glucose-readings"],
    )
    def get(self, request: Any) -> Response:
        page = self.paginate_queryset(self.filter_queryset(self.get_queryset()))
        return self.get_paginated_response([as_json(reading) for reading in page or []])

    @extend_schema(
        operation_id="glucose_readings_record",
        request=GlucoseReadingsSerializer,
        responses={201: GlucoseReadingSerializer(many=True)},
        tags=["glucose-readings"],
    )
    def post(self, request: Any) -> Response:
        raw = payload(request)
        with as_problems():
            problems = [
                Problem(
                    str(name)[:80], "unknown_field", _("Send chart, readings and, for changes, a reason.")
                )
                for name in raw
                if name not in ("chart", "readings", "reason")
            ]
            chart = self._chart(raw.get("chart"))
            if chart is None:
                problems.append(
                    Problem("chart", "not_found", _("There is no such chart that you may enter for."))
                )
            if problems or chart is None:
                raise CrfInvalid(problems)
            saved = actions.record_readings(
                chart=chart,
                readings=raw.get("readings"),
                by=request.user,
                reason=raw.get("reason"),
            )
        by_id = selectors.readings(request.user).in_bulk([reading.pk for reading in saved])
        return Response([as_json(by_id[reading.pk]) for reading in saved], status=201)

    def _chart(self, identifier: Any) -> GlucoseChart | None:
        if isinstance(identifier, bool) or not isinstance(identifier, int) or not 0 < identifier < 2**63:
            return None
        visible = GlucoseChart.objects.visible_to(self.user, Permission.ENTER_DATA)
        return visible.filter(pk=identifier).first()


api_urls = [path("glucose-readings/", GlucoseReadings.as_view(), name="glucose-readings")]
