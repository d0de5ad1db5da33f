"""`/api/v1/adverse-events/`: an adverse event with everything that belongs to it, the first notice of one, and its links.

The form itself is at `/api/v1/forms/adverse-event/`, follow-ups at `/api/v1/forms/adverse-event-follow-up/`.
"""

from __future__ import annotations

from typing import Any

from django.db.models import Q
from django.urls import path
from django.utils.translation import gettext as _
from django_filters import rest_framework as filters
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import generics, serializers
from rest_framework.response import Response
from rest_framework.views import APIView

from apps.celldose.models import CellProduct, CellSession
from apps.enrolment.selectors import participant_or_404
from apps.safety.actions import events as actions
from apps.safety.crfs import ADVERSE_EVENT, DKA_EPISODE, FOLLOW_UP, HYPOGLYCAEMIA_EPISODE
from apps.safety.models import AdverseEvent, Dictionary, Grade, ReportKind, Term
from apps.safety.rules import ENDED_OUTCOMES, Suggested, is_suspected, is_unexpected_reaction
from apps.safety.selectors.events import EventFile, event_or_404, with_files
from apps.safety.suggestions import suggestion_for
from studyportal.access.permissions import Permission
from studyportal.api.concurrency import etag_of, version_seen
from studyportal.api.filters import SinceFilter
from studyportal.audit.looks import log_look
from studyportal.audit.serializers import ReasonField
from studyportal.crf import display
from studyportal.crf.actions import values_of
from studyportal.crf.api import CrfView, payload
from studyportal.crf.errors import CrfInvalid
from studyportal.crf.outcomes import Problem
from studyportal.crf.partial_date import PartialDate, PartialDateError
from studyportal.crf.refusals import as_problems
from studyportal.crf.serializers import serializer_of
from studyportal.words import translated

READ, WRITE = Permission.VIEW_SAFETY, Permission.ENTER_DATA
LINKED = ("visit", "session", "product")


class ReportOfEventSerializer(serializers.Serializer):
    """A report that was sent; its content is at the reports."""

    id = serializers.IntegerField()
    number = serializers.IntegerField()
    kind = serializers.ChoiceField(choices=ReportKind.choices)
    recipient = serializers.CharField()
    sent_at = serializers.DateTimeField()
    late = serializers.BooleanField(allow_null=True)


class AdverseEventSerializer(serializer_of(ADVERSE_EVENT.key)):  # type: ignore[misc]
    """An adverse event: the fields of its form, and what belongs to it."""

    is_open = serializers.BooleanField(read_only=True, help_text="It goes on, or its outcome is not known.")
    suspected = serializers.BooleanField(
        read_only=True, allow_null=True, help_text="To come from harvest or product; null: not assessed."
    )
    suspected_unexpected_serious = serializers.BooleanField(read_only=True)
    session_number = serializers.IntegerField(read_only=True, allow_null=True)
    product_identifier = serializers.CharField(read_only=True, allow_null=True)
    follow_ups = serializer_of(FOLLOW_UP.key)(many=True, read_only=True)
    ketoacidosis = serializer_of(DKA_EPISODE.key)(read_only=True, allow_null=True)
    hypoglycaemia = serializer_of(HYPOGLYCAEMIA_EPISODE.key)(read_only=True, allow_null=True)
    reports = ReportOfEventSerializer(many=True, read_only=True)


class NoticeSerializer(serializers.Serializer):
    """The first notice of an event: what the clocks need. Onset, awareness, seriousness and words, or why not known."""

    participant = serializers.CharField(help_text="Participant code.")
    visit = serializers.IntegerField(required=False, allow_null=True)
    session = serializers.IntegerField(required=False, allow_null=True)
    product = serializers.IntegerField(required=False, allow_null=True)
    verbatim = serializers.CharField(max_length=200)
    term = serializers.ChoiceField(choices=Term.choices, required=False, allow_null=True)
    onset_on = serializers.CharField(help_text="As far as known: 2026-11-03, 2026-11 or 2026.")
    onset_at = serializers.DateTimeField(required=False, allow_null=True)
    aware_at = serializers.DateTimeField()
    serious = serializers.BooleanField()
    serious_criteria = serializers.ListField(child=serializers.CharField(), required=False)
    reporter = serializers.CharField(required=False, allow_blank=True, max_length=80)
    note = serializers.CharField(required=False, allow_blank=True)
    absent = serializers.DictField(child=serializers.CharField(), required=False)


