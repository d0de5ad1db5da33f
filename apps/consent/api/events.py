"""`/api/v1/consent-events/`: read the consent log, add to it. There is no way to change or delete an entry."""

from __future__ import annotations

from typing import Any

from django.http import Http404
from django.urls import path
from django.utils.translation import gettext as _
from django_filters import rest_framework as filters
from drf_spectacular.utils import extend_schema
from rest_framework import generics, serializers
from rest_framework.response import Response

from apps.consent import actions, selectors
from apps.consent.models import ConsentEvent, Kind
from apps.enrolment.models import Participant
from studyportal.access.permissions import Permission
from studyportal.api.filters import SinceFilter
from studyportal.crf.api import payload
from studyportal.crf.errors import CrfInvalid
from studyportal.crf.outcomes import Problem
from studyportal.crf.refusals import as_problems
from studyportal.crf.serializers import AbsentSerializer, described


def _serializer() -> type[serializers.Serializer]:
    members: dict[str, Any] = {
        "id": serializers.IntegerField(read_only=True),
        "participant": serializers.CharField(help_text="Participant code."),
        "site": serializers.CharField(read_only=True),
        "kind": serializers.ChoiceField(choices=Kind.choices),
        **{name: described(field) for name, field in ConsentEvent.fields_entered().items()},
        "corrects": serializers.IntegerField(
            required=False, allow_null=True, help_text="Id of the entry that this one corrects."
        ),
        "absent": AbsentSerializer(required=False),
        "entered_at": serializers.DateTimeField(read_only=True),
        "entered_by": serializers.CharField(read_only=True),
    }
    members["__doc__"] = (
        "One entry of the consent log. Values that are left out are absent; `absent` gives reasons."
    )
    return type("ConsentEventSerializer", (serializers.Serializer,), members)


ConsentEventSerializer = _serializer()


def as_json(event: ConsentEvent) -> dict[str, Any]:
    return {
        "id": event.pk,
        "participant": event.participant.code,
        "site": event.site.code,
        "kind": event.kind,
        **{
            name: field.as_json(getattr(event, name)) for name, field in ConsentEvent.fields_entered().items()
        },
        "corrects": event.corrects_id,
        "absent": event.absent,
        "entered_at": event.entered_at,
        "entered_by": event.entered_by.get_username(),
    }


class ConsentEventFilters(filters.FilterSet):
    participant = filters.CharFilter(field_name="participant__code")
    site = filters.CharFilter(field_name="site__code")
    kind = filters.ChoiceFilter(choices=Kind.choices)
    document_version = filters.CharFilter()
    entered_since = SinceFilter("entered_at")

    class Meta:
        model = ConsentEvent
        fields: list[str] = []


class ConsentEventView(generics.GenericAPIView):
    serializer_class = ConsentEventSerializer
    # Two kinds of people read the log (see selectors.log, which refuses everyone else with 403).
    permissions = {
        "GET": (Permission.RECORD_CONSENT, Permission.VIEW_CONSENT_LOG),
        "POST": Permission.RECORD_CONSENT,
    }

    @property
    def user(self) -> Any:
        return self.request.user

    def get_queryset(self) -> Any:
        if getattr(self, "swagger_fake_view", False):
            return ConsentEvent.objects.none()
        return selectors.log(self.user).select_related("participant", "site", "entered_by").order_by("id")


class ConsentEvents(ConsentEventView):
    """List the consent log; add an entry."""

    filterset_class = ConsentEventFilters

    @extend_schema(
        operation_id="consent_events_list",
        responses=ConsentEventSerializer(many=True),
        tags=["consent-events"],
    )
    def get(self, request: Any) -> Response:
        page = self.paginate_queryset(self.filter_queryset(self.get_queryset()))
        return self.get_paginated_response([as_json(event) for event in page or []])

    @extend_schema(
        operation_id="consent_events_create", responses={201: ConsentEventSerializer}, tags=["consent-events"]
    )
    def post(self, request: Any) -> Response:
        raw = dict(payload(request))
        with as_problems():
            participant, corrects = self._named(raw)
            kind, absent = raw.pop("kind", None), raw.pop("absent", None)
            if not isinstance(kind, str):
                raise CrfInvalid(
                    [Problem("kind", "required", _("Kinds of entry: %s.") % ", ".join(Kind.values))]
                )
            stated = {str(name)[:80]: value for name, value in raw.items()}
            for name in ("by", *("id", "site", "entered_at", "entered_by")):
                if name in stated:
                    raise CrfInvalid(
                        [Problem(name, "read_only", _("This is set by the portal; leave it out."))]
                    )
            event = actions.record_event(
                participant=participant,
                kind=kind,
                by=request.user,
                corrects=corrects,
                absent={} if absent is None else absent,
                **stated,
            )
        return Response(as_json(event), status=201)

    def _named(self, raw: dict[str, Any]) -> tuple[Participant, ConsentEvent | None]:
        """The participant and the corrected entry, each among what the user may record for."""
        code, corrected = raw.pop("participant", None), raw.pop("corrects", None)
        visible = Participant.objects.visible_to(self.user, Permission.RECORD_CONSENT).select_related("site")
        readable = isinstance(code, str) and code.isascii() and "\x00" not in code
        participant = visible.filter(code=code).first() if readable else None
        if participant is None:
            raise CrfInvalid(
                [
                    Problem(
                        "participant",
                        "not_found",
                        _("Give the code of a participant whose consent you may record."),
                    )
                ]
            )
        if corrected is None:
            return participant, None
        event = None
        if isinstance(corrected, int) and not isinstance(corrected, bool) and 0 < corrected < 2**63:
            event = ConsentEvent.objects.filter(participant=participant, pk=corrected).first()
        if event is None:
            raise CrfInvalid(
                [Problem("corrects", "not_found", _("This participant has no entry with this id."))]
            )
        return participant, event


class ConsentEventDetail(ConsentEventView):
    """Read one entry."""

    permissions = {"GET": (Permission.RECORD_CONSENT, Permission.VIEW_CONSENT_LOG)}

    @extend_schema(operation_id="consent_events_retrieve", tags=["consent-events"])
    def get(self, request: Any, pk: int) -> Response:
        event = self.get_queryset().filter(pk=pk).first() if pk < 2**63 else None
        if event is None:
            raise Http404(_("There is no entry with this id among those that you may read."))
        return Response(as_json(event))


api_urls = [
    path("consent-events/", ConsentEvents.as_view(), name="consent-events"),
    path("consent-events/<int:pk>/", ConsentEventDetail.as_view(), name="consent-event-detail"),
]
