"""`/api/v1/forms/`: which forms the study has, and their fields."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.response import Response
from rest_framework.views import APIView

from studyportal.access.permissions import Permission
from studyportal.crf.columns import Column
from studyportal.crf.registry import all_specs


class ColumnSerializer(serializers.Serializer):
    name = serializers.CharField()
    type = serializers.CharField()
    label = serializers.CharField()  # type: ignore[assignment]
    unit = serializers.CharField()
    loinc = serializers.CharField()
    codes = serializers.DictField(child=serializers.CharField())
    required = serializers.BooleanField()  # type: ignore[assignment]
    derived = serializers.BooleanField()

    def to_representation(self, instance: Column) -> dict[str, Any]:
        return {
            "name": instance.name,
            "type": instance.type,
            "label": instance.label,
            "unit": instance.unit,
            "loinc": instance.loinc,
            "codes": dict(instance.codes),
            "required": instance.required,
            "derived": instance.derived,
        }


class FormSerializer(serializers.Serializer):
    """A form of the study, with its fields."""

    key = serializers.CharField()
    title = serializers.CharField()
    parents = serializers.ListField(child=serializers.CharField())
    repeats = serializers.BooleanField()
    fields = ColumnSerializer(many=True)  # type: ignore[assignment]


class Forms(APIView):
    """The forms of the study and their fields."""

    permission = Permission.VIEW_PROTOCOL

    @extend_schema(responses=FormSerializer(many=True), operation_id="forms_list")
    def get(self, request: Any) -> Response:
        return Response(
            [
                {
                    "key": spec.key,
                    "title": str(spec.title),
                    "parents": list(spec.parents),
                    "repeats": spec.repeats,
                    "fields": ColumnSerializer(spec.columns(), many=True).data,
                }
                for spec in all_specs()
            ]
        )
