"""`/api/v1/datasets/…`, `/api/v1/dictionary.…`, `/api/v1/export-receipts/…`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.http import Http404, HttpResponse, StreamingHttpResponse
from django.urls import path
from django.utils.translation import gettext as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework import generics, serializers
from rest_framework.exceptions import Throttled
from rest_framework.renderers import JSONRenderer
from rest_framework.response import Response
from rest_framework.views import APIView

from apps.enrolment.models import Group
from apps.exports import actions, selectors
from apps.exports.datasets import DICTIONARY_HEADER, SYNTHETIC, Dataset, dictionary
from apps.exports.models import ExportReceipt
from apps.exports.purposes import Purpose
from apps.exports.selectors import dataset_or_404, filters_of, receipts_of
from studyportal.access.permissions import Permission
from studyportal.access.profiles import ORDER
from studyportal.api import csv_cells, throttling
from studyportal.api.files import CsvRenderer
from studyportal.api.pagination import CursorPagination
from studyportal.api.problems import ProblemError

API = "/api/v1"
CSV = "text/csv; charset=utf-8"


def csv_address(key: str) -> str:
    return f"{API}/datasets/{key}.csv"


class DatasetSerializer(serializers.Serializer):
    key = serializers.CharField()
    title = serializers.CharField()
    kind = serializers.ChoiceField(choices=[("form", "form"), ("table", "table")])
    description = serializers.CharField()
    columns = serializers.IntegerField()
    csv = serializers.CharField()
    dictionary = serializers.CharField()
    profile = serializers.CharField()


class CodeSerializer(serializers.Serializer):
    code = serializers.CharField()
    label = serializers.CharField()


class DictionaryEntrySerializer(serializers.Serializer):
    dataset = serializers.CharField()
    name = serializers.CharField()
    field = serializers.CharField()
    label = serializers.CharField()
    type = serializers.CharField()
    unit = serializers.CharField(help_text="UCUM")
    loinc = serializers.CharField()
    codes = CodeSerializer(many=True)
    required = serializers.BooleanField()
    derived = serializers.BooleanField()
    minimum = serializers.CharField()
    maximum = serializers.CharField()
    guarded = serializers.BooleanField(
        help_text="A text that begins with = + - @, a tab or a carriage return is given a leading apostrophe."
    )
    form = serializers.CharField()
    description = serializers.CharField()


class ReceiptSerializer(serializers.ModelSerializer):
    participants = serializers.ListField(
        child=serializers.CharField(),
        read_only=True,
        allow_null=True,
        help_text="Of an export for sharing: the codes of those whose rows were in it.",
    )
    left_out = serializers.ListField(
        child=serializers.DictField(child=serializers.CharField()),
        read_only=True,
        help_text="Participant codes, and why their data may not leave for this purpose.",
    )

    class Meta:
        model = ExportReceipt
        fields = (
            "id", "dataset", "filters", "sites", "source", "profile", "purpose", "left_out", "participants", "token_name",
            "protocol_version", "started_at", "ended_at", "complete", "rows", "bytes", "sha256",
        )  # fmt: skip


KEY = OpenApiParameter("key", str, OpenApiParameter.PATH, description="Key of a dataset, such as vital-signs")
FILTERS = [
    OpenApiParameter("site", str, description="Code of a site"),
    OpenApiParameter("group", str, enum=list(Group.values)),
    OpenApiParameter("synthetic", str, enum=list(SYNTHETIC), description="Default: include"),
    OpenApiParameter(
        "purpose",
        str,
        enum=list(Purpose.values),
        description="Default: analysis. Sharing holds those alone who agreed to it; the receipt names who was left out.",
    ),
]
PROFILE = OpenApiParameter(
    "profile",
    str,
    enum=list(ORDER),
    description="Less than your own, never more. Default: the most that you, and your token, may have.",
)


def profile_asked(request: Any) -> str:
    """The profile of the request; a wrong one is 400, more than one's own 403."""
    try:
        return selectors.profile_of(request.query_params, request.user)
    except ValidationError as error:
        raise problem(error) from None
    except selectors.NotInToken as error:
        raise ProblemError(403, error.code, str(error)) from None


def dataset_asked(request: Any, key: str) -> Dataset:
    """The dataset in the profile of the request."""
    profile = profile_asked(request)
    try:
        return dataset_or_404(key, request.user, profile)
    except selectors.NotInToken as error:
        raise ProblemError(403, error.code, str(error)) from None


class DatasetList(APIView):
    permission = Permission.EXPORT_DATA

    @extend_schema(
        operation_id="datasets_list",
        tags=["datasets"],
        parameters=[PROFILE],
        responses=DatasetSerializer(many=True),
    )
    def get(self, request: Any) -> Response:
        """Every dataset that you may fetch: one per form, and the tables that are no forms."""
        profile = profile_asked(request)
        asked = profile if request.query_params.get("profile") else ""
        return Response([as_json(dataset, asked) for dataset in selectors.datasets(request.user, profile)])


def as_json(dataset: Dataset, asked: str = "") -> dict[str, Any]:
    """asked: the profile that the request named, which the addresses then name too."""
    query = f"?profile={asked}" if asked else ""
    return {
        "key": dataset.key,
        "title": dataset.title,
        "kind": dataset.kind,
        "description": dataset.description,
        "columns": len(dataset.columns),
        "csv": csv_address(dataset.key) + query,
        "dictionary": f"{API}/datasets/{dataset.key}/dictionary.json{query}",
        "profile": dataset.profile,
    }


