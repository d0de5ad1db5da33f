"""`/api/v1/attachments/`: which there are, attaching, the file itself, withdrawing."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.urls import path
from django_filters import rest_framework as filters
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import generics, serializers
from rest_framework.parsers import MultiPartParser
from rest_framework.response import Response

from studyportal.access.declare import get_visible_or_404, refusal
from studyportal.access.permissions import Permission
from studyportal.api.middleware import takes_files
from studyportal.api.parsers import StrictJSONParser
from studyportal.api.problems import ProblemError
from studyportal.api.strict import StrictSerializer
from studyportal.attachments import actions, selectors
from studyportal.attachments.actions import AttachmentRefused
from studyportal.attachments.models import LONGEST_REASON, Attachment
from studyportal.attachments.places import thing_or_404
from studyportal.files.serving import as_attachment
from studyportal.identity.errors import CannotBeOpened
from studyportal.identity.papers import OpenedPaper

TAGS = ["attachments"]


class WithdrawalSerializer(serializers.Serializer):
    reason = serializers.CharField()
    by = serializers.CharField(source="by.username")
    at = serializers.DateTimeField()


class AttachmentSerializer(serializers.ModelSerializer):
    """An attachment without its picture. `sha256` is of what is kept, `original_sha256` of what was sent."""

    site = serializers.CharField(source="site.code", read_only=True)
    participant = serializers.CharField(source="participant.code", read_only=True)
    record = serializers.IntegerField(source="object_id", read_only=True)
    added_by = serializers.CharField(source="added_by.username", read_only=True)
    withdrawal = WithdrawalSerializer(read_only=True, allow_null=True, default=None)

    class Meta:
        model = Attachment
        fields = (
            "id", "site", "participant", "form", "record", "number", "name", "caption", "content_type", "size", "width",
            "height", "sha256", "original_sha256", "added_by", "added_at", "withdrawal",
        )  # fmt: skip
        read_only_fields = fields


class AttachmentFilters(filters.FilterSet):
    participant = filters.CharFilter(field_name="participant__code")
    site = filters.CharFilter(field_name="site__code")
    form = filters.CharFilter()
    record = filters.NumberFilter(field_name="object_id", min_value=0, max_value=2**62)

    class Meta:
        model = Attachment
        fields: list[str] = []


class AddSerializer(StrictSerializer):
    """What is sent as multipart/form-data. form: the key of the form, or `visit`."""

    form = serializers.CharField(max_length=60)
    record = serializers.IntegerField(min_value=1, max_value=2**63 - 1)
    file = serializers.FileField(allow_empty_file=True, max_length=None)
    caption = serializers.CharField(
        max_length=4000, required=False, allow_blank=True, default="", trim_whitespace=False
    )


class WithdrawSerializer(StrictSerializer):
    reason = serializers.CharField(max_length=LONGEST_REASON)


class AttachmentView(generics.GenericAPIView):
    serializer_class: Any = AttachmentSerializer

    def get_queryset(self) -> Any:
        if getattr(self, "swagger_fake_view", False):
            return Attachment.objects.none()
        return selectors.attachments(self.request.user).order_by("id")


def as_problem(error: AttachmentRefused) -> ProblemError:
    """400; 409 for what is withdrawn already."""
    status = 409 if error.code in ("withdrawn", "at_once", "too_many") else 400
    said = {"field": error.field, "code": error.code, "message": str(error)}
    return ProblemError(status, error.code, str(error), errors=[said])


class Attachments(AttachmentView):
    """List the attachments of your sites; attach a picture or a PDF to a record.

    The same file again beside the same record answers 200 with the attachment that stands.
    """

    permissions = {"GET": selectors.TOLD, "POST": Permission.VIEW_DATA}
    parser_classes = (MultiPartParser, StrictJSONParser)
    filterset_class = AttachmentFilters

    @extend_schema(operation_id="attachments_list", responses=AttachmentSerializer(many=True), tags=TAGS)
    def get(self, request: Any) -> Response:
        page = self.paginate_queryset(self.filter_queryset(self.get_queryset()))
        return self.get_paginated_response(AttachmentSerializer(page, many=True).data)

    @extend_schema(
        operation_id="attachments_create",
        request={"multipart/form-data": AddSerializer},
        responses={201: AttachmentSerializer, 200: AttachmentSerializer},
        tags=TAGS,
    )
    def post(self, request: Any) -> Response:
        asked = AddSerializer(data=request.data.dict() if hasattr(request.data, "dict") else request.data)
        asked.is_valid(raise_exception=True)
        sent = asked.validated_data
        place, record = thing_or_404(request.user, sent["form"], sent["record"])
        before = Attachment.objects.filter(form=place.key, object_id=record.pk).count()
        try:
            made = actions.attach(
                place=place, record=record, upload=sent["file"], caption=sent["caption"], by=request.user
            )
        except AttachmentRefused as error:
            raise as_problem(error) from None
        status = 200 if made.number <= before else 201
        found = self.get_queryset().get(pk=made.pk)
        return Response(AttachmentSerializer(found).data, status=status)


class AttachmentDetail(AttachmentView):
    """One attachment, without its picture."""

    permissions = {"GET": selectors.TOLD}

    @extend_schema(operation_id="attachments_retrieve", tags=TAGS)
    def get(self, request: Any, pk: int) -> Response:
        found = generics.get_object_or_404(self.get_queryset(), pk=min(pk, 2**63 - 1))
        return Response(AttachmentSerializer(found).data)


class AttachmentFile(generics.GenericAPIView):
    """The picture or PDF as it is kept; the look is logged."""

    permission = Permission.VIEW_IDENTITY
    queryset = Attachment.objects.none()
    serializer_class = AttachmentSerializer

    @extend_schema(
        operation_id="attachments_file",
        responses={(200, "application/octet-stream"): OpenApiTypes.BINARY},
        tags=TAGS,
    )
    def get(self, request: Any, pk: int) -> HttpResponse:
        attachment = selectors.attachment_or_404(request.user, pk, Permission.VIEW_IDENTITY)
        try:
            paper = selectors.opened(attachment, request.user, "attachment")
        except CannotBeOpened as error:
            raise ProblemError(409, "cannot_be_opened", error.message) from None
        return as_attachment(OpenedPaper(attachment.name, paper.content_type, paper.content, paper.sha256))


class AttachmentWithdraw(AttachmentView):
    """Say that an attachment no longer counts; it stays readable."""

    permissions = {"POST": Permission.VIEW_DATA}
    serializer_class = WithdrawSerializer

    @extend_schema(
        operation_id="attachments_withdraw",
        request=WithdrawSerializer,
        responses={200: AttachmentSerializer},
        tags=TAGS,
    )
    def post(self, request: Any, pk: int) -> Response:
        attachment = get_visible_or_404(
            Attachment.objects.select_related("participant"), request.user, Permission.VIEW_DATA, pk=pk
        )
        place, _record = thing_or_404(request.user, attachment.form, attachment.object_id)
        asked = WithdrawSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        if not request.user.may(place.permission, attachment.site_id):
            raise PermissionDenied(refusal(place.permission))
        try:
            actions.withdraw(attachment=attachment, reason=asked.validated_data["reason"], by=request.user)
        except AttachmentRefused as error:
            raise as_problem(error) from None
        return Response(AttachmentSerializer(self.get_queryset().get(pk=pk)).data)


def api_urls() -> list[Any]:
    return [
        path("attachments/", takes_files(Attachments.as_view()), name="attachments"),
        path("attachments/<int:pk>/", AttachmentDetail.as_view(), name="attachment"),
        path("attachments/<int:pk>/file/", AttachmentFile.as_view(), name="attachment-file"),
        path("attachments/<int:pk>/withdraw/", AttachmentWithdraw.as_view(), name="attachment-withdraw"),
    ]
