"""`/api/v1/deviations/`: the list, reporting, and each step of settling. The API does what the pages do."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.core.exceptions import PermissionDenied
from django.urls import path
from django.utils import timezone
from django.utils.translation import gettext as _
from django_filters import rest_framework as filters
from drf_spectacular.utils import extend_schema
from rest_framework import generics, serializers
from rest_framework.response import Response

from studyportal.access.declare import refusal
from studyportal.access.permissions import Permission
from studyportal.api.concurrency import etag_of, version_seen
from studyportal.api.filters import SinceFilter
from studyportal.api.pagination import CursorPagination
from studyportal.api.strict import StrictSerializer
from studyportal.crf.errors import CrfInvalid
from studyportal.crf.outcomes import Problem
from studyportal.crf.refusals import as_problems
from studyportal.deviations import actions, records, rules, selectors
from studyportal.deviations.models import Classification, Deviation, DeviationState, Kind
from studyportal.deviations.page import RAISE, may_raise
from studyportal.identity.selectors import participant_or_404

TAGS = ["deviations"]


class DeviationSerializer(serializers.ModelSerializer):
    """A deviation. `raised_by` null: a rule raised it. `next_step` is what is to be done with it now."""

    site = serializers.CharField(source="site.code", read_only=True)
    participant = serializers.CharField(source="participant.code", read_only=True)
    synthetic = serializers.BooleanField(source="participant.synthetic", read_only=True)
    record = serializers.IntegerField(source="object_id", allow_null=True, read_only=True)
    raised_by = serializers.CharField(
        source="raised_by.username", allow_null=True, default=None, read_only=True
    )
    closed_by = serializers.CharField(
        source="closed_by.username", allow_null=True, default=None, read_only=True
    )
    classification_by_rule = serializers.CharField(source="found_classification", read_only=True)
    next_step = serializers.SerializerMethodField()
    lacking = serializers.SerializerMethodField()

    class Meta:
        model = Deviation
        fields = (
            "id",
            "site",
            "participant",
            "synthetic",
            "code",
            "kind",
            "classification",
            "classification_by_rule",
            "description",
            "occurred_on",
            "form",
            "record",
            "raised_by",
            "raised_at",
            "root_cause",
            "corrective_action",
            "preventive_action",
            "responsible",
            "action_due_on",
            "reported_to_committee_on",
            "committee_reference",
            "not_reported_because",
            "closing_note",
            "closed_at",
            "closed_by",
            "updated_at",
            "state",
            "next_step",
            "lacking",
            "version",
        )
        read_only_fields = fields

    def get_next_step(self, one: Deviation) -> str:
        """assess, plan, report, close; closed or withdrawn when nothing is left to do."""
        return rules.next_step(one.facts).value

    def get_lacking(self, one: Deviation) -> list[str]:
        """The members that must be filled before it can be closed."""
        return list(rules.lacking(one.facts)) if one.state == DeviationState.OPEN else []


class ReportSerializer(StrictSerializer):
    """What a person saw. form and record: the form key and id of the record that it is about."""

    participant = serializers.CharField(max_length=20)
    description = serializers.CharField(max_length=4000)
    classification = serializers.ChoiceField(choices=Classification.choices)
    kind = serializers.ChoiceField(choices=Kind.choices, default=Kind.OTHER)
    occurred_on = serializers.CharField(
        max_length=10,
        required=False,
        allow_null=True,
        help_text="2026-11-03; null when not known to the day.",
    )
    form = serializers.CharField(max_length=60, required=False, allow_blank=True, default="")
    record = serializers.IntegerField(required=False, allow_null=True, min_value=1, max_value=2**63 - 1)


class AssessSerializer(StrictSerializer):
    """Why it happened. A member that is left out stays; another class needs a reason."""

    root_cause = serializers.CharField(max_length=4000, required=False)
    classification = serializers.ChoiceField(choices=Classification.choices, required=False)
    kind = serializers.ChoiceField(choices=Kind.choices, required=False)
    occurred_on = serializers.CharField(max_length=10, required=False, allow_null=True)
    reason = serializers.CharField(max_length=4000, required=False, allow_blank=True, default="")


class PlanSerializer(StrictSerializer):
    """What is done about it, and so that it does not come again. A member that is left out stays."""

    corrective_action = serializers.CharField(max_length=4000, required=False, allow_blank=True)
    preventive_action = serializers.CharField(max_length=4000, required=False, allow_blank=True)
    responsible = serializers.CharField(max_length=80, required=False, allow_blank=True)
    action_due_on = serializers.CharField(max_length=10, required=False, allow_blank=True)


class CommitteeSerializer(StrictSerializer):
    """When the ethics committee was told, or why it was not: one of the two."""

    reported_on = serializers.CharField(max_length=10, required=False, allow_null=True, allow_blank=True)
    reference = serializers.CharField(max_length=80, required=False, allow_blank=True, default="")
    not_reported_because = serializers.CharField(
        max_length=4000, required=False, allow_blank=True, default=""
    )


class CloseSerializer(StrictSerializer):
    closing_note = serializers.CharField(max_length=4000, required=False, allow_blank=True, default="")


class WhySerializer(StrictSerializer):
    reason = serializers.CharField(max_length=4000)


class DeviationFilters(filters.FilterSet):
    participant = filters.CharFilter(field_name="participant__code")
    site = filters.CharFilter(field_name="site__code")
    state = filters.ChoiceFilter(choices=DeviationState.choices)
    classification = filters.ChoiceFilter(choices=Classification.choices)
    kind = filters.ChoiceFilter(choices=Kind.choices)
    code = filters.CharFilter()
    form = filters.CharFilter()
    record = filters.NumberFilter(field_name="object_id", min_value=0, max_value=2**63 - 1)
    todo = filters.ChoiceFilter(choices=[(one, one) for one in selectors.TODO], method="to_do")
    updated_since = SinceFilter("updated_at")

    class Meta:
        model = Deviation
        fields: list[str] = []

    def to_do(self, found: Any, _name: str, value: str) -> Any:
        return selectors.still_to_do(found, value, today=timezone.localdate())


class DeviationView(generics.GenericAPIView):
    serializer_class: Any = DeviationSerializer
    queryset = Deviation.objects.none()
    pagination_class = CursorPagination

    def answer(self, pk: int, status: int = 200) -> Response:
        one = selectors.deviation_or_404(self.request.user, pk)
        return Response(DeviationSerializer(one).data, status=status, headers={"ETag": etag_of(one.version)})


class Deviations(DeviationView):
    """List the deviations that you may see; report one."""

    permissions = {"GET": Permission.VIEW_SAFETY, "POST": RAISE}
    filterset_class = DeviationFilters

    def get_queryset(self) -> Any:
        return selectors.all_of(self.request.user)

    @extend_schema(operation_id="deviations_list", responses=DeviationSerializer(many=True), tags=TAGS)
    def get(self, request: Any) -> Response:
        page = self.paginate_queryset(self.filter_queryset(self.get_queryset()))
        return self.get_paginated_response(DeviationSerializer(page, many=True).data)

    @extend_schema(
        operation_id="deviations_report",
        request=ReportSerializer,
        responses={201: DeviationSerializer},
        tags=TAGS,
    )
    def post(self, request: Any) -> Response:
        given = given_by(ReportSerializer, request.data)
        participant = participant_or_404(request.user, given["participant"], Permission.VIEW_SAFETY)
        if not may_raise(request.user, participant.site_id):
            raise PermissionDenied(refusal(*RAISE))
        form, record = given["form"], given.get("record")
        with as_problems():
            if (form or record) and records.of(form, str(record or ""), participant) is None:
                said = _("This participant has no such record.")
                raise CrfInvalid([Problem("record", "does_not_exist", said)])
            made = actions.raise_by_hand(
                participant=participant,
                by=request.user,
                description=given["description"],
                classification=given["classification"],
                kind=given["kind"],
                occurred_on=given.get("occurred_on"),
                form=form,
                object_id=record,
            )
        return self.answer(made.pk, 201)


class DeviationDetail(DeviationView):
    """One deviation."""

    permission = Permission.VIEW_SAFETY

    @extend_schema(operation_id="deviations_retrieve", responses=DeviationSerializer, tags=TAGS)
    def get(self, request: Any, pk: int) -> Response:
        return self.answer(pk)


def given_by(serializer: type[StrictSerializer], data: Any) -> dict[str, Any]:
    asked = serializer(data=data)
    asked.is_valid(raise_exception=True)
    return dict(asked.validated_data)


class Step(DeviationView):
    """A step of settling; If-Match names the version that was read."""

    permission = Permission.MANAGE_DEVIATIONS
    takes: type[StrictSerializer]
    run: Callable[..., Deviation]

    def step(self, request: Any, pk: int) -> Response:
        one = selectors.deviation_or_404(request.user, pk, Permission.MANAGE_DEVIATIONS)
        seen = version_seen(request)
        given = given_by(self.takes, request.data)
        with as_problems():
            type(self).run(deviation=one, by=request.user, expected_version=seen, **given)
        return self.answer(pk)


def _step(key: str, takes: type[StrictSerializer], run: Callable[..., Deviation], about: str) -> Any:
    """The endpoint of one step, described on its own in the schema."""

    @extend_schema(
        operation_id=f"deviations_{key}",
        request=takes,
        responses=DeviationSerializer,
        tags=TAGS,
        description=about,
    )
    def post(self: Step, request: Any, pk: int) -> Response:
        return self.step(request, pk)

    view: Any = type(
        f"Deviation{key.title()}",
        (Step,),
        {
            "takes": takes,
            "run": staticmethod(run),
            "serializer_class": takes,
            "post": post,
            "__doc__": about,
        },
    )
    return path(f"deviations/<int:pk>/{key}/", view.as_view(), name=f"deviation-{key}")


api_urls = [
    path("deviations/", Deviations.as_view(), name="deviations"),
    path("deviations/<int:pk>/", DeviationDetail.as_view(), name="deviation"),
    _step("assess", AssessSerializer, actions.assess, "Say why it happened, and how grave it is."),
    _step("plan", PlanSerializer, actions.plan_action, "Say what is done about it, by whom and by when."),
    _step(
        "committee",
        CommitteeSerializer,
        actions.report_to_committee,
        "Record when the committee was told, or why it was not.",
    ),
    _step("close", CloseSerializer, actions.close, "Close it; refused with what is `lacking`."),
    _step("reopen", WhySerializer, actions.reopen, "Open it again, with the reason."),
    _step("withdraw", WhySerializer, actions.withdraw, "What was reported was no deviation."),
]