class DatasetCsv(APIView):
    permission = Permission.EXPORT_DATA
    renderer_classes = (JSONRenderer, CsvRenderer)

    @extend_schema(
        operation_id="datasets_csv",
        tags=["datasets"],
        parameters=[KEY, *FILTERS, PROFILE],
        responses={(200, "text/csv"): OpenApiResponse(OpenApiTypes.STR, description="The file, streamed")},
    )
    def get(self, request: Any, key: str) -> HttpResponse | StreamingHttpResponse:
        """The dataset as CSV, read at one moment, in the order of the records.

        `X-Export-Receipt` names the receipt that stands at `/api/v1/export-receipts/` when the file has ended:
        rows, bytes and SHA-256. A file that broke off has no complete receipt.
        """
        dataset = dataset_asked(request, key)
        try:
            filters = filters_of(request.query_params.dict(), request.user)
        except ValidationError as error:
            raise problem(error) from None
        source = "api" if request.auth is not None else "page"
        download = actions.download(dataset=dataset, filters=filters, by=request.user, source=source)
        headers = {
            "Content-Type": CSV,
            "Content-Disposition": f'attachment; filename="{download.filename}"',
            "X-Export-Receipt": str(download.receipt),
            "Cache-Control": "no-store",
            "X-Accel-Buffering": "no",
        }
        if request.method == "HEAD":
            return HttpResponse(headers=headers)
        return StreamingHttpResponse(in_its_place(request.user, download.stream), headers=headers)


def in_its_place(user: Any, stream: Iterable[bytes]) -> Iterator[bytes]:
    """The bytes of one of the few downloads that a person may have at once; 429 when all places are taken.

    The place is given back when the stream ends or the client goes away.
    """
    held = ExitStack()
    try:
        held.enter_context(throttling.place("downloads", str(user.pk), most=settings.DOWNLOADS_AT_ONCE))
    except throttling.TooMany:
        raise Throttled(wait=10) from None

    def chunks() -> Iterator[bytes]:
        with held:
            yield from stream

    return chunks()


def problem(error: ValidationError) -> ProblemError:
    errors = [
        {"field": field, "code": one.code or "invalid", "message": one.messages[0]}
        for field, found in error.error_dict.items()
        for one in found
    ]
    return ProblemError(400, "invalid_filter", _("The filter was not understood: see errors."), errors=errors)


class DictionaryView(APIView):
    permission = Permission.EXPORT_DATA
    renderer_classes = (JSONRenderer, CsvRenderer)

    def answer(self, datasets: Sequence[Dataset], name: str, kind: str) -> HttpResponse | Response:
        entries = dictionary(datasets)
        if kind == "json":
            return Response(entries)
        if kind != "csv":
            raise Http404(_("The dictionary is offered as csv and json."))
        for entry in entries:
            entry["codes"] = csv_cells.codes_as_text(
                [(code["code"], code["label"]) for code in entry["codes"]]
            )
            for flag in ("required", "derived", "guarded"):
                entry[flag] = "true" if entry[flag] else "false"
        body = csv_cells.as_csv(
            DICTIONARY_HEADER, ([entry[key] for key in DICTIONARY_HEADER] for entry in entries)
        )
        return HttpResponse(
            body, headers={"Content-Type": CSV, "Content-Disposition": f'attachment; filename="{name}.csv"'}
        )


DICTIONARY_RESPONSES = {
    (200, "application/json"): DictionaryEntrySerializer(many=True),
    (200, "text/csv"): OpenApiTypes.STR,
}
KIND = OpenApiParameter("kind", str, OpenApiParameter.PATH, enum=["csv", "json"])


class DatasetDictionary(DictionaryView):
    @extend_schema(
        operation_id="datasets_dictionary",
        tags=["datasets"],
        parameters=[KEY, KIND, PROFILE],
        responses=DICTIONARY_RESPONSES,
    )
    def get(self, request: Any, key: str, kind: str) -> HttpResponse | Response:
        """The data dictionary of one dataset: one entry per column."""
        return self.answer([dataset_asked(request, key)], f"{key}_dictionary", kind)


class WholeDictionary(DictionaryView):
    @extend_schema(
        operation_id="dictionary",
        tags=["datasets"],
        parameters=[KIND, PROFILE],
        responses=DICTIONARY_RESPONSES,
    )
    def get(self, request: Any, kind: str) -> HttpResponse | Response:
        """The data dictionary of every dataset that you may fetch."""
        return self.answer(selectors.datasets(request.user, profile_asked(request)), "dictionary", kind)


class NewestFirst(CursorPagination):
    ordering = ("-ended_at", "id")


class ReceiptList(generics.ListAPIView):
    """Your own exports, newest first."""

    pagination_class = NewestFirst
    permission = Permission.EXPORT_DATA
    serializer_class = ReceiptSerializer
    queryset = ExportReceipt.objects.none()

    def get_queryset(self) -> Any:
        return receipts_of(self.request.user)


class ReceiptDetail(generics.RetrieveAPIView):
    """One of your own exports, once it has ended."""

    permission = Permission.EXPORT_DATA
    serializer_class = ReceiptSerializer
    queryset = ExportReceipt.objects.none()

    def get_queryset(self) -> Any:
        return receipts_of(self.request.user)


api_urls = [
    path("datasets/", DatasetList.as_view(), name="dataset-list"),
    path("datasets/<slug:key>.csv", DatasetCsv.as_view(), name="dataset-csv"),
    path(
        "datasets/<slug:key>/dictionary.<slug:kind>", DatasetDictionary.as_view(), name="dataset-dictionary"
    ),
    path("dictionary.<slug:kind>", WholeDictionary.as_view(), name="dictionary"),
    path("export-receipts/", ReceiptList.as_view(), name="export-receipt-list"),
    path("export-receipts/<uuid:pk>/", ReceiptDetail.as_view(), name="export-receipt"),
]
