"""`/api/v1/safety-tables/…`: computed safety tables, runs of new ones, and the letters of masked ones."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import PermissionDenied, ValidationError
from django.http import Http404, HttpResponse
from django.urls import path
from django.utils.translation import gettext as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import generics, serializers
from rest_framework.renderers import BaseRenderer, JSONRenderer
from rest_framework.response import Response
from rest_framework.views import APIView

from apps.outcomes import safety_actions
from apps.outcomes import safety_presentation as presentation
from apps.outcomes.safety_models import Audience, SafetyTables, Unmasking
from studyportal.access.declare import get_visible_or_404
from studyportal.access.permissions import Permission
from studyportal.api.files import CsvRenderer
from studyportal.api.pagination import CursorPagination
from studyportal.api.problems import ProblemError
from studyportal.audit.looks import log_look

READ = Permission.VIEW_SAFETY_TABLES


class UnmaskingSerializer(serializers.ModelSerializer):
    by = serializers.CharField(source="by.username")

    class Meta:
        model = Unmasking
        fields = ("by", "at", "reason")


class SafetySummarySerializer(serializers.ModelSerializer):
    made_by = serializers.CharField(source="made_by.username")

    class Meta:
        model = SafetyTables
        fields = (
            "id", "audience", "cut_off", "made_by", "made_at", "protocol_version", "protocol_sha256", "code_version",
            "data_as_of", "data_sha256", "include_synthetic", "sha256",
        )  # fmt: skip


class SafetySerializer(SafetySummarySerializer):
    unmaskings = UnmaskingSerializer(many=True)

    class Meta(SafetySummarySerializer.Meta):
        fields = (*SafetySummarySerializer.Meta.fields, "unmaskings", "content")


class Strict(serializers.Serializer):
    """Refuses fields that there are not."""

    def to_internal_value(self, data: Any) -> Any:
        if isinstance(data, dict) and (unknown := sorted(set(data) - set(self.fields))):
            raise serializers.ValidationError(
                {
                    name: [serializers.ErrorDetail(_("There is no such field."), code="unknown_field")]
                    for name in unknown
                }
            )
        return super().to_internal_value(data)


class SafetyRunSerializer(Strict):
    audience = serializers.ChoiceField(
        choices=Audience.choices, help_text="unmasked: by group, for the data monitoring committee."
    )
    include_synthetic = serializers.BooleanField(default=True)
    cut_off = serializers.DateField(
        allow_null=True, default=None, help_text="Default: the day of the last change in the data."
    )
    reason = serializers.CharField(
        default="", allow_blank=True, max_length=safety_actions.LONGEST_REASON,
        help_text="Why the committee looks at the groups; needed for tables by group.",
    )  # fmt: skip


class UnmaskSerializer(Strict):
    reason = serializers.CharField(max_length=safety_actions.LONGEST_REASON)


class SafetyStartedSerializer(serializers.Serializer):
    job = serializers.IntegerField()
    url = serializers.CharField()


class LettersSerializer(serializers.Serializer):
    letters = serializers.DictField(child=serializers.CharField(), help_text="Letter → label of the group.")


class NewestFirst(CursorPagination):
    ordering = "-id"


class PdfRenderer(BaseRenderer):
    """Lets `Accept: application/pdf` through; a problem stays JSON."""

    media_type = "application/pdf"
    format = "pdf"
    charset = None

    def render(self, data: Any, *_given: Any, **_more: Any) -> bytes:
        return JSONRenderer().render(data)


class SafetyTablesList(generics.ListAPIView):
    """Computed safety tables, newest first; those by group only for who may see them."""

    permission = READ
    serializer_class = SafetySummarySerializer
    pagination_class = NewestFirst
    queryset = SafetyTables.objects.none()

    def get_queryset(self) -> Any:
        return SafetyTables.objects.visible_to(self.request.user).select_related("made_by").defer("content")


def _visible(request: Any, pk: int) -> SafetyTables:
    found = SafetyTables.objects.select_related("made_by", "mask").prefetch_related("unmaskings__by")
    return get_visible_or_404(found, request.user, READ, pk=pk)


def _look(table: SafetyTables, by: Any, detail: str) -> None:
    if not table.is_masked:
        log_look(what="safety_tables_by_group", by=by, detail=f"{table.pk}: {detail}")


class SafetyTablesDetail(generics.RetrieveAPIView):
    """All tables of a run with rows, footnotes, provenance, and who looked behind the mask."""

    permission = READ
    serializer_class = SafetySerializer
    queryset = SafetyTables.objects.none()

    def get_object(self) -> SafetyTables:
        found = _visible(self.request, self.kwargs["pk"])
        _look(found, self.request.user, "api")
        return found


class SafetyFile(APIView):
    permission = READ

    def given(self, request: Any, body: bytes, kind: str, name: str) -> HttpResponse:
        log_look(what="safety_tables_file", by=request.user, detail=name)
        content_type = {"csv": "text/csv; charset=utf-8", "json": "application/json"}.get(
            kind, f"application/{kind}"
        )
        return HttpResponse(
            body, content_type=content_type, headers={"Content-Disposition": f'attachment; filename="{name}"'}
        )


class SafetyCsv(SafetyFile):
    renderer_classes = (JSONRenderer, CsvRenderer)

    @extend_schema(operation_id="safety_tables_csv", responses={(200, "text/csv"): OpenApiTypes.STR})
    def get(self, request: Any, pk: int, key: str) -> HttpResponse:
        """The rows of one table as CSV, with unrounded numbers."""
        found = _visible(request, pk)
        table = presentation.table_of(found.content, key)
        if table is None:
            raise Http404
        name = f"safety_{found.audience}_{found.pk}_{key}.csv"
        return self.given(request, presentation.as_csv(table).encode(), "csv", name)


class SafetyJson(SafetyFile):
    @extend_schema(
        operation_id="safety_tables_json", responses={(200, "application/json"): OpenApiTypes.OBJECT}
    )
    def get(self, request: Any, pk: int) -> HttpResponse:
        """The canonical JSON of the content: the bytes of which `sha256` is the checksum."""
        found = _visible(request, pk)
        return self.given(request, found.canonical, "json", f"safety_{found.audience}_{found.pk}.json")


class SafetyPdf(SafetyFile):
    renderer_classes = (JSONRenderer, PdfRenderer)

    @extend_schema(
        operation_id="safety_tables_pdf", responses={(200, "application/pdf"): OpenApiTypes.BINARY}
    )
    def get(self, request: Any, pk: int) -> HttpResponse:
        """All tables on paper."""
        found = _visible(request, pk)
        title = _("Safety tables: %(version)s, cut-off %(day)s") % {
            "version": found.get_audience_display(), "day": found.cut_off.isoformat(),
        }  # fmt: skip
        about = [
            (_("Made"), f"{found.made_at:%Y-%m-%d %H:%M} UTC, {found.made_by}"),
            (_("Data as of"), found.content["provenance"]["data_as_of"] or "–"),
            (_("Protocol"), f"{found.protocol_version} ({found.protocol_sha256})"),
            (_("Code"), found.code_version),
            (_("Data SHA-256"), found.data_sha256),
        ]
        body = presentation.as_pdf(found.content, title=title, about=about, sha256=found.sha256)
        return self.given(request, body, "pdf", f"safety_{found.audience}_{found.pk}.pdf")


def _problem(error: ValidationError) -> ProblemError:
    errors = [
        {"field": field, "code": one.code or "invalid", "message": one.messages[0]}
        for field, found in error.error_dict.items()
        for one in found
    ]
    return ProblemError(400, "invalid", _("%d value(s) need attention.") % len(errors), errors=errors)


def _object(request: Any) -> dict[str, Any]:
    if not isinstance(request.data, dict):
        raise ProblemError(400, "malformed", _("Send one JSON object."))
    return request.data


class SafetyRuns(APIView):
    permissions = {"POST": Permission.RUN_SAFETY_TABLES}

    @extend_schema(
        operation_id="safety_tables_run",
        request=SafetyRunSerializer,
        responses={202: SafetyStartedSerializer},
    )
    def post(self, request: Any) -> Response:
        """Compute the tables as a job; follow it at the address that is given."""
        asked = SafetyRunSerializer(data=_object(request))
        asked.is_valid(raise_exception=True)
        try:
            job = safety_actions.start(by=request.user, **asked.validated_data)
        except PermissionDenied as error:
            raise ProblemError(403, "not_permitted", str(error)) from None
        except ValidationError as error:
            raise _problem(error) from None
        url = f"/api/v1/jobs/{job.pk}/"
        return Response({"job": job.pk, "url": url}, status=202, headers={"Location": url})


class SafetyUnmask(APIView):
    permissions = {"POST": Permission.UNMASK_SAFETY_TABLES}

    @extend_schema(
        operation_id="safety_tables_unmask", request=UnmaskSerializer, responses={200: LettersSerializer}
    )
    def post(self, request: Any, pk: int) -> Response:
        """Which letter is which group. That it was asked, by whom and why, stands with the tables from then on."""
        found = _visible(request, pk)
        asked = UnmaskSerializer(data=_object(request))
        asked.is_valid(raise_exception=True)
        try:
            letters = safety_actions.unmask(tables=found, by=request.user, **asked.validated_data)
        except ValidationError as error:
            raise _problem(error) from None
        return Response({"letters": letters})


api_urls = [
    path("safety-tables/", SafetyTablesList.as_view(), name="safety-tables-list"),
    path("safety-tables/runs/", SafetyRuns.as_view(), name="safety-tables-runs"),
    path("safety-tables/<int:pk>/", SafetyTablesDetail.as_view(), name="safety-tables"),
    path("safety-tables/<int:pk>.json", SafetyJson.as_view(), name="safety-tables-json"),
    path("safety-tables/<int:pk>.pdf", SafetyPdf.as_view(), name="safety-tables-pdf"),
    path("safety-tables/<int:pk>/unmask/", SafetyUnmask.as_view(), name="safety-tables-unmask"),
    path("safety-tables/<int:pk>/tables/<slug:key>.csv", SafetyCsv.as_view(), name="safety-tables-csv"),
]
