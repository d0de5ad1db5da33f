"""`/api/v1/outcomes/…`: computed tables, and runs of new ones."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from django.urls import path
from django.utils.translation import gettext as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import generics, serializers
from rest_framework.renderers import JSONRenderer
from rest_framework.response import Response
from rest_framework.views import APIView

from apps.outcomes import actions, flow_api, safety_api
from apps.outcomes.catalogue import KINDS
from apps.outcomes.models import OutcomeTable
from apps.outcomes.presentation import as_csv
from studyportal.access.declare import get_visible_or_404
from studyportal.access.permissions import Permission
from studyportal.api.files import CsvRenderer
from studyportal.api.pagination import CursorPagination
from studyportal.api.problems import ProblemError
from studyportal.audit.looks import log_look


class TableSummarySerializer(serializers.ModelSerializer):
    made_by = serializers.CharField(source="made_by.username")

    class Meta:
        model = OutcomeTable
        fields = (
            "id", "key", "title", "made_by", "made_at", "protocol_version", "protocol_sha256", "code_version",
            "data_as_of", "data_sha256", "include_synthetic", "sha256",
        )  # fmt: skip


class TableSerializer(TableSummarySerializer):
    class Meta(TableSummarySerializer.Meta):
        fields = (*TableSummarySerializer.Meta.fields, "content")


class RunSerializer(serializers.Serializer):
    key = serializers.ChoiceField(choices=[(key, key) for key in KINDS])
    include_synthetic = serializers.BooleanField(default=True)
    as_of = serializers.DateField(
        allow_null=True,
        default=None,
        help_text="Day on which visit windows are judged; default: of the data.",
    )

    def to_internal_value(self, data: Any) -> Any:
        if isinstance(data, dict) and (unknown := sorted(set(data) - set(self.fields))):
            raise serializers.ValidationError(
                {
                    name: [serializers.ErrorDetail(_("There is no such field."), code="unknown_field")]
                    for name in unknown
                }
            )
        return super().to_internal_value(data)


class StartedSerializer(serializers.Serializer):
    job = serializers.IntegerField()
    url = serializers.CharField()


def visible_tables(request: Any) -> Any:
    return OutcomeTable.objects.visible_to(request.user).select_related("made_by")


class NewestFirst(CursorPagination):
    ordering = "-id"


class Tables(generics.ListAPIView):
    """Computed tables, newest first."""

    permission = Permission.VIEW_OUTCOMES
    serializer_class = TableSummarySerializer
    pagination_class = NewestFirst
    queryset = OutcomeTable.objects.none()

    def get_queryset(self) -> Any:
        return visible_tables(self.request).defer("content")


class Table(generics.RetrieveAPIView):
    """One computed table with its rows, footnotes and provenance."""

    permission = Permission.VIEW_OUTCOMES
    serializer_class = TableSerializer
    queryset = OutcomeTable.objects.none()

    def get_object(self) -> OutcomeTable:
        return get_visible_or_404(
            OutcomeTable.objects.select_related("made_by"), self.request.user, Permission.VIEW_OUTCOMES,
            pk=self.kwargs["pk"],
        )  # fmt: skip


class TableFile(APIView):
    permission = Permission.VIEW_OUTCOMES
    renderer_classes = (JSONRenderer, CsvRenderer)
    kind = "csv"

    def file_of(self, request: Any, pk: int) -> HttpResponse:
        table = get_visible_or_404(OutcomeTable.objects.all(), request.user, Permission.VIEW_OUTCOMES, pk=pk)
        if self.kind == "csv":
            body, content_type = as_csv(table.content).encode(), "text/csv; charset=utf-8"
        else:
            body, content_type = table.canonical, "application/json"
        name = f"{table.key}_{table.pk}.{self.kind}"
        log_look(what="outcome_table_file", by=request.user, detail=name)
        return HttpResponse(
            body, content_type=content_type, headers={"Content-Disposition": f'attachment; filename="{name}"'}
        )


class TableCsv(TableFile):
    @extend_schema(operation_id="outcomes_csv", responses={(200, "text/csv"): OpenApiTypes.STR})
    def get(self, request: Any, pk: int) -> HttpResponse:
        """The rows as CSV, with unrounded numbers."""
        return self.file_of(request, pk)


class TableJson(TableFile):
    kind = "json"

    @extend_schema(operation_id="outcomes_json", responses={(200, "application/json"): OpenApiTypes.OBJECT})
    def get(self, request: Any, pk: int) -> HttpResponse:
        """The canonical JSON of the content: the bytes of which `sha256` is the checksum."""
        return self.file_of(request, pk)


class Runs(APIView):
    permissions = {"POST": Permission.RUN_OUTCOMES}

    @extend_schema(operation_id="outcomes_run", request=RunSerializer, responses={202: StartedSerializer})
    def post(self, request: Any) -> Response:
        """Compute a table as a job; follow it at the address that is given."""
        if not isinstance(request.data, dict):
            raise ProblemError(400, "malformed", _("Send one JSON object with the key of the table."))
        asked = RunSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        job = actions.start(by=request.user, **asked.validated_data)
        url = f"/api/v1/jobs/{job.pk}/"
        return Response({"job": job.pk, "url": url}, status=202, headers={"Location": url})


api_urls = [
    path("outcomes/", Tables.as_view(), name="outcome-list"),
    path("outcomes/runs/", Runs.as_view(), name="outcome-runs"),
    path("outcomes/<int:pk>/", Table.as_view(), name="outcome"),
    path("outcomes/<int:pk>.csv", TableCsv.as_view(), name="outcome-csv"),
    path("outcomes/<int:pk>.json", TableJson.as_view(), name="outcome-json"),
    *flow_api.api_urls,
    *safety_api.api_urls,
]