class LinkSerializer(serializers.Serializer):
    """What the event may come from; null for nothing."""

    session = serializers.IntegerField(allow_null=True)
    product = serializers.IntegerField(allow_null=True)
    reason = ReasonField(help_text="Why the link changes.", required=True)


class SuggestionSerializer(serializers.Serializer):
    """The grade that the results near the onset suggest. grade 0: within the limits of normal; null: none can be had."""

    grade = serializers.IntegerField(allow_null=True)
    basis = serializers.CharField(help_text="What it rests on, or why there is none.")
    dictionary = serializers.ChoiceField(choices=Dictionary.choices)


class EventFilters(filters.FilterSet):
    participant = filters.CharFilter(field_name="participant__code")
    site = filters.CharFilter(field_name="site__code")
    session = filters.NumberFilter(method="of_session", min_value=0, max_value=2**62)
    product = filters.NumberFilter(field_name="product_id", min_value=0, max_value=2**62)
    serious = filters.BooleanFilter()
    open = filters.BooleanFilter(method="by_end")
    special_interest = filters.BooleanFilter()
    term = filters.ChoiceFilter(choices=Term.choices)
    grade_from = filters.ChoiceFilter(field_name="grade", lookup_expr="gte", choices=Grade.choices)
    updated_since = SinceFilter("updated_at")

    class Meta:
        model = AdverseEvent
        fields: list[str] = []

    def of_session(self, queryset: Any, name: str, value: Any) -> Any:
        return queryset.filter(Q(session_id=value) | Q(product__harvest__session_id=value))

    def by_end(self, queryset: Any, name: str, value: bool) -> Any:
        ended = Q(outcome__in=ENDED_OUTCOMES)
        return queryset.exclude(ended) if value else queryset.filter(ended)


def event_json(file: EventFile) -> dict[str, Any]:
    event, code = file.event, file.participant.code
    values = values_of(ADVERSE_EVENT, event)
    return display.as_json(ADVERSE_EVENT, event, code) | {
        "is_open": file.is_open,
        "suspected": is_suspected(values),
        "suspected_unexpected_serious": is_unexpected_reaction(values),
        "session_number": file.session.number if file.session else None,
        "product_identifier": file.product.product_identifier if file.product else None,
        "follow_ups": [display.as_json(FOLLOW_UP, one, code) for one in file.follow_ups],
        "ketoacidosis": display.as_json(DKA_EPISODE, file.dka, code) if file.dka else None,
        "hypoglycaemia": display.as_json(HYPOGLYCAEMIA_EPISODE, file.hypoglycaemia, code)
        if file.hypoglycaemia
        else None,
        "reports": [
            {
                "id": report.pk,
                "number": report.number,
                "kind": report.kind,
                "recipient": report.recipient,
                "sent_at": report.sent_at,
                "late": report.late,
            }
            for report in file.reports
        ],
    }


def answered(event: AdverseEvent, status: int = 200) -> Response:
    return Response(event_json(EventFile.of(event)), status=status, headers={"ETag": etag_of(event.version)})


class Events(CrfView):
    """List the adverse events that you may see; record the first notice of one."""

    spec = ADVERSE_EVENT
    serializer_class = AdverseEventSerializer
    filterset_class = EventFilters
    permissions = {"GET": READ, "POST": WRITE}

    def get_queryset(self) -> Any:
        return with_files(AdverseEvent.objects.visible_to(self.request.user, READ)).order_by("id")

    @extend_schema(
        operation_id="adverse_events_list",
        responses=AdverseEventSerializer(many=True),
        tags=["adverse-events"],
    )
    def get(self, request: Any) -> Response:
        page = self.paginate_queryset(self.filter_queryset(self.get_queryset()))
        if not request.user.may(Permission.VIEW_DATA):
            log_look(what="adverse_events", by=request.user, detail=request.GET.dict())
        return self.get_paginated_response([event_json(EventFile.of(one)) for one in page or []])

    @extend_schema(
        operation_id="adverse_events_notice",
        request=NoticeSerializer,
        responses={201: AdverseEventSerializer},
        tags=["adverse-events"],
    )
    def post(self, request: Any) -> Response:
        raw = payload(request)
        with as_problems():
            participant, parents = self.owner_and_parents(raw)
            if participant is None:
                raise CrfInvalid([Problem("participant", "required", _("Say whose event it is."))])
            made = actions.notice(
                participant=participant,
                by=request.user,
                raw={name: value for name, value in raw.items() if name not in ("participant", *LINKED)},
                parents=parents,
            )
        return answered(event_or_404(made.pk, request.user, READ), status=201)


