"""/api/v1/imports/<key>/: upload a file, read the verdicts, commit, fetch what was refused."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.conf import settings
from django.http import Http404
from django.urls import path
from django.utils.translation import gettext as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_view
from rest_framework import generics, serializers
from rest_framework.parsers import BaseParser, MultiPartParser
from rest_framework.renderers import JSONRenderer
from rest_framework.response import Response

from studyportal.api.files import CsvRenderer
from studyportal.api.middleware import takes_files
from studyportal.api.pagination import CursorPagination
from studyportal.api.parsers import StrictJSONParser
from studyportal.api.problems import ProblemError, too_large_problem
from studyportal.api.strict import StrictSerializer
from studyportal.audit.serializers import ReasonField
from studyportal.imports import actions, downloads, selectors
from studyportal.imports.errors import FileRefused, NotPossible, ReasonRequired
from studyportal.imports.models import Upload, UploadRow, UploadState, VerdictKind
from studyportal.imports.registry import Importer, all_importers, families, family_of


class CsvParser(BaseParser):
    """The body is the file."""

    media_type = "text/csv"

    def parse(self, stream: Any, media_type: str | None = None, parser_context: Any = None) -> Any:
        limit: int = settings.IMPORT_BYTES
        content = stream.read(limit + 1)
        if len(content) > limit:
            raise too_large_problem(limit)
        return {"content": content}


class UploadSerializer(serializers.ModelSerializer):
    """An upload with its counts. `moved`: rows that the commit judged otherwise than the upload, "before after": how many."""

    site = serializers.CharField(source="site.code", read_only=True)
    uploaded_by = serializers.CharField(source="uploaded_by.username", read_only=True)
    committed_before = serializers.SerializerMethodField()

    class Meta:
        model = Upload
        fields = (
            "id", "importer", "site", "file_name", "sha256", "size", "encoding", "delimiter", "columns", "left_out",
            "state", "rows", "ready", "same", "changed", "refused", "added", "overwritten", "moved", "uploaded_by",
            "uploaded_at", "settled_at", "job", "committed_before",
        )  # fmt: skip
        read_only_fields = fields

    def get_committed_before(self, upload: Upload) -> int | None:
        """The upload by which this very file was committed before."""
        if not self.context.get("alone"):
            return None
        earlier = selectors.committed_before(upload)
        return None if earlier is None else earlier.pk


class ProblemOfRow(serializers.Serializer):
    column = serializers.CharField()
    code = serializers.CharField()
    message = serializers.CharField()


class DifferenceOfRow(serializers.Serializer):
    column = serializers.CharField()
    before = serializers.CharField()
    after = serializers.CharField()
    given = serializers.BooleanField(help_text="A value stood there before: to overwrite it needs a reason.")


class RowSerializer(serializers.ModelSerializer):
    """A row of the file; `cells` in the order of the upload's `columns`."""

    problems = ProblemOfRow(
        many=True,
        read_only=True,
        help_text="Why the row is refused; of a row that is not, what will be asked once it is written.",
    )
    differences = DifferenceOfRow(many=True, read_only=True)

    class Meta:
        model = UploadRow
        fields = ("line", "verdict", "cells", "problems", "differences", "written_as")
        read_only_fields = fields


class CommitSerializer(StrictSerializer):
    overwrite = serializers.BooleanField(
        default=False, help_text="Also write the rows whose record is there with other values."
    )
    reason = ReasonField(help_text="Why values that were given before are overwritten.")


class RowPagination(CursorPagination):
    ordering = "line"


