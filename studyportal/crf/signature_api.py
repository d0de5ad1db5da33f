"""`/api/v1/forms/<form>/<record>/signatures/` and `/api/v1/signatures/`: read signatures, and sign."""

from __future__ import annotations

from typing import Any

from django_filters import rest_framework as filters
from drf_spectacular.utils import extend_schema
from rest_framework import generics, serializers
from rest_framework.response import Response

from studyportal.access.permissions import Permission
from studyportal.api.concurrency import etag_of, stale, version_seen
from studyportal.api.problems import ProblemError
from studyportal.crf import display, signing
from studyportal.crf.errors import StaleVersion
from studyportal.crf.serializers import ChangeSerializer
from studyportal.signatures import content as canonical
from studyportal.signatures.errors import NotPermitted, NotSigned, NotTheSigner
from studyportal.signatures.models import Meaning, Method, Signature
from studyportal.signatures.selectors import SignatureState


class SignatureSerializer(serializers.Serializer):
    """One signature; broken by any later change of what was signed."""

    id = serializers.IntegerField()
    form = serializers.CharField()
    record = serializers.IntegerField()
    participant = serializers.CharField()
    site = serializers.CharField()
    meaning = serializers.ChoiceField(choices=Meaning.choices)
    statement = serializers.CharField()
    signer = serializers.CharField()
    signer_name = serializers.CharField()
    signer_role = serializers.CharField()
    signed_at = serializers.DateTimeField()
    record_version = serializers.IntegerField()
    content_sha256 = serializers.CharField()
    content_format = serializers.CharField()
    method = serializers.ChoiceField(choices=Method.choices)
    state = serializers.ChoiceField(choices=["signed", "broken"])


class SignatureWithChangesSerializer(SignatureSerializer):
    changed_since = ChangeSerializer(many=True)


class SignedContentSerializer(serializers.Serializer):
    """What a signature is put on: the canonical text, whose SHA-256 anybody can compute, and the signatures so far."""

    content = serializers.CharField()
    content_sha256 = serializers.CharField()
    content_format = serializers.CharField()
    record_version = serializers.IntegerField()
    meanings = serializers.DictField(child=serializers.CharField())
    signatures = SignatureWithChangesSerializer(many=True)


class SigningSerializer(serializers.Serializer):
    """version (or If-Match): the version that the signer saw; content_sha256: the content, where it was read too."""

    meaning = serializers.ChoiceField(choices=Meaning.choices)
    password = serializers.CharField(max_length=4096, trim_whitespace=False, write_only=True)
    code = serializers.CharField(max_length=20, required=False, allow_blank=True, default="", write_only=True)
    version = serializers.IntegerField(min_value=1, max_value=2**31 - 1, required=False)
    content_sha256 = serializers.RegexField(r"^[0-9a-f]{64}\Z", required=False)


def as_json(signature: Signature, state: SignatureState, *, participant: str, site: str) -> dict[str, Any]:
    return {
        "id": signature.pk,
        "form": signature.form,
        "record": signature.object_id,
        "participant": participant,
        "site": site,
        "meaning": signature.meaning,
        "statement": signature.statement,
        "signer": signature.signer.get_username(),
        "signer_name": signature.signer_name,
        "signer_role": signature.signer_role,
        "signed_at": signature.signed_at,
        "record_version": signature.record_version,
        "content_sha256": signature.content_sha256,
        "content_format": signature.content_format,
        "method": signature.method,
        "state": WORDS[state],
    }


WORDS = {SignatureState.SIGNED: "signed", SignatureState.BROKEN: "broken"}


class SignaturesOfRecord:
    """Read and sign one record; mixed into the endpoint of each form."""

    spec: Any

    def get(self, request: Any, pk: int) -> Response:
        record = self.record()  # type: ignore[attr-defined]
        content = signing.content_of(self.spec, record)
        return Response(
            {
                "content": canonical.canonical(content),
                "content_sha256": canonical.sha256_of(content),
                "content_format": canonical.FORMAT,
                "record_version": record.version,
                "meanings": {one.value: str(one.statement) for one in self.spec.meanings},
                "signatures": [
                    as_json(
                        one.signature, one.state, participant=record.participant.code, site=record.site.code
                    )
                    | {"changed_since": ChangeSerializer(one.changes, many=True).data}
                    for one in signing.signatures_of(self.spec, record)
                ],
            },
            headers={"ETag": etag_of(record.version)},
        )

    def post(self, request: Any, pk: int) -> Response:
        record = self.record()  # type: ignore[attr-defined]
        asked = SigningSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        given = asked.validated_data
        version = given.get("version") or version_seen(request)
        try:
            signature = signing.sign(
                self.spec,
                record=record,
                meaning=given["meaning"],
                by=request.user,
                request=request,
                password=given["password"],
                code=given["code"],
                version_seen=version,
                sha256_seen=given.get("content_sha256", ""),
            )
        except StaleVersion as error:
            current = display.as_json(self.spec, error.current, error.current.participant.code)
            raise stale(error.current.version, current=current) from None
        except (NotPermitted, NotTheSigner) as error:
            raise ProblemError(403, error.code, str(error)) from None
        except NotSigned as error:
            raise ProblemError(400 if error.code == "meaning" else 409, error.code, str(error)) from None
        return Response(
            as_json(
                signature, SignatureState.SIGNED, participant=record.participant.code, site=record.site.code
            ),
            status=201,
        )


class SignatureFilters(filters.FilterSet):
    participant = filters.CharFilter(field_name="participant__code")
    site = filters.CharFilter(field_name="site__code")
    form = filters.CharFilter(field_name="form")
    record = filters.NumberFilter(field_name="object_id", min_value=0, max_value=2**62)
    state = filters.ChoiceFilter(choices=[("signed", "signed"), ("broken", "broken")], method="of_the_page")

    class Meta:
        model = Signature
        fields: list[str] = []

    def of_the_page(self, queryset: Any, name: str, value: str) -> Any:
        """Whether a signature stands is made out from the record itself, page by page, and not in the query."""
        return queryset


class Signatures(generics.GenericAPIView):
    """Every signature at the sites that the user sees, in order of time.

    With `state` a page may hold fewer than `limit`, or none: follow `next` until it is null.
    """

    permission = Permission.VIEW_DATA
    serializer_class = SignatureSerializer
    filterset_class = SignatureFilters

    def get_queryset(self) -> Any:
        return (
            Signature.objects.visible_to(self.request.user, Permission.VIEW_DATA)  # type: ignore[arg-type]
            .select_related("participant", "site", "signer")
            .order_by("id")
        )

    @extend_schema(
        operation_id="signatures_list", responses=SignatureSerializer(many=True), tags=["signatures"]
    )
    def get(self, request: Any) -> Response:
        page = self.paginate_queryset(self.filter_queryset(self.get_queryset()))
        wanted = request.query_params.get("state")
        return self.get_paginated_response(
            [
                as_json(one, state, participant=one.participant.code, site=one.site.code)
                for one, state in signing.with_states(page or [])
                if not wanted or WORDS[state] == wanted
            ]
        )
