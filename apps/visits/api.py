"""`/api/v1/visits/`: list, record, read, change."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.urls import path
from django.utils.translation import gettext as _
from django_filters import rest_framework as filters
from drf_spectacular.utils import extend_schema
from rest_framework import generics, serializers
from rest_framework.response import Response

from apps.enrolment.models import Participant
from apps.visits import actions, selectors
from apps.visits.models import Anchor, MissedReason, Visit, VisitStatus, WindowState
from apps.visits.rules import VisitState
from apps.visits.schedule_api import api_urls as schedule_urls
from apps.visits.selectors import Scheduled
from studyportal.access.clock import today_at
from studyportal.access.permissions import Permission
from studyportal.api.concurrency import etag_of, version_seen
from studyportal.api.filters import SinceFilter
from studyportal.audit.serializers import ReasonField
from studyportal.crf.api import payload
from studyportal.crf.errors import CrfInvalid
from studyportal.crf.outcomes import Problem
from studyportal.crf.refusals import as_problems
from studyportal.crf.serializers import AbsentSerializer

AT_RECORDING = ("participant", "key", "number")
READ_ONLY = (
    "id",
    "site",
    "label",
    "day_number",
    "day_from",
    "day_to",
    "window_state",
    "protocol_version",
    "state",
    "forms_complete",
    "forms_expected",
    "version",
    "created_at",
    "updated_at",
)


class VisitSerializer(serializers.Serializer):
    """A visit of a participant."""

    id = serializers.IntegerField(read_only=True)
    participant = serializers.CharField(help_text="Participant code. Fixed once recorded.")
    site = serializers.CharField(read_only=True)
    key = serializers.CharField(
        help_text="Key of the visit in the protocol, such as M3. Fixed once recorded."
    )
    label = serializers.CharField(read_only=True)  # type: ignore[assignment]
    number = serializers.IntegerField(
        required=False,
        min_value=1,
        max_value=999,
        help_text="Left out, an unscheduled visit gets the next number.",
    )
    status = serializers.ChoiceField(choices=VisitStatus.choices, required=False, default=VisitStatus.DONE)
    happened_on = serializers.CharField(
        required=False, allow_null=True, help_text="As far as known: 2016-11-03, 2016-11, 2016 or age:12."
    )
    missed_code = serializers.ChoiceField(
        choices=MissedReason.choices,
        required=False,
        allow_blank=True,
        help_text="Why a missed visit did not take place; `other` needs missed_reason.",
    )
    missed_reason = serializers.CharField(
        required=False, allow_blank=True, max_length=200, help_text="The same in words."
    )
    anchor = serializers.ChoiceField(
        choices=Anchor.choices,
        required=False,
        allow_blank=True,
        help_text="Left out: the anchor of the protocol.",
    )
    nominal_label = serializers.CharField(required=False, allow_blank=True, max_length=60)
    day_number = serializers.IntegerField(read_only=True, allow_null=True)
    day_from = serializers.IntegerField(read_only=True, allow_null=True)
    day_to = serializers.IntegerField(read_only=True, allow_null=True)
    window_state = serializers.ChoiceField(choices=WindowState.choices, read_only=True)
    protocol_version = serializers.CharField(
        read_only=True, help_text="Of the protocol under which the visit was held; empty for another."
    )
    state = serializers.ChoiceField(
        choices=[(one.value, one.value) for one in VisitState],
        read_only=True,
        help_text="What the visit is today at the site, by the schedule.",
    )
    forms_complete = serializers.IntegerField(read_only=True)
    forms_expected = serializers.IntegerField(
        read_only=True, help_text="Forms that the protocol expects at it."
    )
    absent = AbsentSerializer(required=False)
    reason = ReasonField(help_text="Why a value that was given before changes.")
    version = serializers.IntegerField(read_only=True)
    created_at = serializers.DateTimeField(read_only=True)
    updated_at = serializers.DateTimeField(read_only=True)


def as_json(visit: Visit, place: Scheduled) -> dict[str, Any]:
    return {
        "id": visit.pk,
        "participant": visit.participant.code,
        "site": visit.site.code,
        "key": visit.key,
        "label": visit.label,
        "number": visit.number,
        "status": visit.status,
        "happened_on": str(visit.happened_on) if visit.happened_on else None,
        "missed_code": visit.missed_code,
        "missed_reason": visit.missed_reason,
        "anchor": visit.anchor,
        "nominal_label": visit.nominal_label,
        "day_number": visit.day_number,
        "day_from": visit.day_from,
        "day_to": visit.day_to,
        "window_state": visit.window_state,
        "protocol_version": visit.protocol_version,
        "state": place.state(today_at(visit.site)),
        "forms_complete": place.forms.complete,
        "forms_expected": place.forms.expected,
        "absent": visit.absent,
        "version": visit.version,
        "created_at": visit.created_at,
        "updated_at": visit.updated_at,
    }


class VisitFilters(filters.FilterSet):
    participant = filters.CharFilter(field_name="participant__code")
    site = filters.CharFilter(field_name="site__code")
    key = filters.CharFilter()
    status = filters.ChoiceFilter(choices=VisitStatus.choices)
    window_state = filters.ChoiceFilter(choices=WindowState.choices)
    updated_since = SinceFilter("updated_at")

    class Meta:
        model = Visit
        fields: list[str] = []


class VisitView(generics.GenericAPIView):
    serializer_class = VisitSerializer
    permissions = {"GET": Permission.VIEW_DATA, "POST": Permission.ENTER_DATA, "PATCH": Permission.ENTER_DATA}

    @property
    def user(self) -> Any:
        return self.request.user

    def get_queryset(self) -> Any:
        return selectors.visits(self.user)

    def respond(self, visit: Visit, status: int = 200) -> Response:
        place = selectors.places_of([visit])[visit.pk]
        return Response(as_json(visit, place), status=status, headers={"ETag": etag_of(visit.version)})

    @staticmethod
    def known_only(raw: Mapping[str, Any], known: tuple[str, ...]) -> None:
        problems = [
            Problem(
                str(name)[:80],
                "read_only",
                _("This is set by the portal or fixed once recorded; leave it out."),
            )
            if name in READ_ONLY or name in AT_RECORDING
            else Problem(
                str(name)[:80], "unknown_field", _("There is no such field. Fields: %s.") % ", ".join(known)
            )
            for name in raw
            if name not in known
        ]
        if problems:
            raise CrfInvalid(problems)


class Visits(VisitView):
    """List the visits of your sites; record one."""

    filterset_class = VisitFilters

    @extend_schema(operation_id="visits_list", responses=VisitSerializer(many=True), tags=["visits"])
    def get(self, request: Any) -> Response:
        page = self.paginate_queryset(self.filter_queryset(self.get_queryset()))
        places = selectors.places_of(page or [])
        return self.get_paginated_response([as_json(visit, places[visit.pk]) for visit in page or []])

    @extend_schema(operation_id="visits_create", responses={201: VisitSerializer}, tags=["visits"])
    def post(self, request: Any) -> Response:
        raw = dict(payload(request))
        with as_problems():
            self.known_only(raw, (*AT_RECORDING, *actions.CHANGEABLE, "absent"))
            code, key = raw.pop("participant", None), raw.pop("key", None)
            visible = Participant.objects.visible_to(request.user, Permission.ENTER_DATA)
            readable = isinstance(code, str) and code.isascii() and "\x00" not in code
            participant = visible.filter(code=code).first() if readable else None
            if participant is None:
                raise CrfInvalid(
                    [
                        Problem(
                            "participant",
                            "not_found",
                            _("Give the code of a participant whom you may enter for."),
                        )
                    ]
                )
            visit = actions.record(participant=participant, key=key, by=request.user, **raw)
        return self.respond(visit, status=201)


class VisitDetail(VisitView):
    """Read a visit; change it, naming the version that was seen."""

    @extend_schema(operation_id="visits_retrieve", tags=["visits"])
    def get(self, request: Any, pk: int) -> Response:
        return self.respond(selectors.visit_or_404(request.user, pk, Permission.VIEW_DATA))

    @extend_schema(operation_id="visits_change", tags=["visits"])
    def patch(self, request: Any, pk: int) -> Response:
        visit = selectors.visit_or_404(request.user, pk, Permission.ENTER_DATA)
        seen = version_seen(request)
        raw = dict(payload(request))
        with as_problems():
            self.known_only(raw, (*actions.CHANGEABLE, "absent", "reason"))
            visit = actions.change(visit=visit, by=request.user, expected_version=seen, **raw)
        return self.respond(visit)


api_urls = [
    *schedule_urls,
    path("visits/", Visits.as_view(), name="visits"),
    path("visits/<int:pk>/", VisitDetail.as_view(), name="visit-detail"),
]
