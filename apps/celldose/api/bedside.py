"""`/api/v1/products/<id>/infusion/`: an infusion as it goes, as the page at the bedside records it.

The forms `infusion`, `observations` and `infusion-event` are at `/api/v1/forms/` as well; here a moment that is left out
is now, what is not known yet may follow, and what is due next is answered.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from zoneinfo import ZoneInfo

from django.utils import timezone
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.response import Response

from apps.celldose import crfs, selectors
from apps.celldose.actions import infusion as actions
from apps.celldose.api.sessions import refuse_unknown
from apps.celldose.bedside_now import now_context
from apps.celldose.models import CellProduct, Infusion
from apps.celldose.models.codes import HappeningKind, Reaction
from apps.celldose.product_file import ProductFile
from studyportal.access.permissions import Permission
from studyportal.crf import display
from studyportal.crf.api import CrfView, payload
from studyportal.crf.errors import CrfInvalid, Refused
from studyportal.crf.outcomes import Problem
from studyportal.crf.refusals import as_problems
from studyportal.crf.serializers import serializer_of

WRITING = {"GET": Permission.VIEW_DATA, "POST": Permission.HANDLE_PRODUCTS}


class DueSerializer(serializers.Serializer):
    """One observation of the schedule."""

    key = serializers.CharField()
    label = serializers.CharField()  # type: ignore[assignment]
    due_at = serializers.DateTimeField()
    tolerance_min = serializers.IntegerField()
    state = serializers.ChoiceField(choices=["done", "done_off", "later", "due", "overdue"])
    minutes_off = serializers.IntegerField(allow_null=True)
    observation = serializers.IntegerField(allow_null=True)


class CourseSerializer(serializers.Serializer):
    """An infusion as it stands. infusion: null until it is started."""

    product = serializers.IntegerField()
    state = serializers.ChoiceField(choices=["not_started", "running", "interrupted", "stopped"])
    infusion = serializer_of(crfs.INFUSION.key)(allow_null=True)
    entered_by = serializers.CharField(allow_blank=True)
    running_minutes = serializers.IntegerField(allow_null=True)
    rate_ml_h = serializers.CharField(allow_null=True)
    next = serializers.CharField(allow_null=True, help_text="Key of the observation that comes next.")
    observations = DueSerializer(many=True)
    happenings = serializer_of(crfs.INFUSION_EVENT.key)(many=True)


class VitalsSerializer(serializers.Serializer):
    """Vital signs of one observation."""

    observed_at = serializers.CharField(required=False, help_text="Left out: now.")
    temperature = serializers.CharField(required=False)
    pulse = serializers.CharField(required=False)
    systolic = serializers.CharField(required=False)
    diastolic = serializers.CharField(required=False)
    respiratory_rate = serializers.CharField(required=False)
    oxygen_saturation = serializers.CharField(required=False)
    reactions = serializers.ListField(child=serializers.ChoiceField(choices=Reaction.choices), required=False)
    reactions_note = serializers.CharField(required=False)


class StartSerializer(serializers.Serializer):
    """The start; further fields of the form `infusion` may be sent with it."""

    started_at = serializers.CharField(required=False, help_text="Left out: now.")
    before = VitalsSerializer(required=False, help_text="The observation before the start.")


class ObserveSerializer(VitalsSerializer):
    timepoint = serializers.CharField()


class HappeningSerializer(serializers.Serializer):
    kind = serializers.ChoiceField(choices=HappeningKind.choices)
    at = serializers.CharField(required=False, help_text="Left out: now.")
    rate_ml_h = serializers.CharField(required=False)
    drug = serializers.CharField(required=False)
    dose = serializers.CharField(required=False)
    reactions = serializers.ListField(child=serializers.ChoiceField(choices=Reaction.choices), required=False)
    reason = serializers.CharField(required=False)


class StopSerializer(serializers.Serializer):
    """The stop; further fields of the form `infusion` may be sent with it."""

    stopped_at = serializers.CharField(required=False, help_text="Left out: now.")
    volume_ml = serializers.CharField(required=False)
    residual_discarded_ml = serializers.CharField(required=False)
    total_dose = serializers.CharField(required=False)


def course_json(product: CellProduct) -> dict[str, Any]:
    file = ProductFile.of(product)
    stands = now_context(file)
    code, infusion, entered = product.participant.code, file.infusion, stands.get("entered")
    following, rate = stands.get("next"), stands.get("rate")
    return {
        "product": product.pk,
        "state": stands["state"],
        "infusion": None if infusion is None else display.as_json(crfs.INFUSION, infusion, code),
        "entered_by": entered.name if entered else "",
        "running_minutes": stands.get("running_minutes"),
        "rate_ml_h": None if rate is None else format(rate, "f"),
        "next": following.time.key if following else None,
        "observations": [
            {
                "key": one.time.key,
                "label": one.time.label,
                "due_at": one.due_at,
                "tolerance_min": one.time.tolerance,
                "state": one.state,
                "minutes_off": one.minutes_off,
                "observation": record.pk if record else None,
            }
            for one, record in stands.get("planned", ())
        ],
        "happenings": [
            display.as_json(crfs.INFUSION_EVENT, one, code) for one in file.happenings_of_infusion
        ],
    }


def _stated(raw: Mapping[str, Any], spec: Any, *more: str) -> dict[str, Any]:
    refuse_unknown(raw, (*spec.entered_fields, "absent", *more))
    return {str(name): value for name, value in raw.items() if name not in more}


class CourseView(CrfView):
    spec = crfs.INFUSION
    serializer_class = CourseSerializer
    pagination_class = None
    filterset_class = None
    permissions = WRITING

    def get_queryset(self) -> Any:
        return CellProduct.objects.visible_to(self.request.user, WRITING[self.request.method or "GET"])

    def product(self, pk: int) -> CellProduct:
        return selectors.product_or_404(
            pk, self.request.user, WRITING.get(self.request.method or "", Permission.VIEW_DATA)
        )

    def infusion(self, pk: int) -> tuple[CellProduct, Infusion]:
        product = self.product(pk)
        found = Infusion.objects.filter(product=product).first()
        if found is None:
            raise Refused([Problem("product", "not_started", _("The infusion is not started yet."))])
        return product, found

    def answer(self, pk: int, status: int = 201) -> Response:
        product = selectors.product_or_404(pk, self.request.user)
        with timezone.override(ZoneInfo(product.site.timezone)):
            return Response(course_json(product), status=status)


class Course(CourseView):
    """An infusion as it stands, with what is due next; start it."""

    @extend_schema(operation_id="infusion_course", responses=CourseSerializer, tags=["products"])
    def get(self, request: Any, pk: int) -> Response:
        return self.answer(pk, 200)

    @extend_schema(
        operation_id="infusion_start",
        request=StartSerializer,
        responses={201: CourseSerializer},
        tags=["products"],
    )
    def post(self, request: Any, pk: int) -> Response:
        product = self.product(pk)
        with as_problems():
            raw = payload(request)
            before = raw.get("before")
            if before is not None and not isinstance(before, Mapping):
                raise CrfInvalid(
                    [Problem("before", "type", _("Give the observation before the start as an object."))]
                )
            stated = _stated(raw, crfs.INFUSION, "before")
            first = None if before is None else _stated(before, crfs.OBSERVATIONS)
            actions.start(product=product, by=request.user, before=first, **stated)
        return self.answer(pk)


class Happenings(CourseView):
    """Record what happened while the product ran."""

    @extend_schema(
        operation_id="infusion_happening",
        request=HappeningSerializer,
        responses={201: CourseSerializer},
        tags=["products"],
    )
    def post(self, request: Any, pk: int) -> Response:
        with as_problems():
            _product, infusion = self.infusion(pk)
            stated = _stated(payload(request), crfs.INFUSION_EVENT)
            actions.note_happening(infusion=infusion, by=request.user, **({"kind": ""} | stated))
        return self.answer(pk)


class Observations(CourseView):
    """Record an observation of the schedule."""

    @extend_schema(
        operation_id="infusion_observe",
        request=ObserveSerializer,
        responses={201: CourseSerializer},
        tags=["products"],
    )
    def post(self, request: Any, pk: int) -> Response:
        with as_problems():
            _product, infusion = self.infusion(pk)
            stated = _stated(payload(request), crfs.OBSERVATIONS)
            actions.observe(infusion=infusion, by=request.user, **({"timepoint": ""} | stated))
        return self.answer(pk)


class Stop(CourseView):
    """Record the stop."""

    @extend_schema(
        operation_id="infusion_stop",
        request=StopSerializer,
        responses={201: CourseSerializer},
        tags=["products"],
    )
    def post(self, request: Any, pk: int) -> Response:
        with as_problems():
            _product, infusion = self.infusion(pk)
            stated = _stated(payload(request), crfs.INFUSION)
            actions.stop(infusion=infusion, by=request.user, **stated)
        return self.answer(pk)
