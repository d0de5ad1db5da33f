"""Under which version of the protocol a participant takes part: how it came, and the move to an amended one."""

from __future__ import annotations

from typing import Any

from django.urls import path
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.response import Response

from apps.enrolment import actions, selectors
from apps.enrolment.api.participants import ParticipantSerializer
from apps.enrolment.api.participation import ActView
from apps.enrolment.models import Participant, ProtocolAssignment
from studyportal import protocol
from studyportal.access.permissions import Permission
from studyportal.audit.serializers import ReasonField


class MoveSerializer(serializers.Serializer):
    protocol_version = serializers.CharField(help_text="A registered version of the protocol.")
    from_on = serializers.DateField(
        help_text="The day from which it counts: that of the new consent, as a rule."
    )
    reason = ReasonField(help_text="Always asked.")


class ProtocolAssignmentSerializer(serializers.ModelSerializer):
    recorded_by = serializers.CharField(source="recorded_by.username", default=None)

    class Meta:
        model = ProtocolAssignment
        fields = ("id", "protocol_version", "from_on", "reason", "recorded_by", "recorded_at")


class ProtocolAssignments(serializers.Serializer):
    counts = serializers.CharField(help_text="The version that counts today.")
    results = ProtocolAssignmentSerializer(many=True)


class ProtocolVersions(ActView):
    """The assignments of a participant, oldest first, and the version that counts; move to an amended one.

    What counts is the last assignment, or the latest version after it that takes over everyone.
    """

    names = ("protocol_version", "from_on")

    @extend_schema(
        operation_id="participants_protocol_versions", responses=ProtocolAssignments, tags=["participants"]
    )
    def get(self, request: Any, code: str) -> Response:
        participant = selectors.participant_or_404(request.user, code, Permission.VIEW_DATA)
        rows = ProtocolAssignmentSerializer(selectors.assignments_of(participant), many=True).data
        return Response({"counts": protocol.of(participant).version, "results": rows})

    @extend_schema(
        operation_id="participants_move_to_version",
        request=MoveSerializer,
        responses=ParticipantSerializer,
        tags=["participants"],
    )
    def post(self, request: Any, code: str) -> Response:
        return self.perform(request, code)

    def run(self, participant: Participant, values: dict[str, Any], **how: Any) -> Participant:
        return actions.move_to_version(
            participant=participant,
            version=values.get("protocol_version"),
            from_on=values.get("from_on"),
            **how,
        )


api_urls = [
    path(
        "participants/<str:code>/protocol-version/",
        ProtocolVersions.as_view(),
        name="participant-protocol-version",
    )
]
