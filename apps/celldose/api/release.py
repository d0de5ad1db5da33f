"""`/api/v1/products/<id>/evaluations/`: the release criteria as they stood."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema, inline_serializer
from rest_framework import serializers
from rest_framework.response import Response

from apps.celldose import actions, crfs
from apps.celldose.models import CellProduct, ReleaseEvaluation
from studyportal.access.declare import get_visible_or_404
from studyportal.access.permissions import Permission
from studyportal.crf.api import CrfView
from studyportal.crf.refusals import as_problems


class CriterionSerializer(serializers.Serializer):
    key = serializers.CharField()
    label = serializers.CharField()  # type: ignore[assignment]
    specification = serializers.CharField()
    result = serializers.CharField()
    outcome = serializers.ChoiceField(choices=["pass", "fail", "pending", "not_evaluable"])
    why = serializers.CharField(allow_blank=True)


class EvaluationSerializer(serializers.Serializer):
    """The release criteria of a product as they stood at one moment."""

    id = serializers.IntegerField()
    product = serializers.IntegerField(source="product_id")
    evaluated_at = serializers.DateTimeField()
    evaluated_by = serializers.CharField(source="evaluated_by.username")
    protocol_version = serializers.CharField()
    fingerprint = serializers.CharField()
    criteria = CriterionSerializer(many=True)


class Evaluations(CrfView):
    """The evaluations of a product's release criteria, newest first; evaluate them now."""

    spec = crfs.CELL_PRODUCT
    serializer_class = EvaluationSerializer
    pagination_class = None
    filterset_class = None
    permissions = {"GET": Permission.VIEW_DATA, "POST": Permission.RELEASE_PRODUCTS}

    def get_queryset(self) -> Any:
        return (
            ReleaseEvaluation.objects.visible_to(self.request.user)
            .select_related("evaluated_by")
            .order_by("-id")
        )

    @extend_schema(
        operation_id="evaluations_list", responses=EvaluationSerializer(many=True), tags=["products"]
    )
    def get(self, request: Any, pk: int) -> Response:
        product = get_visible_or_404(CellProduct.objects.all(), request.user, Permission.VIEW_DATA, pk=pk)
        return Response(EvaluationSerializer(self.get_queryset().filter(product=product), many=True).data)

    @extend_schema(
        operation_id="evaluations_create",
        request=inline_serializer("EvaluateNow", {}),
        responses={201: EvaluationSerializer},
        tags=["products"],
    )
    def post(self, request: Any, pk: int) -> Response:
        product = get_visible_or_404(
            CellProduct.objects.all(), request.user, Permission.RELEASE_PRODUCTS, pk=pk
        )
        with as_problems():
            evaluation = actions.evaluate_release(product=product, by=request.user)
        return Response(EvaluationSerializer(evaluation).data, status=201)
