"""`/api/v1/flow…`: the STROBE flow from live data, as JSON and as files."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.urls import path
from django.utils.translation import gettext as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework import serializers
from rest_framework.exceptions import Throttled
from rest_framework.renderers import BaseRenderer, JSONRenderer
from rest_framework.response import Response
from rest_framework.views import APIView

from apps.outcomes import flow_counting, flow_files
from apps.outcomes.flow_counting import SYNTHETIC, Counted
from studyportal.access.permissions import Permission
from studyportal.api import throttling
from studyportal.api.files import CsvRenderer
from studyportal.api.problems import ProblemError
from studyportal.audit.looks import log_look

FILTERS = [
    OpenApiParameter("site", str, description="Code of a site. Default: all of yours"),
    OpenApiParameter("synthetic", str, enum=list(SYNTHETIC), description="Default: include"),
    OpenApiParameter(
        "as_of", OpenApiTypes.DATE, description="Day on which visit windows are judged. Default: today"
    ),
]


class ReasonSerializer(serializers.Serializer):
    reason = serializers.CharField()
    label = serializers.CharField()  # type: ignore[assignment]
    n = serializers.IntegerField()


class CountsSerializer(serializers.Serializer):
    """The counts at one step: n + lost + pending is the n of the step that it follows."""

    n = serializers.IntegerField()
    joined = serializers.IntegerField(help_text="Of n: came over from the other group.")
    manner = serializers.DictField(
        child=serializers.IntegerField(),
        help_text="Of n: done, missed and no_record at a visit; recorded and unrecorded elsewhere.",
    )
    lost = ReasonSerializer(many=True, help_text="At the step before, and went no further.")
    pending = ReasonSerializer(many=True, help_text="At the step before; not yet due or not yet decided.")
    gone = ReasonSerializer(many=True, help_text="`lost`, added up within the group.")
    waiting = serializers.IntegerField(help_text="`pending`, added up within the group.")
    treated_later = serializers.DictField(
        child=serializers.IntegerField(),
        help_text="Of a group: treated later, censored before the last step or after it.",
    )


class StepSerializer(CountsSerializer):
    """One step of the flow."""

    key = serializers.CharField()
    label = serializers.CharField()  # type: ignore[assignment]
    kind = serializers.ChoiceField(choices=["stage", "group", "session", "matched", "visit", "analysed"])
    follows = serializers.CharField(allow_null=True, help_text="Key of the step before.")
    group = serializers.CharField(allow_null=True)
    visit = serializers.CharField(allow_null=True)
    sites = serializers.DictField(child=CountsSerializer(), help_text="The same counts by site.")


class ProvenanceSerializer(serializers.Serializer):
    as_of = serializers.DateField()
    read_at = serializers.DateTimeField()
    protocol_version = serializers.CharField()
    code_version = serializers.CharField()
    sites = serializers.ListField(child=serializers.CharField())
    whole_study = serializers.BooleanField()
    synthetic = serializers.ChoiceField(choices=list(SYNTHETIC))


class FlowSerializer(serializers.Serializer):
    provenance = ProvenanceSerializer()
    reconciles = serializers.BooleanField()
    differences = serializers.ListField(child=serializers.CharField())
    primary_visit = serializers.CharField()
    steps = StepSerializer(many=True)


def counted_for(request: Any) -> Counted:
    """The flow that the request asks for; a wrong filter is 400 and names it."""
    sites = flow_counting.sites_of(request.user)
    try:
        asked = flow_counting.asked_of(request.query_params.dict(), sites)
    except ValidationError as error:
        errors = [
            {"field": field, "code": one.code or "invalid", "message": one.messages[0]}
            for field, found in error.error_dict.items()
            for one in found
        ]
        raise ProblemError(
            400, "invalid_filter", _("The filter was not understood: see errors."), errors=errors
        ) from None
    return flow_counting.flow_of(request.user, asked, sites)


class FlowView(APIView):
    permission = Permission.VIEW_OUTCOMES

    @extend_schema(operation_id="flow", tags=["outcomes"], parameters=FILTERS, responses=FlowSerializer)
    def get(self, request: Any) -> Response:
        """The flow from screened to analysed at your sites, from live data, with the reason at every loss."""
        return Response(flow_files.as_json(counted_for(request)))


class SvgRenderer(CsvRenderer):
    """Lets `Accept: image/svg+xml` through."""

    media_type = "image/svg+xml"
    format = "svg"


class PngRenderer(CsvRenderer):
    """Lets `Accept: image/png` through."""

    media_type = "image/png"
    format = "png"


class FlowFile(APIView):
    """A file of the flow. It holds counts and no participant; the look is logged all the same."""

    permission = Permission.VIEW_OUTCOMES
    kind = "csv"

    def file_of(self, request: Any) -> HttpResponse:
        try:
            with throttling.place("downloads", str(request.user.pk), most=settings.DOWNLOADS_AT_ONCE):
                counted = counted_for(request)
                body = flow_files.body_of(self.kind, counted)
        except throttling.TooMany:
            raise Throttled(wait=10) from None
        name = flow_files.name_of(self.kind, counted)
        log_look(what="flow_file", by=request.user, detail=name)
        headers = {
            "Content-Disposition": f'attachment; filename="{name}"',
            "Cache-Control": "no-store",
        }
        return HttpResponse(body, content_type=flow_files.TYPES[self.kind], headers=headers)


def _file(media_type: str, description: str) -> dict[Any, Any]:
    kind = OpenApiTypes.BINARY if media_type == "image/png" else OpenApiTypes.STR
    return {(200, media_type): OpenApiResponse(kind, description=description)}


class FlowCsv(FlowFile):
    renderer_classes: tuple[type[BaseRenderer], ...] = (JSONRenderer, CsvRenderer)

    @extend_schema(
        operation_id="flow_csv",
        tags=["outcomes"],
        parameters=FILTERS,
        responses=_file("text/csv", "One row per step, site, count and reason"),
    )
    def get(self, request: Any) -> HttpResponse:
        """One row per step × site × what is counted × reason, with the provenance in every row."""
        return self.file_of(request)


class FlowSvg(FlowFile):
    kind = "svg"
    renderer_classes: tuple[type[BaseRenderer], ...] = (JSONRenderer, SvgRenderer)

    @extend_schema(
        operation_id="flow_svg",
        tags=["outcomes"],
        parameters=FILTERS,
        responses=_file("image/svg+xml", "The figure"),
    )
    def get(self, request: Any) -> HttpResponse:
        """The figure as an SVG that stands by itself, with its provenance below it."""
        return self.file_of(request)


class FlowPng(FlowFile):
    kind = "png"
    renderer_classes: tuple[type[BaseRenderer], ...] = (JSONRenderer, PngRenderer)

    @extend_schema(
        operation_id="flow_png",
        tags=["outcomes"],
        parameters=FILTERS,
        responses=_file("image/png", "The figure"),
    )
    def get(self, request: Any) -> HttpResponse:
        """The same figure as a picture, in English."""
        return self.file_of(request)


api_urls = [
    path("flow/", FlowView.as_view(), name="flow"),
    path("flow.csv", FlowCsv.as_view(), name="flow-csv"),
    path("flow.svg", FlowSvg.as_view(), name="flow-svg"),
    path("flow.png", FlowPng.as_view(), name="flow-png"),
]