class ImportView(generics.GenericAPIView):
    """Each import has views of its own, with the permission that it declares; those of a family share theirs, which
    open for who may use one of them, and then ask for the one that the address names."""

    importer: Importer
    family = ""

    def initial(self, request: Any, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        if self.family:
            self.importer = selectors.member_or_404(request.user, self.family, self.kwargs.pop("form"))

    serializer_class: Any = UploadSerializer
    queryset = Upload.objects.none()

    def upload(self, pk: int) -> Upload:
        return selectors.upload_or_404(self.request.user, self.importer, pk)

    def respond(self, upload: Upload, status: int = 200) -> Response:
        return Response(UploadSerializer(upload, context={"alone": True}).data, status=status)


class Uploads(ImportView):
    """List the uploads of your sites; upload a file: its rows are judged, and nothing is written yet."""

    parser_classes = [MultiPartParser, CsvParser, StrictJSONParser]

    def get_queryset(self) -> Any:
        if getattr(self, "swagger_fake_view", False):
            return Upload.objects.none()
        return selectors.uploads(self.request.user, self.importer)

    def get(self, request: Any) -> Response:
        page = self.paginate_queryset(self.filter_queryset(self.get_queryset()))
        return self.get_paginated_response(UploadSerializer(page, many=True).data)

    def post(self, request: Any) -> Response:
        data = request.data if hasattr(request.data, "get") else {}
        given = {
            name: str(data.get(name, request.query_params.get(name, "")))
            for name in ("site", "name", "unknown")
        }
        file, content = data.get("file"), data.get("content")
        if hasattr(file, "read"):
            content, given["name"] = file.read(), given["name"] or file.name
        if not isinstance(content, bytes):
            raise ProblemError(
                400,
                "file_required",
                _("Send the file as text/csv, or in the member “file” of multipart/form-data."),
            )
        if given["unknown"] not in ("", "refuse", "leave_out"):
            raise ProblemError(400, "invalid", _("unknown: refuse or leave_out."))
        with as_problems():
            made = actions.upload(
                importer=self.importer,
                site=self._site(given["site"]),
                content=content,
                file_name=given["name"] or "upload.csv",
                by=request.user,
                leave_out_unknown=given["unknown"] == "leave_out",
            )
        return self.respond(made, 201)

    def _site(self, code: str) -> Any:
        sites = list(selectors.sites_for(self.request.user, self.importer))
        if not code and len(sites) == 1:
            return sites[0]
        if not code:
            raise ProblemError(
                400, "site_required",
                _("Say of which site the file is: site=%s.") % "|".join(site.code for site in sites),
            )  # fmt: skip
        found = next((site for site in sites if site.code == code), None)
        if found is None:
            raise Http404(_("There is no such site among those whose lists you may import."))
        return found


class UploadDetail(ImportView):
    """An upload with its counts."""

    def get(self, request: Any, pk: int) -> Response:
        return self.respond(self.upload(pk))


class UploadRows(ImportView):
    """The rows in the order of the file; `?verdict=refused` narrows them."""

    serializer_class = RowSerializer
    queryset = UploadRow.objects.none()
    pagination_class = RowPagination

    def get(self, request: Any, pk: int) -> Response:
        verdict = request.query_params.get("verdict", "")
        if verdict and verdict not in VerdictKind.values:
            raise ProblemError(400, "invalid", _("verdict is one of: %s.") % ", ".join(VerdictKind.values))
        page = self.paginate_queryset(selectors.rows_of(self.upload(pk), verdict))
        return self.get_paginated_response(RowSerializer(page, many=True).data)


class Commit(ImportView):
    """Write what is new, and with `overwrite` what has other values. 202 when a job does it (`job`)."""

    serializer_class = CommitSerializer

    def post(self, request: Any, pk: int) -> Response:
        upload = self.upload(pk)
        asked = CommitSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        with as_problems():
            done = actions.commit(
                upload=upload,
                by=request.user,
                overwrite=asked.validated_data["overwrite"],
                reason=asked.validated_data.get("reason"),
            )
        return self.respond(done, 202 if done.state == UploadState.PREVIEWED else 200)


class Abandon(ImportView):
    """Give the upload up; its rows are deleted."""

    def post(self, request: Any, pk: int) -> Response:
        upload = self.upload(pk)
        with as_problems():
            return self.respond(actions.abandon(upload=upload, by=request.user))


class Refused(ImportView):
    """The refused rows as they came, with line and reasons: can be uploaded again once corrected."""

    renderer_classes = [JSONRenderer, CsvRenderer]

    def get(self, request: Any, pk: int) -> Any:
        return downloads.refused_response(self.upload(pk), request.user)


class Template(ImportView):
    """An empty file with the columns of the import, explained in lines that an import leaves out."""

    renderer_classes = [JSONRenderer, CsvRenderer]

    def get(self, request: Any) -> Any:
        return downloads.template_response(self.importer)


@contextmanager
def as_problems() -> Iterator[None]:
    """FileRefused and ReasonRequired → 400, NotPossible → 409."""
    try:
        yield
    except FileRefused as error:
        errors = [{"field": name, "code": error.code, "message": str(error)} for name in error.columns]
        more = {} if error.line is None else {"line": error.line}
        raise ProblemError(400, error.code, str(error), errors=errors, **more) from None
    except ReasonRequired as error:
        said = {"field": "reason", "code": error.code, "message": str(error)}
        raise ProblemError(400, error.code, str(error), errors=[said]) from None
    except NotPossible as error:
        raise ProblemError(409, error.code, str(error)) from None


# --- Routes ----------------------------------------------------------------------------------------------

_FILE = {
    "multipart/form-data": {
        "type": "object",
        "properties": {
            "file": {"type": "string", "format": "binary"},
            "site": {"type": "string", "description": "Code of the site; may be left out by who has one."},
            "unknown": {"type": "string", "enum": ["refuse", "leave_out"], "default": "refuse"},
        },
        "required": ["file"],
    },
    "text/csv": {"type": "string"},
}
_OF_BODY = [
    OpenApiParameter("site", str, description="Code of the site, where the body is the file."),
    OpenApiParameter("name", str, description="Name of the file, where the body is the file."),
    OpenApiParameter(
        "unknown", str, enum=["refuse", "leave_out"], description="What becomes of unknown columns."
    ),
]
_VERDICT = [OpenApiParameter("verdict", str, enum=list(VerdictKind.values))]
_CSV = {(200, "text/csv"): OpenApiTypes.STR}


def routes_of(importer: Importer) -> list[Any]:
    return _paths(importer.key, importer.key, {"importer": importer, "permission": importer.permission})


def routes_of_family(family: str) -> list[Any]:
    permissions = tuple(dict.fromkeys(importer.permission for importer in family_of(family)))
    return _paths(f"{family}-<slug:form>", family, {"family": family, "permission": permissions})


def _paths(key: str, name: str, members: dict[str, Any]) -> list[Any]:
    """key: what stands in the addresses; name: what the routes are called by; members: of each view."""
    ident = name.replace("-", "_")

    def view(base: type[ImportView], **described: dict[str, Any]) -> Any:
        """The view of this import, with each method described for the OpenAPI document."""
        own = type(f"{ident}_{base.__name__}", (base,), dict(members))
        for method, words in described.items():
            operation = f"imports_{ident}_{words.pop('operation')}"
            described_here = extend_schema(operation_id=operation, tags=["imports"], **words)
            own = extend_schema_view(**{method: described_here})(own)
        return own.as_view()

    listed, one = UploadSerializer(many=True), UploadSerializer
    return [
        path(
            f"imports/{key}/",
            takes_files(
                view(
                    Uploads,
                    get={"operation": "list", "responses": listed},
                    post={"operation": "upload", "request": _FILE, "parameters": _OF_BODY, "responses": {201: one}},
                ),
                "IMPORT_BYTES",
            ),
            name=f"import-{name}",
        ),
        path(
            f"imports/{key}/template.csv",
            view(Template, get={"operation": "template", "responses": _CSV}),
            name=f"import-{name}-template",
        ),
        path(
            f"imports/{key}/<int:pk>/",
            view(UploadDetail, get={"operation": "retrieve", "responses": one}),
            name=f"import-{name}-upload",
        ),
        path(
            f"imports/{key}/<int:pk>/rows/",
            view(
                UploadRows,
                get={"operation": "rows", "parameters": _VERDICT, "responses": RowSerializer(many=True)},
            ),
            name=f"import-{name}-rows",
        ),
        path(
            f"imports/{key}/<int:pk>/commit/",
            view(Commit, post={"operation": "commit", "request": CommitSerializer, "responses": {200: one, 202: one}}),
            name=f"import-{name}-commit",
        ),
        path(
            f"imports/{key}/<int:pk>/abandon/",
            view(Abandon, post={"operation": "abandon", "request": None, "responses": one}),
            name=f"import-{name}-abandon",
        ),
        path(
            f"imports/{key}/<int:pk>/refused.csv",
            view(Refused, get={"operation": "refused", "responses": _CSV}),
            name=f"import-{name}-refused",
        ),
    ]  # fmt: skip


def api_urls() -> list[Any]:
    own = [route for importer in all_importers() if not importer.family for route in routes_of(importer)]
    return own + [route for family in families() for route in routes_of_family(family)]
