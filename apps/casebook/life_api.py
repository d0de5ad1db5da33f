"""`/api/v1/participants/<code>/life/`: what happened to a participant, in which group, and what is not known."""

from __future__ import annotations

from typing import Any

from django.urls import path
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.response import Response
from rest_framework.views import APIView

from apps.casebook import selectors
from apps.casebook.life_line import LifeLine
from apps.enrolment.models import Group, Participant, ParticipantStatus
from apps.enrolment.rules.participation import KINDS
from apps.enrolment.selectors import participant_or_404
from studyportal.access.clock import today_at
from studyportal.access.permissions import Permission


class LifeEventSerializer(serializers.Serializer):
    kind = serializers.ChoiceField(choices=list(KINDS))
    label = serializers.CharField()  # type: ignore[assignment]
    on = serializers.CharField(allow_null=True, help_text="As far as known: 2016-11-03, 2016-11 or 2016.")
    precision = serializers.CharField(allow_null=True)
    scopes = serializers.ListField(child=serializers.CharField(), help_text="Of a withdrawal.")
    session = serializers.IntegerField(allow_null=True)
    visit = serializers.CharField(allow_null=True, help_text="Of a follow-up visit: its key.")


class GroupSpellSerializer(serializers.Serializer):
    """A time in one group; on the day of `ends` it is over."""

    group = serializers.ChoiceField(choices=Group.choices)
    starts = serializers.CharField(allow_null=True)
    ends = serializers.CharField(allow_null=True)
    ended_by = serializers.CharField(help_text="“treated” for a control who was treated later.")
    index_date = serializers.DateField(allow_null=True)


class LifeSerializer(serializers.Serializer):
    participant = serializers.CharField()
    status = serializers.ChoiceField(choices=ParticipantStatus.choices)
    since = serializers.CharField(allow_null=True)
    events = LifeEventSerializer(many=True)
    groups = GroupSpellSerializer(many=True)
    gaps = serializers.ListField(child=serializers.CharField(), help_text="What is not known, in words.")


class Life(APIView):
    permission = Permission.VIEW_DATA

    @extend_schema(operation_id="participants_life", tags=["participants"], responses=LifeSerializer)
    def get(self, request: Any, code: str) -> Response:
        """The life of one participant in the study, in order."""
        participant = participant_or_404(request.user, code, Permission.VIEW_DATA)
        return Response(as_json(participant, selectors.life_of(participant, today_at(participant.site))))


def as_json(participant: Participant, life: LifeLine) -> dict[str, Any]:
    since: Any = participant.status_since
    return {
        "participant": participant.code,
        "status": participant.status,
        "since": None if since is None else str(since),
        "events": [
            {
                "kind": event.kind,
                "label": life.label_of(event),
                "on": None if event.on is None else str(event.on),
                "precision": None if event.on is None else event.on.precision,
                "scopes": sorted(event.scopes),
                "session": event.number,
                "visit": event.detail if event.kind == "followed" and event.detail != "index date" else None,
            }
            for event in life.events
        ],
        "groups": [
            {
                "group": spell.group,
                "starts": None if spell.starts is None else str(spell.starts),
                "ends": None if spell.ends is None else str(spell.ends),
                "ended_by": spell.ended_by,
                "index_date": spell.index_date,
            }
            for spell in life.spells
        ],
        "gaps": list(life.gaps),
    }


api_urls = [path("participants/<str:code>/life/", Life.as_view(), name="participant-life")]
