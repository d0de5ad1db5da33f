"""`/api/v1/consent-log/…`: whether the log is intact, and what is needed to find out without the portal."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse, StreamingHttpResponse
from django.urls import path
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import generics, serializers
from rest_framework.renderers import BaseRenderer, JSONRenderer
from rest_framework.response import Response
from rest_framework.views import APIView

from apps.consent import chain_files, chain_keys, selectors
from apps.consent.actions.chain import ask
from apps.consent.models import Checkpoint, Verification
from apps.consent.selectors import chain as chain_selectors
from studyportal.access import walls
from studyportal.access.permissions import Permission
from studyportal.api.files import CsvRenderer
from studyportal.api.pagination import CursorPagination
from studyportal.audit.looks import log_look

TAGS = ["consent-log"]


class FaultSerializer(serializers.Serializer):
    sequence = serializers.IntegerField(help_text="Number of the entry; 0: none in particular.")
    code = serializers.CharField()
    message = serializers.CharField()


class VerificationSerializer(serializers.Serializer):
    id = serializers.IntegerField()
    at = serializers.DateTimeField()
    by = serializers.CharField(allow_null=True, help_text="Null: the nightly verification.")
    intact = serializers.BooleanField()
    count = serializers.IntegerField(help_text="Entries that were read.")
    head_sha256 = serializers.CharField()
    checkpoints = serializers.IntegerField(help_text="Checkpoints that the log was compared with.")
    seconds = serializers.FloatField(allow_null=True)
    faults = FaultSerializer(many=True)


class CheckpointSerializer(serializers.Serializer):
    """The signed statement. `signature` is Ed25519 over the five lines format, count, head_sha256, taken_at, key_id."""

    id = serializers.IntegerField(required=False)
    format = serializers.CharField()
    count = serializers.IntegerField()
    head_sha256 = serializers.CharField()
    taken_at = serializers.CharField()
    key_id = serializers.CharField()
    public_key = serializers.CharField(help_text="Raw Ed25519 public key, base64.")
    signature = serializers.CharField(help_text="Base64.")


class IntegritySerializer(serializers.Serializer):
    state = serializers.ChoiceField(
        choices=["never", "intact", "faulty"], help_text="As the last verification found it."
    )
    count = serializers.IntegerField(help_text="Entries of the whole study now.")
    head_sha256 = serializers.CharField()
    added_since = serializers.IntegerField(help_text="Entries added after the last verification.")
    last = VerificationSerializer(allow_null=True)
    checkpoint = CheckpointSerializer(allow_null=True)


class StartedSerializer(serializers.Serializer):
    job = serializers.IntegerField()
    url = serializers.CharField()


class KeySerializer(serializers.Serializer):
    key_id = serializers.CharField()
    public_key = serializers.CharField()
    since = serializers.CharField()
    endorsed_by = serializers.CharField(
        help_text="Empty: the first key, or one that no elder key vouches for."
    )
    endorsement = serializers.CharField()


class KeysSerializer(serializers.Serializer):
    format = serializers.CharField()
    keys = KeySerializer(many=True)


def verification_json(one: Verification) -> dict[str, Any]:
    return {
        "id": one.pk,
        "at": one.at,
        "by": one.by.get_username() if one.by else None,
        "intact": one.intact,
        "count": one.count,
        "head_sha256": one.head_sha256,
        "checkpoints": one.checkpoints,
        "seconds": one.seconds,
        "faults": one.faults,
    }


class NewestFirst(CursorPagination):
    ordering = "-id"


class FileRenderer(BaseRenderer):
    """Lets every `Accept` through; the view answers with its file, a problem stays JSON."""

    media_type = "*/*"
    format = "file"

    def render(
        self, data: Any, accepted_media_type: str | None = None, renderer_context: Any = None
    ) -> bytes:
        return CsvRenderer().render(data)


def as_file(text: str | bytes, name: str, content_type: str) -> HttpResponse:
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}
    return HttpResponse(text, content_type=content_type, headers=headers)


class Integrity(APIView):
    """The state of the chain."""

    permission = Permission.VIEW_CONSENT_LOG

    @extend_schema(operation_id="consent_log_integrity", responses=IntegritySerializer, tags=TAGS)
    def get(self, request: Any) -> Response:
        found = chain_selectors.integrity()
        checkpoint = chain_selectors.checkpoint_documents([found.checkpoint] if found.checkpoint else [])
        return Response(
            {
                "state": found.state,
                "count": found.count,
                "head_sha256": found.head_sha256,
                "added_since": found.since,
                "last": verification_json(found.last) if found.last else None,
                "checkpoint": checkpoint[0] if checkpoint else None,
            }
        )


class Verify(APIView):
    """Verify the whole log as a job; the result is kept, and an intact log is signed. One that runs is not doubled."""

    permission = Permission.VIEW_CONSENT_LOG

    @extend_schema(
        operation_id="consent_log_verify", request=None, responses={202: StartedSerializer}, tags=TAGS
    )
    def post(self, request: Any) -> Response:
        job = ask(by=request.user)
        url = f"/api/v1/jobs/{job.pk}/"
        return Response({"job": job.pk, "url": url}, status=202, headers={"Location": url})


class Verifications(generics.GenericAPIView):
    """What every verification found, newest first."""

    permission = Permission.VIEW_CONSENT_LOG
    serializer_class = VerificationSerializer
    pagination_class = NewestFirst
    queryset = Verification.objects.none()

    @extend_schema(
        operation_id="consent_log_verifications", responses=VerificationSerializer(many=True), tags=TAGS
    )
    def get(self, request: Any) -> Response:
        page = self.paginate_queryset(chain_selectors.verifications()) or []
        return self.get_paginated_response([verification_json(one) for one in page])


class Checkpoints(generics.GenericAPIView):
    """Every checkpoint, newest first."""

    permission = Permission.VIEW_CONSENT_LOG
    serializer_class = CheckpointSerializer
    pagination_class = NewestFirst
    queryset = Checkpoint.objects.none()

    @extend_schema(
        operation_id="consent_log_checkpoints", responses=CheckpointSerializer(many=True), tags=TAGS
    )
    def get(self, request: Any) -> Response:
        page = list(self.paginate_queryset(chain_selectors.checkpoints()) or [])
        return self.get_paginated_response(chain_selectors.checkpoint_documents(page))


class CheckpointFile(APIView):
    """One checkpoint, as the verifier takes it."""

    permission = Permission.VIEW_CONSENT_LOG

    @extend_schema(operation_id="consent_log_checkpoint", responses=CheckpointSerializer, tags=TAGS)
    def get(self, request: Any, pk: int) -> HttpResponse:
        found = chain_selectors.checkpoint_or_404(pk)
        return as_file(
            chain_files.checkpoint_json(found), chain_files.checkpoint_name(found), "application/json"
        )


class PublicKeys(APIView):
    """The public keys of checkpoints, each endorsed by the one before."""

    permission = Permission.VIEW_CONSENT_LOG

    @extend_schema(operation_id="consent_log_public_keys", responses=KeysSerializer, tags=TAGS)
    def get(self, request: Any) -> Response:
        return Response(chain_files.keys_document())


class PublicKeyPem(APIView):
    """The keys as PEM, the newest first: what `openssl` and the verifier read."""

    permission = Permission.VIEW_CONSENT_LOG
    renderer_classes = (JSONRenderer, FileRenderer)

    @extend_schema(
        operation_id="consent_log_public_key_pem",
        responses={(200, "application/x-pem-file"): OpenApiTypes.STR},
        tags=TAGS,
    )
    def get(self, request: Any) -> HttpResponse:
        keys = reversed(chain_files.keys_document()["keys"])
        text = "".join(chain_keys.as_pem(key["public_key"]) for key in keys)
        return as_file(text, "consent-log-public-key.pem", "application/x-pem-file")


class Verifier(APIView):
    """The program that verifies an exported log against checkpoints: Python and `cryptography`, nothing of the portal."""

    permission = Permission.VIEW_CONSENT_LOG
    renderer_classes = (JSONRenderer, FileRenderer)

    @extend_schema(
        operation_id="consent_log_verifier", responses={(200, "text/x-python"): OpenApiTypes.STR}, tags=TAGS
    )
    def get(self, request: Any) -> HttpResponse:
        return as_file(chain_files.verifier(), chain_files.VERIFIER_NAME, "text/x-python; charset=utf-8")


class Export(APIView):
    """The log as JSON lines: what you may read whole, everything else as its link in the chain."""

    permission = Permission.VIEW_CONSENT_LOG
    renderer_classes = (JSONRenderer, FileRenderer)

    @extend_schema(
        operation_id="consent_log_export",
        responses={(200, "application/x-ndjson"): OpenApiTypes.STR},
        tags=TAGS,
    )
    def get(self, request: Any) -> StreamingHttpResponse:
        log_look(what="consent_log_export", by=request.user)
        return export_answer(request.user)


def export_answer(user: Any) -> StreamingHttpResponse:
    """Sent after the request's transaction, behind the same wall."""

    def sent() -> Any:
        with walls.opened(user):
            yield from selectors.jsonl(user)

    return StreamingHttpResponse(
        sent(),
        content_type="application/x-ndjson; charset=utf-8",
        headers={
            "Content-Disposition": 'attachment; filename="consent-log.jsonl"',
            "Cache-Control": "no-store",
        },
    )


api_urls = [
    path("consent-log/integrity/", Integrity.as_view(), name="consent-log-integrity"),
    path("consent-log/verify/", Verify.as_view(), name="consent-log-verify"),
    path("consent-log/verifications/", Verifications.as_view(), name="consent-log-verifications"),
    path("consent-log/checkpoints/", Checkpoints.as_view(), name="consent-log-checkpoints"),
    path("consent-log/checkpoints/<int:pk>/", CheckpointFile.as_view(), name="consent-log-checkpoint"),
    path("consent-log/public-key/", PublicKeys.as_view(), name="consent-log-public-key"),
    path("consent-log/public-key.pem", PublicKeyPem.as_view(), name="consent-log-public-key-pem"),
    path("consent-log/verifier/", Verifier.as_view(), name="consent-log-verifier"),
    path("consent-log/export.jsonl", Export.as_view(), name="consent-log-export"),
]
