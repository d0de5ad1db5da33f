"""`/api/v1/screening/`: the screening log, and what becomes of its entries."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.urls import path
from django.utils.translation import gettext as _
from django_filters import rest_framework as filters
from drf_spectacular.utils import extend_schema
from rest_framework import generics, serializers
from rest_framework.response import Response
from rest_framework.views import APIView

from apps.enrolment import actions
from apps.enrolment.actions.screening import STATED
from apps.enrolment.api.participants import ParticipantSerializer
from apps.enrolment.api.participants import as_json as participant_json
from apps.enrolment.models import (
    Group,
    Referral,
    ScreeningEntry,
    ScreeningOutcome,
    ScreeningReason,
    Sex,
)
from apps.enrolment.rules.screening import CONCLUSIONS
from apps.enrolment.selectors import screening as selectors
from studyportal.access.models import Site
from studyportal.access.permissions import Permission
from studyportal.api.concurrency import etag_of, version_seen
from studyportal.api.filters import SinceFilter
from studyportal.api.problems import ProblemError
from studyportal.audit.looks import log_look
from studyportal.audit.serializers import ReasonField
from studyportal.crf.api import payload
from studyportal.crf.errors import CrfInvalid
from studyportal.crf.outcomes import Problem
from studyportal.crf.refusals import as_problems

READ, WORK = Permission.VIEW_SCREENING_LOG, Permission.REGISTER_PARTICIPANTS
GROUPS = [choice for choice in Group.choices if choice[0] != Group.UNASSIGNED]


class ScreeningSerializer(serializers.Serializer):
    """One person screened: a number, age and sex, and what came of it. Never who it is."""

    number = serializers.CharField(read_only=True)
    site = serializers.CharField(help_text="Code of the site.")
    source_key = serializers.CharField(
        required=False, allow_blank=True, max_length=40, help_text="Number in the site's own list."
    )
    screened_on = serializers.CharField(help_text="As far as known: 2026-11-03, 2026-11 or 2026.")
    age = serializers.IntegerField(required=False, allow_null=True, min_value=0, max_value=110)
    sex = serializers.ChoiceField(choices=Sex.choices, required=False, allow_blank=True)
    referral = serializers.ChoiceField(choices=Referral.choices, required=False, allow_blank=True)
    considered_for = serializers.ChoiceField(choices=GROUPS, required=False, allow_blank=True)
    note = serializers.CharField(required=False, allow_blank=True, max_length=400)
    participant = serializers.CharField(read_only=True, allow_null=True, help_text="Participant code.")
    outcome = serializers.ChoiceField(choices=ScreeningOutcome.choices, read_only=True)
    outcome_on = serializers.CharField(read_only=True, allow_null=True)
    reason_code = serializers.ChoiceField(choices=ScreeningReason.choices, read_only=True)
    reason_text = serializers.CharField(read_only=True)
    synthetic = serializers.BooleanField(required=False, help_text="Fixed when the entry is opened.")
    retrospective = serializers.BooleanField(read_only=True)
    reason = ReasonField(help_text="Why a value that was given before changes.")
    version = serializers.IntegerField(read_only=True)
    created_at = serializers.DateTimeField(read_only=True)
    updated_at = serializers.DateTimeField(read_only=True)


class ConclusionSerializer(serializers.Serializer):
    outcome = serializers.ChoiceField(choices=[c for c in ScreeningOutcome.choices if c[0] in CONCLUSIONS])
    on = serializers.CharField(help_text="As far as known: 2026-11-03 or 2026-11.")
    reason_code = serializers.ChoiceField(choices=ScreeningReason.choices, required=False, allow_blank=True)
    reason_text = serializers.CharField(required=False, allow_blank=True, max_length=200)
    reason = ReasonField(help_text="Why an outcome that was given before changes.")


class ReopeningSerializer(serializers.Serializer):
    reason = ReasonField(help_text="Why the screening goes on.", required=True)


class RegistrationSerializer(serializers.Serializer):
    label = serializers.CharField(required=False, allow_blank=True, max_length=60)


def as_json(entry: ScreeningEntry) -> dict[str, Any]:
    return {
        "number": entry.number,
        "site": entry.site.code,
        "source_key": entry.source_key,
        "screened_on": str(entry.screened_on) if entry.screened_on else None,
        "age": entry.age,
        "sex": entry.sex,
        "referral": entry.referral,
        "considered_for": entry.considered_for,
        "note": entry.note,
        "participant": entry.participant.code if entry.participant else None,
        "outcome": entry.outcome,
        "outcome_on": str(entry.outcome_on) if entry.outcome_on else None,
        "reason_code": entry.reason_code,
        "reason_text": entry.reason_text,
        "synthetic": entry.synthetic,
        "retrospective": entry.retrospective,
        "version": entry.version,
        "created_at": entry.created_at,
        "updated_at": entry.updated_at,
    }


def answered(entry: ScreeningEntry, status: int = 200) -> Response:
    return Response(as_json(entry), status=status, headers={"ETag": etag_of(entry.version)})


def members(request: Any, known: tuple[str, ...]) -> dict[str, Any]:
    """The body, with known members only; CrfInvalid otherwise."""
    raw: Mapping[str, Any] = payload(request)
    unknown = [
        Problem(
            str(name)[:80],
            "unknown_field",
            _("There is no such field, or it is not set here. Fields: %s.") % ", ".join(known),
        )
        for name in raw
        if name not in known
    ]
    if unknown:
        raise CrfInvalid(unknown)
    return dict(raw)


class ScreeningFilters(filters.FilterSet):
    site = filters.CharFilter(field_name="site__code")
    outcome = filters.ChoiceFilter(choices=ScreeningOutcome.choices)
    month = filters.CharFilter(method="of_month")
    participant = filters.CharFilter(field_name="participant__code")
    source_key = filters.CharFilter(field_name="source_key")
    synthetic = filters.BooleanFilter()
    updated_since = SinceFilter("updated_at")

    class Meta:
        model = ScreeningEntry
        fields: list[str] = []

    def of_month(self, queryset: Any, name: str, value: str) -> Any:
        if not selectors.MONTH.match(value):
            raise ProblemError(
                400,
                "invalid",
                _("Nothing was read: see errors."),
                errors=[{"field": "month", "code": "month", "message": _("Write the month as 2026-11.")}],
            )
        return queryset.filter(screened_on__startswith=value)


class ScreeningLog(generics.GenericAPIView):
    """Everyone screened at your sites; add somebody."""

    permissions = {"GET": READ, "POST": WORK}
    serializer_class = ScreeningSerializer
    filterset_class = ScreeningFilters

    def get_queryset(self) -> Any:
        return selectors.entries(self.request.user).order_by("id")  # type: ignore[arg-type]

    @extend_schema(
        operation_id="screening_list", responses=ScreeningSerializer(many=True), tags=["screening"]
    )
    def get(self, request: Any) -> Response:
        page = self.paginate_queryset(self.filter_queryset(self.get_queryset()))
        log_look(what="screening_log", by=request.user, detail=request.query_params.dict())
        return self.get_paginated_response([as_json(entry) for entry in page or []])

    @extend_schema(operation_id="screening_create", responses={201: ScreeningSerializer}, tags=["screening"])
    def post(self, request: Any) -> Response:
        with as_problems():
            raw = members(request, ("site", "synthetic", *STATED))
            synthetic = raw.pop("synthetic", False)
            if not isinstance(synthetic, bool):
                raise CrfInvalid([Problem("synthetic", "boolean", _("Give true or false."))])
            site = self._site(request.user, raw.pop("site", None))
            entry = actions.screening.open_entry(site=site, by=request.user, synthetic=synthetic, **raw)
        return answered(entry, 201)

    @staticmethod
    def _site(user: Any, code: Any) -> Site:
        for site in selectors.sites_with(user, WORK, active=True):
            if site.code == code:
                return site
        raise CrfInvalid(
            [Problem("site", "not_found", _("Give the code of a site at which you may screen."))]
        )


class EntryView(APIView):
    """What the endpoints of one entry share."""

    def entry(self, request: Any, number: str, permission: Permission = WORK) -> ScreeningEntry:
        return selectors.entry_or_404(request.user, number, permission)


class Entry(EntryView):
    """Read one entry; change what was stated, naming the version that was seen."""

    permissions = {"GET": READ, "PATCH": WORK}

    @extend_schema(operation_id="screening_retrieve", responses=ScreeningSerializer, tags=["screening"])
    def get(self, request: Any, number: str) -> Response:
        entry = self.entry(request, number, READ)
        if not request.user.may(WORK, entry.site_id):
            log_look(what="screening_entry", by=request.user, site=entry.site_id, detail=entry.number)
        return answered(entry)

    @extend_schema(
        operation_id="screening_change",
        request=ScreeningSerializer(partial=True),
        responses=ScreeningSerializer,
        tags=["screening"],
    )
    def patch(self, request: Any, number: str) -> Response:
        entry = self.entry(request, number)
        seen = version_seen(request)
        with as_problems():
            raw = members(request, ("reason", *STATED))
            reason = raw.pop("reason", None)
            entry = actions.screening.change_entry(
                entry=entry, by=request.user, reason=reason, expected_version=seen, **raw
            )
        return answered(entry)


class Conclusion(EntryView):
    """Say what came of a screening that does not go on."""

    permissions = {"POST": WORK}

    @extend_schema(
        operation_id="screening_conclude",
        request=ConclusionSerializer,
        responses=ScreeningSerializer,
        tags=["screening"],
    )
    def post(self, request: Any, number: str) -> Response:
        entry = self.entry(request, number)
        seen = version_seen(request)
        with as_problems():
            raw = members(request, ("outcome", "on", "reason_code", "reason_text", "reason"))
            entry = actions.screening.conclude(
                entry=entry,
                outcome=_text(raw, "outcome"),
                by=request.user,
                on=raw.get("on"),
                reason_code=raw.get("reason_code", ""),
                reason_text=raw.get("reason_text", ""),
                reason=raw.get("reason"),
                expected_version=seen,
            )
        return answered(entry)


def _text(raw: Mapping[str, Any], name: str) -> str:
    """A member that is text, "" when it is not: the action says what is asked for."""
    value = raw.get(name)
    return value if isinstance(value, str) else ""


class Reopening(EntryView):
    """Take an outcome back: the person is being screened again."""

    permissions = {"POST": WORK}

    @extend_schema(
        operation_id="screening_reopen",
        request=ReopeningSerializer,
        responses=ScreeningSerializer,
        tags=["screening"],
    )
    def post(self, request: Any, number: str) -> Response:
        entry = self.entry(request, number)
        seen = version_seen(request)
        with as_problems():
            raw = members(request, ("reason",))
            if not raw.get("reason"):
                raise CrfInvalid([Problem("reason", "reason_required", _("Say why the screening goes on."))])
            entry = actions.screening.reopen(
                entry=entry, by=request.user, reason=raw["reason"], expected_version=seen
            )
        return answered(entry)


class Registration(EntryView):
    """Give the person the next participant code of the site."""

    permissions = {"POST": WORK}

    @extend_schema(
        operation_id="screening_register",
        request=RegistrationSerializer,
        responses={201: ParticipantSerializer},
        tags=["screening"],
    )
    def post(self, request: Any, number: str) -> Response:
        entry = self.entry(request, number)
        with as_problems():
            raw = members(request, ("label",))
            made = actions.register_entry(entry=entry, by=request.user, label=raw.get("label", ""))
        return Response(participant_json(made), status=201, headers={"ETag": etag_of(made.version)})


api_urls = [
    path("screening/", ScreeningLog.as_view(), name="screening"),
    path("screening/<str:number>/", Entry.as_view(), name="screening-entry"),
    path("screening/<str:number>/conclude/", Conclusion.as_view(), name="screening-conclude"),
    path("screening/<str:number>/reopen/", Reopening.as_view(), name="screening-reopen"),
    path("screening/<str:number>/register/", Registration.as_view(), name="screening-register"),
]
