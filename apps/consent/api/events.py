"""`/api/v1/consent-events/`: read the consent log, add to it. There is no way to change or delete an entry."""

from __future__ import annotations

from typing import Any

from django.http import Http404, HttpResponse
from django.urls import path
from django.utils.translation import gettext as _
from django_filters import rest_framework as filters
from drf_spectacular.utils import extend_schema
from rest_framework import generics
from rest_framework.parsers import MultiPartParser
from rest_framework.response import Response

from apps.consent import actions, selectors
from apps.consent.api import payloads
from apps.consent.api.shapes import ConsentEventFormSerializer, ConsentEventSerializer, as_json
from apps.consent.models import ConsentEvent, Kind
from studyportal.access.declare import get_visible_or_404
from studyportal.access.permissions import Permission
from studyportal.api.filters import SinceFilter
from studyportal.api.middleware import takes_files
from studyportal.api.parsers import StrictJSONParser
from studyportal.api.problems import ProblemError
from studyportal.crf.refusals import as_problems
from studyportal.files.serving import as_attachment
from studyportal.identity import papers
from studyportal.identity.errors import CannotBeOpened


class ConsentEventFilters(filters.FilterSet):
    participant = filters.CharFilter(field_name="participant__code")
    site = filters.CharFilter(field_name="site__code")
    kind = filters.ChoiceFilter(choices=Kind.choices)
    document_version = filters.CharFilter()
    corrects = filters.NumberFilter(field_name="corrects_id", max_value=2**62, min_value=0)
    concerns = filters.NumberFilter(field_name="concerns_id", max_value=2**62, min_value=0)
    entered_since = SinceFilter("entered_at")

    class Meta:
        model = ConsentEvent
        fields: list[str] = []


class ConsentEventView(generics.GenericAPIView):
    serializer_class = ConsentEventSerializer
    # Two kinds of people read the log (see selectors.log, which refuses everyone else with 403).
    permissions: Any = {
        "GET": (Permission.RECORD_CONSENT, Permission.VIEW_CONSENT_LOG),
        "POST": Permission.RECORD_CONSENT,
    }

    @property
    def user(self) -> Any:
        return self.request.user

    def get_queryset(self) -> Any:
        if getattr(self, "swagger_fake_view", False):
            return ConsentEvent.objects.none()
        return selectors.with_names(selectors.log(self.user)).order_by("id")


class ConsentEvents(ConsentEventView):
    """List the consent log; add an entry, as JSON or, with a large sheet, as `multipart/form-data`.

    A rule that was broken (a superseded document, an obtainer without delegation, a witness who is study staff) is
    refused, unless `as_it_happened` says why it is recorded nevertheless. What the log says already is refused with 409.
    """

    filterset_class = ConsentEventFilters
    parser_classes = (StrictJSONParser, MultiPartParser)

    @extend_schema(
        operation_id="consent_events_list",
        responses=ConsentEventSerializer(many=True),
        tags=["consent-events"],
    )
    def get(self, request: Any) -> Response:
        page = self.paginate_queryset(self.filter_queryset(self.get_queryset()))
        return self.get_paginated_response([as_json(event) for event in page or []])

    @extend_schema(
        operation_id="consent_events_create",
        request={
            "application/json": ConsentEventSerializer,
            "multipart/form-data": ConsentEventFormSerializer,
        },
        responses={201: ConsentEventSerializer},
        tags=["consent-events"],
    )
    def post(self, request: Any) -> Response:
        with as_problems():
            event = actions.record_event(by=request.user, **payloads.read(request))
        return Response(as_json(event), status=201)


class ConsentEventDetail(ConsentEventView):
    """Read one entry."""

    permissions = {"GET": (Permission.RECORD_CONSENT, Permission.VIEW_CONSENT_LOG)}

    @extend_schema(operation_id="consent_events_retrieve", tags=["consent-events"])
    def get(self, request: Any, pk: int) -> Response:
        event = self.get_queryset().filter(pk=pk).first() if pk < 2**63 else None
        if event is None:
            raise Http404(_("There is no entry with this id among those that you may read."))
        return Response(as_json(event))


class ConsentEventPaper(ConsentEventView):
    """The signed sheet of an entry, as it was brought: for those who may know who the participant is. The look is kept."""

    permissions = {"GET": Permission.VIEW_IDENTITY}

    @extend_schema(
        operation_id="consent_events_paper",
        responses={(200, "application/octet-stream"): bytes},
        tags=["consent-events"],
    )
    def get(self, request: Any, pk: int) -> HttpResponse:
        event = get_visible_or_404(ConsentEvent.objects.all(), request.user, Permission.VIEW_IDENTITY, pk=pk)
        if event.paper_id is None:
            raise Http404(_("No signed sheet is kept with this entry."))
        try:
            paper = papers.opened_paper(
                event.paper_id, by=request.user, purpose=f"sheet of entry {event.pk} of the consent log"
            )
        except CannotBeOpened as error:
            raise ProblemError(409, "cannot_be_opened", error.message) from None
        return as_attachment(paper)


api_urls = [
    path("consent-events/", takes_files(ConsentEvents.as_view()), name="consent-events"),
    path("consent-events/<int:pk>/", ConsentEventDetail.as_view(), name="consent-event-detail"),
    path("consent-events/<int:pk>/paper/", ConsentEventPaper.as_view(), name="consent-event-paper"),
]
