"""`/api/v1/participants/<code>/insulin/`: the regimen as dated periods, and the dose of each visit."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django.urls import path
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.response import Response
from rest_framework.views import APIView

from apps.enrolment.models import Participant
from apps.enrolment.selectors import participant_or_404
from apps.visits import selectors
from apps.visits.models import ChangeReason, InsulinProduct, InsulinRole
from studyportal.access.permissions import Permission
from studyportal.crf.outcomes import NotDerivable
from studyportal.crf.parsing import plain
from studyportal.words import translated


class PeriodSerializer(serializers.Serializer):
    """A time with one dose of one insulin; a dose that the source does not state is null."""

    role = serializers.ChoiceField(choices=InsulinRole.choices, allow_null=True)
    product = serializers.ChoiceField(choices=InsulinProduct.choices, allow_null=True)
    product_other = serializers.CharField(allow_blank=True)
    units_per_day = serializers.CharField(allow_null=True, help_text="Unit: [IU]/d.")
    first = serializers.CharField(allow_null=True, help_text="As far as known: 2016-11-03, 2016-11 or 2016.")
    last = serializers.CharField(
        allow_null=True, help_text="Day on which the next dose began, or it was stopped."
    )
    ongoing = serializers.BooleanField()
    why = serializers.ChoiceField(choices=ChangeReason.choices, allow_blank=True)
    ended_why = serializers.ChoiceField(choices=ChangeReason.choices, allow_blank=True)


class DoseOfVisitSerializer(serializers.Serializer):
    """All insulins of one visit together."""

    visit = serializers.IntegerField()
    key = serializers.CharField()
    happened_on = serializers.CharField(allow_null=True)
    units_per_day = serializers.CharField(allow_null=True, help_text="Unit: [IU]/d.")
    units_per_kg = serializers.CharField(allow_null=True, help_text="Unit: [IU]/kg/d.")
    lacking = serializers.CharField(allow_blank=True, help_text="What is missing where a number is null.")


class RegimenSerializer(serializers.Serializer):
    participant = serializers.CharField()
    periods = PeriodSerializer(many=True)
    visits = DoseOfVisitSerializer(many=True)


class Regimen(APIView):
    permission = Permission.VIEW_DATA

    @extend_schema(operation_id="participants_insulin", tags=["participants"], responses=RegimenSerializer)
    def get(self, request: Any, code: str) -> Response:
        """The insulins of one participant."""
        return Response(as_json(participant_or_404(request.user, code, Permission.VIEW_DATA)))


def as_json(participant: Participant) -> dict[str, Any]:
    regimen = selectors.regimen_of(participant.pk)
    return {
        "participant": participant.code,
        "periods": [
            {
                "role": one.role,
                "product": one.product,
                "product_other": one.product_other,
                "units_per_day": _number(one.units_per_day),
                "first": None if one.first is None else str(one.first),
                "last": None if one.last is None else str(one.last),
                "ongoing": one.ongoing,
                "why": one.why,
                "ended_why": one.ended_why,
            }
            for one in regimen.periods
        ],
        "visits": [
            {
                "visit": one.visit.pk,
                "key": one.visit.key,
                "happened_on": None if one.visit.happened_on is None else str(one.visit.happened_on),
                "units_per_day": _number(one.units_per_day),
                "units_per_kg": _number(one.units_per_kg),
                "lacking": next(
                    (
                        translated(n.why)
                        for n in (one.units_per_day, one.units_per_kg)
                        if isinstance(n, NotDerivable)
                    ),
                    "",
                ),
            }
            for one in regimen.visits
        ],
    }


def _number(value: Decimal | NotDerivable | None) -> str | None:
    if value is None or isinstance(value, NotDerivable):
        return None
    return plain(value.quantize(Decimal("0.001")))


api_urls = [path("participants/<str:code>/insulin/", Regimen.as_view(), name="participant-insulin")]