class EventDetail(APIView):
    """One adverse event with its follow-ups, episodes and reports."""

    permission = READ

    @extend_schema(
        operation_id="adverse_events_retrieve", responses=AdverseEventSerializer, tags=["adverse-events"]
    )
    def get(self, request: Any, pk: int) -> Response:
        found = event_or_404(pk, request.user, READ)
        if not request.user.may(Permission.VIEW_DATA, found.site_id):
            log_look(
                what="adverse_event",
                by=request.user,
                site=found.site_id,
                participant_code=found.participant.code,
                detail=str(found.pk),
            )
        return answered(found)


class EventLink(generics.GenericAPIView):
    """Say which session or product the event may come from; names the version that was seen."""

    serializer_class = LinkSerializer
    permission = WRITE

    @extend_schema(
        operation_id="adverse_events_link",
        request=LinkSerializer,
        responses=AdverseEventSerializer,
        tags=["adverse-events"],
    )
    def post(self, request: Any, pk: int) -> Response:
        found = event_or_404(pk, request.user, WRITE)
        raw = payload(request)
        seen = version_seen(request)
        with as_problems():
            problems = [
                Problem(str(name)[:80], "unknown_field", _("Send session, product and reason."))
                for name in raw
                if name not in ("session", "product", "reason")
            ]
            session = self._named(CellSession, "session", raw, problems)
            product = self._named(CellProduct, "product", raw, problems)
            if problems:
                raise CrfInvalid(problems)
            actions.link(
                event=found,
                session=session,
                product=product,
                by=request.user,
                reason=raw.get("reason"),
                expected_version=seen,
            )
        return answered(event_or_404(pk, request.user, WRITE))

    def _named(self, model: Any, name: str, raw: Any, problems: list[Problem]) -> Any:
        """One that the user may enter for; another site's is answered as one that does not exist."""
        identifier = raw.get(name)
        if identifier is None:
            return None
        known = isinstance(identifier, int) and not isinstance(identifier, bool) and 0 < identifier < 2**63
        found = (
            model._default_manager.visible_to(self.request.user, WRITE).filter(pk=identifier).first()
            if known
            else None
        )
        if found is None:
            problems.append(
                Problem(name, "not_found", _("There is none with this identifier that you may enter for."))
            )
        return found


class GradeSuggestion(APIView):
    """The grade that a participant's results near a day suggest for a term, before the event is saved."""

    permission = Permission.VIEW_DATA

    @extend_schema(
        operation_id="adverse_events_grade_suggestion",
        parameters=[
            OpenApiParameter("term", str, required=True, enum=Term.values),
            OpenApiParameter("onset_on", str, required=True, description="As far as known."),
            OpenApiParameter("dictionary", str, enum=Dictionary.values),
        ],
        responses=SuggestionSerializer,
        tags=["adverse-events"],
    )
    def get(self, request: Any, code: str) -> Response:
        participant = participant_or_404(request.user, code, Permission.VIEW_DATA)
        with as_problems():
            term = self._code(request, "term", Term.values)
            version = self._code(request, "dictionary", Dictionary.values, Dictionary.CTCAE_5)
            try:
                onset = PartialDate.parse(request.GET.get("onset_on", ""))
            except PartialDateError as error:
                raise CrfInvalid([Problem("onset_on", error.code, str(error))]) from None
        answer = suggestion_for(participant.pk, term, onset, version)
        graded = isinstance(answer, Suggested)
        return Response(
            {
                "grade": answer.grade if isinstance(answer, Suggested) else None,
                "basis": translated(answer.basis if graded else answer.why),  # type: ignore[union-attr]
                "dictionary": version,
            }
        )

    def _code(self, request: Any, name: str, codes: list[str], otherwise: str = "") -> str:
        value = request.GET.get(name) or otherwise
        if value not in codes:
            raise CrfInvalid([Problem(name, "code", _("Give one of: %s.") % ", ".join(codes))])
        return str(value)


api_urls = [
    path("adverse-events/", Events.as_view(), name="adverse-events"),
    path("adverse-events/<int:pk>/", EventDetail.as_view(), name="adverse-event"),
    path("adverse-events/<int:pk>/link/", EventLink.as_view(), name="adverse-event-link"),
    path(
        "participants/<str:code>/grade-suggestion/",
        GradeSuggestion.as_view(),
        name="participant-grade-suggestion",
    ),
]
