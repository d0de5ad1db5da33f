"""`/api/v1/participants/`: list, register, read, change."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.urls import path
from django.utils.translation import gettext as _
from django_filters import rest_framework as filters
from drf_spectacular.utils import extend_schema
from rest_framework import generics, serializers
from rest_framework.response import Response

from apps.enrolment import actions, selectors
from apps.enrolment.actions.participants import elsewhere
from apps.enrolment.models import Group, Participant, ParticipantStatus, ScreeningEntry
from studyportal import protocol
from studyportal.access.models import Site
from studyportal.access.permissions import Permission
from studyportal.api.concurrency import etag_of, version_seen
from studyportal.api.filters import SinceFilter
from studyportal.audit.serializers import ReasonField
from studyportal.crf.api import payload
from studyportal.crf.errors import CrfInvalid
from studyportal.crf.outcomes import Problem
from studyportal.crf.refusals import as_problems


class ParticipantSerializer(serializers.Serializer):
    """A participant, by code."""

    id = serializers.IntegerField(read_only=True)
    code = serializers.CharField(read_only=True)
    site = serializers.CharField(source="site.code", help_text="Code of the site. Fixed at registration.")
    group = serializers.ChoiceField(choices=Group.choices, required=False)
    status = serializers.ChoiceField(
        choices=ParticipantStatus.choices, read_only=True, help_text="Follows from what happened."
    )
    status_since = serializers.CharField(read_only=True, allow_null=True)
    screening = serializers.CharField(
        required=False, help_text="Number of the open entry of the screening log. Left out, one is made."
    )
    screened_on = serializers.CharField(
        required=False, write_only=True, help_text="When `screening` is left out."
    )
    synthetic = serializers.BooleanField(required=False, help_text="Fixed at registration.")
    retrospective = serializers.BooleanField(
        required=False,
        help_text="Transcribed from a published source. Fixed at registration; a data manager's to set.",
    )
    label = serializers.CharField(max_length=60, required=False, allow_blank=True)  # type: ignore[assignment]
    index_date = serializers.DateField(required=False, allow_null=True)
    matched_case = serializers.CharField(
        required=False, allow_null=True, help_text="Code of the matched case, for a control."
    )
    enrolled_on = serializers.CharField(
        required=False, allow_null=True, help_text="As far as known: 2016-11-03, 2016-11, 2016 or age:12."
    )
    protocol_version = serializers.CharField(
        read_only=True, help_text="The version of the protocol that counts for the participant today."
    )
    reason = ReasonField(help_text="Why a value that was given before changes.")
    version = serializers.IntegerField(read_only=True)
    created_at = serializers.DateTimeField(read_only=True)
    updated_at = serializers.DateTimeField(read_only=True)


def as_json(participant: Participant) -> dict[str, Any]:
    return {
        "id": participant.pk,
        "code": participant.code,
        "site": participant.site.code,
        "group": participant.group,
        "status": participant.status,
        "status_since": str(participant.status_since) if participant.status_since else None,
        "synthetic": participant.synthetic,
        "retrospective": participant.retrospective,
        "label": participant.label,
        "index_date": participant.index_date,
        "matched_case": participant.matched_case.code if participant.matched_case else None,
        "enrolled_on": str(participant.enrolled_on) if participant.enrolled_on else None,
        "protocol_version": protocol.of(participant).version,
        "version": participant.version,
        "created_at": participant.created_at,
        "updated_at": participant.updated_at,
    }


class ParticipantFilters(filters.FilterSet):
    group = filters.ChoiceFilter(choices=Group.choices)
    status = filters.ChoiceFilter(choices=ParticipantStatus.choices)
    site = filters.CharFilter(field_name="site__code")
    synthetic = filters.BooleanFilter()
    retrospective = filters.BooleanFilter()
    updated_since = SinceFilter("updated_at")

    class Meta:
        model = Participant
        fields: list[str] = []


# What a registration may say. Group, index date and matched case come by acts of their own afterwards.
AT_REGISTRATION = (
    "site", "screening", "screened_on", "synthetic", "retrospective", "label", "group", "enrolled_on", "index_date",
    "matched_case",
)  # fmt: skip
READ_ONLY = ("id", "code", "status", "status_since", "version", "created_at", "updated_at")


class ParticipantView(generics.GenericAPIView):
    serializer_class = ParticipantSerializer
    permissions = {
        "GET": Permission.VIEW_DATA,
        "POST": Permission.REGISTER_PARTICIPANTS,
        "PATCH": Permission.REGISTER_PARTICIPANTS,
    }

    @property
    def user(self) -> Any:
        return self.request.user

    def get_queryset(self) -> Any:
        return selectors.participants(self.user)

    def respond(self, participant: Participant, status: int = 200) -> Response:
        return Response(as_json(participant), status=status, headers={"ETag": etag_of(participant.version)})

    def values(self, raw: Mapping[str, Any], *, known: tuple[str, ...]) -> dict[str, Any]:
        """The members of the payload, each known and readable; CrfInvalid otherwise."""
        problems = [
            Problem(str(name)[:80], "read_only", elsewhere(name))
            if name in READ_ONLY or name in AT_REGISTRATION
            else Problem(
                str(name)[:80], "unknown_field", _("There is no such field. Fields: %s.") % ", ".join(known)
            )
            for name in raw
            if name not in known
        ]
        values = {name: raw[name] for name in raw if name in known}
        for name in ("synthetic", "retrospective"):
            if name in values and not isinstance(values[name], bool):
                problems.append(Problem(name, "boolean", _("Give true or false.")))
        for name in ("index_date", "enrolled_on", "screened_on", "screening", "label", "group"):
            value = values.get(name)
            if value is not None and not isinstance(value, str):
                problems.append(Problem(name, "type", _("Give text in quotes.")))
        for name in ("group", "label", "screening"):
            if name in values and values[name] is None:
                problems.append(Problem(name, "required", _("This cannot be empty.")))
        if values.get("matched_case") is not None:
            case = self.named(selectors.participants(self.user), values["matched_case"])
            if case is None:
                problems.append(
                    Problem(
                        "matched_case",
                        "not_found",
                        _("There is no participant with this code that you may see."),
                    )
                )
            values["matched_case"] = case
        if problems:
            raise CrfInvalid(problems)
        return values

    @staticmethod
    def named(queryset: Any, code: Any, field: str = "code") -> Any:
        if not isinstance(code, str) or not code.isascii() or "\x00" in code:
            return None
        return queryset.filter(**{field: code}).first()

    def entry(self, site: Site, number: str) -> ScreeningEntry:
        found = self.named(ScreeningEntry.objects.filter(site=site), number, field="number")
        if found is None:
            raise CrfInvalid(
                [Problem("screening", "not_found", _("The site has no entry of this number in its log."))]
            )
        return found


class Participants(ParticipantView):
    """List the participants of your sites; register one."""

    filterset_class = ParticipantFilters

    @extend_schema(
        operation_id="participants_list", responses=ParticipantSerializer(many=True), tags=["participants"]
    )
    def get(self, request: Any) -> Response:
        page = self.paginate_queryset(self.filter_queryset(self.get_queryset()))
        return self.get_paginated_response([as_json(participant) for participant in page or []])

    @extend_schema(
        operation_id="participants_create", responses={201: ParticipantSerializer}, tags=["participants"]
    )
    def post(self, request: Any) -> Response:
        raw = payload(request)
        with as_problems():
            values = self.values(raw, known=AT_REGISTRATION)
            sites = request.user.sites_with(Permission.REGISTER_PARTICIPANTS)
            site = self.named(Site.objects.filter(is_active=True), values.pop("site", None))
            if site is None or site.pk not in sites:
                raise CrfInvalid(
                    [
                        Problem(
                            "site",
                            "not_found",
                            _("Give the code of a site at which you may register participants."),
                        )
                    ]
                )
            if "screening" in values:
                values["screening"] = self.entry(site, values["screening"])
            participant = actions.register(site=site, by=request.user, **values)
        return self.respond(participant, status=201)


class ParticipantDetail(ParticipantView):
    """Read a participant; change what may be changed, naming the version that was seen."""

    @extend_schema(operation_id="participants_retrieve", tags=["participants"])
    def get(self, request: Any, code: str) -> Response:
        return self.respond(selectors.participant_or_404(request.user, code, Permission.VIEW_DATA))

    @extend_schema(operation_id="participants_change", tags=["participants"])
    def patch(self, request: Any, code: str) -> Response:
        participant = selectors.participant_or_404(request.user, code, Permission.REGISTER_PARTICIPANTS)
        seen = version_seen(request)
        raw = dict(payload(request))
        with as_problems():
            reason = raw.pop("reason", None)
            values = self.values(raw, known=actions.CHANGEABLE)
            participant = actions.change(
                participant=participant, by=request.user, reason=reason, expected_version=seen, **values
            )
        return self.respond(participant)


api_urls = [
    path("participants/", Participants.as_view(), name="participants"),
    path("participants/<str:code>/", ParticipantDetail.as_view(), name="participant-detail"),
]
