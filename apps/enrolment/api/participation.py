"""The acts on a participation: enrol, assign a group, match, treated later. Each names the version that was seen."""

from __future__ import annotations

from typing import Any

from django.urls import path
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.response import Response
from rest_framework.views import APIView

from apps.enrolment import actions, selectors
from apps.enrolment.api.participants import ParticipantSerializer, ParticipantView, as_json
from apps.enrolment.models import Group, GroupEvent, Participant
from studyportal.access.permissions import Permission
from studyportal.api.concurrency import etag_of, version_seen
from studyportal.audit.serializers import ReasonField
from studyportal.crf.api import payload
from studyportal.crf.errors import CrfInvalid
from studyportal.crf.outcomes import Problem
from studyportal.crf.refusals import as_problems


class EnrolmentSerializer(serializers.Serializer):
    enrolled_on = serializers.CharField(help_text="As far as known: 2024-03-04 or 2024-03.")
    reason = ReasonField(help_text="Why a day that was given before changes.")


class AssignmentSerializer(serializers.Serializer):
    group = serializers.ChoiceField(choices=Group.choices)
    effective_on = serializers.CharField(required=False, help_text="Left out: the day of enrolment.")
    reason = ReasonField(help_text="Why a group that was given before was wrong.")


class MatchSerializer(serializers.Serializer):
    matched_case = serializers.CharField(allow_null=True, help_text="Participant code of the case.")
    index_date = serializers.DateField(
        required=False, allow_null=True, help_text="Left out: Day 0 of the case."
    )
    reason = ReasonField(help_text="Why a match that was given before changes.")


class TreatedLaterSerializer(serializers.Serializer):
    treated_on = serializers.DateField(help_text="The control is censored on this day, and a case from then.")
    reason = ReasonField(help_text="Why a control was treated.")


class GroupEventSerializer(serializers.ModelSerializer):
    effective_on = serializers.CharField(allow_null=True)
    previous_matched_case = serializers.CharField(
        source="previous_matched_case.code", allow_null=True, default=None
    )
    recorded_by = serializers.CharField(source="recorded_by.username", default=None)

    class Meta:
        model = GroupEvent
        fields = (
            "id", "kind", "group", "effective_on", "previous_group", "previous_index_date", "previous_matched_case",
            "reason", "recorded_by", "recorded_at",
        )  # fmt: skip


class ActView(APIView):
    """`names`: the members that the act takes besides `reason`."""

    permissions = {"GET": Permission.VIEW_DATA, "POST": Permission.REGISTER_PARTICIPANTS}
    names: tuple[str, ...] = ()

    def run(self, participant: Participant, values: dict[str, Any], **how: Any) -> Participant:
        raise NotImplementedError

    def perform(self, request: Any, code: str) -> Response:
        participant = selectors.participant_or_404(request.user, code, Permission.REGISTER_PARTICIPANTS)
        seen = version_seen(request)
        raw = dict(payload(request))
        with as_problems():
            reason = raw.pop("reason", None)
            unknown = [
                Problem(
                    str(name)[:80],
                    "unknown_field",
                    _("There is no such field. Fields: %s.") % ", ".join((*self.names, "reason")),
                )
                for name in raw
                if name not in self.names
            ]
            if unknown:
                raise CrfInvalid(unknown)
            done = self.run(participant, raw, by=request.user, reason=reason, expected_version=seen)
        return Response(as_json(done), headers={"ETag": etag_of(done.version)})


class Enrolment(ActView):
    """Enrol a participant, or correct the day; 409 names everything that stands in the way."""

    permissions = {"POST": Permission.REGISTER_PARTICIPANTS}
    names = ("enrolled_on",)

    @extend_schema(
        operation_id="participants_enrol",
        request=EnrolmentSerializer,
        responses=ParticipantSerializer,
        tags=["participants"],
    )
    def post(self, request: Any, code: str) -> Response:
        return self.perform(request, code)

    def run(self, participant: Participant, values: dict[str, Any], **how: Any) -> Participant:
        return actions.enrol(participant=participant, on=values.get("enrolled_on"), **how)


class Groups(ActView):
    """The changes of group of a participant, oldest first; assign one."""

    names = ("group", "effective_on")

    @extend_schema(
        operation_id="participants_groups", responses=GroupEventSerializer(many=True), tags=["participants"]
    )
    def get(self, request: Any, code: str) -> Response:
        participant = selectors.participant_or_404(request.user, code, Permission.VIEW_DATA)
        events = GroupEvent.objects.filter(participant=participant).select_related(
            "recorded_by", "previous_matched_case"
        )
        return Response({"results": GroupEventSerializer(events, many=True).data})

    @extend_schema(
        operation_id="participants_assign_group",
        request=AssignmentSerializer,
        responses=ParticipantSerializer,
        tags=["participants"],
    )
    def post(self, request: Any, code: str) -> Response:
        return self.perform(request, code)

    def run(self, participant: Participant, values: dict[str, Any], **how: Any) -> Participant:
        if not values.get("group"):
            raise CrfInvalid([Problem("group", "required", _("One of: %s.") % ", ".join(Group.values))])
        keeps = values["group"] == participant.group
        return actions.assign_group(
            participant=participant,
            index_date=participant.index_date if keeps else None,
            matched_case=participant.matched_case if keeps else None,
            **values,
            **how,
        )


class Match(ActView):
    """Give a control its matched case and, with it, the index date."""

    permissions = {"POST": Permission.REGISTER_PARTICIPANTS}
    names = ("matched_case", "index_date")

    @extend_schema(
        operation_id="participants_match",
        request=MatchSerializer,
        responses=ParticipantSerializer,
        tags=["participants"],
    )
    def post(self, request: Any, code: str) -> Response:
        return self.perform(request, code)

    def run(self, participant: Participant, values: dict[str, Any], **how: Any) -> Participant:
        case = None
        if values.get("matched_case") is not None:
            mine = selectors.participants(self.request.user)
            case = ParticipantView.named(mine, values["matched_case"])
            if case is None:
                raise CrfInvalid(
                    [
                        Problem(
                            "matched_case",
                            "not_found",
                            _("There is no participant with this code that you may see."),
                        )
                    ]
                )
        return actions.match(
            participant=participant, matched_case=case, index_date=values.get("index_date"), **how
        )


class TreatedLater(ActView):
    """A control is treated: censored as a control on that day, a case from then."""

    permissions = {"POST": Permission.REGISTER_PARTICIPANTS}
    names = ("treated_on",)

    @extend_schema(
        operation_id="participants_treated_later",
        request=TreatedLaterSerializer,
        responses=ParticipantSerializer,
        tags=["participants"],
    )
    def post(self, request: Any, code: str) -> Response:
        return self.perform(request, code)

    def run(self, participant: Participant, values: dict[str, Any], **how: Any) -> Participant:
        return actions.cross_over(participant=participant, treated_on=values.get("treated_on"), **how)


api_urls = [
    path("participants/<str:code>/enrolment/", Enrolment.as_view(), name="participant-enrolment"),
    path("participants/<str:code>/groups/", Groups.as_view(), name="participant-groups"),
    path("participants/<str:code>/match/", Match.as_view(), name="participant-match"),
    path("participants/<str:code>/treated-later/", TreatedLater.as_view(), name="participant-treated-later"),
]
